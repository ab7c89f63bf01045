do $ü$
begin
    perform 'ü';
    perform 1 / 0;
end
$ü$;
