create view rides.under_way as
    select id, rider, bike, started, from_station from rides.rides where ended is null;
comment on view rides.under_way is 'nobody has brought these back yet';
