create schema audit;
create table audit.changes (
    at timestamptz not null default clock_timestamp(),
    who name not null default session_user,
    relation regclass not null,
    operation "char" not null,
    before jsonb,
    after jsonb
);
create function audit.note() returns trigger language plpgsql as $$
begin
    insert into audit.changes (relation, operation, before, after)
    values (tg_relid, left(tg_op, 1)::"char",
            case when tg_op <> 'INSERT' then to_jsonb(old) end,
            case when tg_op <> 'DELETE' then to_jsonb(new) end);
    return null;
end $$;
create trigger tariffs_note after insert or update or delete on billing.tariffs
    for each row execute function audit.note();
