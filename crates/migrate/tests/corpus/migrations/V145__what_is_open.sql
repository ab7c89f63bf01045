create function report.open_things() returns table (what text, how_many bigint)
    language sql stable rows 3 cost 500
as $body$
    select 'bills', count(*) from billing.bills where paid_on is null
    union all select 'complaints', count(*) from support.complaints where closed is null
    union all select 'repairs; open', count(*) from workshop.repairs where upper_inf(during)
$body$;
