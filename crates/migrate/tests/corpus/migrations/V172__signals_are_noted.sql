create function telemetry.alive() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger signals_alive after insert on telemetry.signals for each row execute function telemetry.alive();
create trigger signals_all after insert on telemetry.signals
    referencing new table as fresh for each statement execute function telemetry.alive();
create constraint trigger readings_late after update of value on telemetry.readings_0
    deferrable initially deferred for each row when (new.value is null) execute function telemetry.alive();
