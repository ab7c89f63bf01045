create table rides.legs (ride bigint, leg smallint, metres integer, primary key (ride, leg), foreign key (ride) references rides.rides on delete cascade);
create table rides.stops (
    ride bigint, leg smallint, stop smallint,
    after_ride bigint, after_leg smallint,
    primary key (ride, leg, stop),
    constraint stops_leg_fkey foreign key (ride, leg) references rides.legs match full on delete cascade on update cascade,
    constraint stops_after_fkey foreign key (after_ride, after_leg) references rides.legs (ride, leg)
        on delete set default deferrable initially deferred not valid
);
alter table rides.legs add constraint legs_positive check (metres >= 0) not valid, add constraint legs_metres_key unique (ride, metres) include (leg) with (fillfactor = 60);
alter table rides.stops alter constraint stops_leg_fkey deferrable;
