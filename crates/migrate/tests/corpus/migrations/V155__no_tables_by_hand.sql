create function audit.on_ddl() returns event_trigger language plpgsql as $$
begin
    if current_setting('app.by_hand', true) = 'yes' then
        raise exception 'tables are changed by migrations; %', tg_tag using hint = 'write one';
    end if;
end $$;
create event trigger by_hand on ddl_command_end when tag in ('CREATE TABLE', 'ALTER TABLE')
    execute function audit.on_ddl();
