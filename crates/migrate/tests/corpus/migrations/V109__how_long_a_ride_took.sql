create function rides.length_of(rides.rides) returns interval
    language sql stable strict parallel safe
    as 'select $1.ended - $1.started';
