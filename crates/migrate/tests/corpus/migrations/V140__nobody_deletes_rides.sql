create rule rides_stay as on delete to rides.rides
    where old.ended is null
    do instead (select 'a ride under way stays'; select 'so does its bike');
