drop transform for integer language sql;
