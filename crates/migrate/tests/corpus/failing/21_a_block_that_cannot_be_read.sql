create function left_over() returns int language plpgsql as $日$
begin
    retrun 1;
end
$日$;
