-- pgkeel: precheck="select count(*) >= 2 from partners.towns" requires=V150,V151
update rides.rides set town = 'ULM' where id % 50 = 0;
