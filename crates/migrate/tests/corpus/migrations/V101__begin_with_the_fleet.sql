-- Where the town's hire bikes are kept, and nothing else yet.
create schema fleet;
comment on schema fleet is 'bikes, stations, and what stands between them';
