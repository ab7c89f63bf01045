-- Who changed what. Only changes and deletions are written down: a row that was inserted is its own record.

create table audit_log (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    actor      text not null,
    table_name text not null,
    row_id     bigint not null,
    action     text not null check (action in ('update', 'delete')),
    before     jsonb not null
);

comment on table audit_log is 'One row a change of a customer, an order or a payment. Written by triggers, never by programs.';
comment on column audit_log.actor is 'The setting app.actor if the program made it, else the database user.';
comment on column audit_log.before is 'The columns that changed, with their values before; of a deletion, all.';

create index audit_log_row_idx on audit_log (table_name, row_id, at desc);

-- Rows come in the order of time, so a BRIN index is enough to clear out old ones.
create index audit_log_at_idx on audit_log using brin (at);

create function audit_row() returns trigger
    language plpgsql
    -- Whoever changes a row has to be able to write the log without being able to write to the log.
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    was     jsonb := to_jsonb(old);
    changed jsonb := was;
begin
    if tg_op = 'UPDATE' then
        select jsonb_object_agg(key, value) into changed
        from jsonb_each(was) where value is distinct from to_jsonb(new) -> key;
        if changed is null then
            return null;
        end if;
    end if;
    insert into public.audit_log (actor, table_name, row_id, action, before)
    values (
        coalesce(nullif(current_setting('app.actor', true), ''), session_user),
        tg_table_name, (was ->> 'id')::bigint, lower(tg_op), changed
    );
    return null;
end
$$;

comment on function audit_row() is 'Writes a change of a row with a column id into audit_log.';

create trigger customers_audit after update or delete on customers for each row execute function audit_row();
create trigger orders_audit after update or delete on orders for each row execute function audit_row();
create trigger payments_audit after update or delete on payments for each row execute function audit_row();
