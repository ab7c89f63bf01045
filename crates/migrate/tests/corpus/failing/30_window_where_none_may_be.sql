select '🚲🚲' from things where row_number() over () = 1;
