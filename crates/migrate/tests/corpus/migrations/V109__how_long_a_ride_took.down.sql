drop function rides.length_of(rides.rides);
