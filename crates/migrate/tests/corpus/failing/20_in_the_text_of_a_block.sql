do $$
begin
    perform größe from things;
end
$$;
