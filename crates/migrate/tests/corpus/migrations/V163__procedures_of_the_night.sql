create trusted language night handler plpgsql_call_handler inline plpgsql_inline_handler validator plpgsql_validator;
comment on language night is 'what runs when nobody rides';
create procedure report.tidy(inout moved bigint, older_than interval default interval '2 years') language night as $$
begin
    insert into rides.archive select * from rides.rides as r where r.ended < now() - older_than
        on conflict do nothing;
    get diagnostics moved = row_count;
end $$;
