create function left_over() returns text language sql as $$ select größe from things $$;
