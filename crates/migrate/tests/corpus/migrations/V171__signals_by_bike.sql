create table telemetry.readings (bike bigint, sensor text, value float4, primary key (bike, sensor))
    partition by hash (bike);
create table telemetry.readings_0 partition of telemetry.readings for values with (modulus 3, remainder 0);
create table telemetry.readings_1 partition of telemetry.readings for values with (modulus 3, remainder 1);
create table telemetry.readings_2 partition of telemetry.readings for values with (modulus 3, remainder 2)
    partition by list (sensor);
create table telemetry.readings_2_heat partition of telemetry.readings_2 for values in ('heat', null);
create table telemetry.readings_2_other partition of telemetry.readings_2 default;
