//! What is said of a tenant's schema does not depend on what the tenant is called.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Gate, Migrations, Readiness};
use pgkeel_testkit::TestDatabase;

use super::{execute, tenant};
use crate::recording as migrator;

/// One of each kind of object whose definition names others of the schema.
const ALL: &str = "
    create type mood as enum ('good', 'bad'); create type pair as (a int, b mood); create type span as range (subtype = int4);
    create domain positive as int default 1 check (value > 0);
    create sequence numbers;
    create function next_number() returns bigint language sql as 'select nextval(''numbers'')';
    create table customers (id serial primary key, mood mood default 'good', number bigint default nextval('numbers'),
        size positive, both_of pair, during span);
    create table orders (id int generated always as identity primary key, customer int references customers (id),
        total int check (total > 0), doubled int generated always as (total * 2) stored);
    alter sequence numbers owned by customers.number;
    create function is_large(orders) returns boolean language sql immutable as 'select $1.total > 100';
    create function atomic() returns bigint language sql begin atomic select count(*) from orders; end;
    create function all_orders() returns setof orders language sql as 'select * from orders';
    create aggregate most (int) (sfunc = int4larger, stype = int);
    create index orders_large on orders (total) where total > 100;
    create unique index orders_expression on orders (abs(total), customer);
    create statistics orders_both (dependencies) on customer, total from orders;
    create view large as select o.*, c.mood from orders o join customers c on c.id = o.customer where is_large(o);
    create materialized view counted as select customer, count(*) from orders group by 1; create index on counted (customer);
    create function noted() returns trigger language plpgsql as 'begin return new; end';
    create trigger noted after update on orders referencing new table as changed for each statement execute function noted();
    create constraint trigger late after insert on orders deferrable for each row execute function noted();
    create rule never as on delete to customers do instead update orders set total = 1;
    alter table orders enable row level security;
    create policy own on orders using (exists (select from customers c where c.id = customer));
    create table events (at int, what text) partition by range (at); create table events_1 partition of events for values from (0) to (9);
    create index on events (what); create table special (extra int) inherits (orders);
    create table of_type of pair; comment on table orders is 'all orders';
    create function same(mood, mood) returns boolean language sql immutable as 'select $1 = $2';
    create operator === (leftarg = mood, rightarg = mood, function = same, commutator = ===);
    alter default privileges in schema SCHEMA grant select on tables to public;
";

#[tokio::test]
async fn the_fingerprint_is_the_same_for_every_name() {
    let database = TestDatabase::empty().await;
    // One is a word in the definitions, one has to be quoted, one is a part of other names.
    let names = ["acme", "o", "Weird \"One\" 'a' $$", "orders", "c", "tenant_with_a_long_name"];
    let mut found = Vec::new();
    for name in names {
        let tenant = tenant(name);
        let sql = ALL.replace("SCHEMA", &tenant.schema().to_string());
        migrator(&database, &[("V1__all.sql", sql.as_str())])
            .in_schema(&tenant)
            .accepting_destructive()
            .up()
            .await
            .unwrap();
        let table = format!("{}.pgkeel_schema_snapshot", tenant.schema());
        let read = format!("select fingerprint, snapshot from {table}");
        let row = database.connection().await.query_one(&read, &[]).await.unwrap();
        found.push((row.get::<_, String>(0), row.get::<_, String>(1)));
    }
    let (fingerprint, snapshot) = &found[0];
    assert!(snapshot.contains("table\t$tenant.orders\t") && !snapshot.contains("acme"), "{snapshot}");
    assert!(!snapshot.contains("pgkeel_"), "{snapshot}");
    for ((other, text), name) in found.iter().zip(names) {
        let differs: Vec<_> =
            text.lines().zip(snapshot.lines()).filter(|(one, other)| one != other).collect();
        assert_eq!(other, fingerprint, "{name}: {differs:?}");
    }
}

#[tokio::test]
async fn a_change_in_one_tenant_is_seen_there_and_nowhere_else() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "create table a (id int);")];
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    for tenant in [&acme, &beta] {
        migrator(&database, &files).in_schema(tenant).up().await.unwrap();
    }
    // Somebody's functions in the schema are not taken for the server's.
    execute(
        &database,
        "create function acme.quote_ident(name) returns text language plpgsql as 'begin raise exception ''taken''; end';
         create table public.a (id int)",
    )
    .await;
    let gate = Gate::new(database.config(), Migrations::from_static(&files).unwrap());
    let drifted = gate.clone().in_schema(&acme).check().await.unwrap();
    assert!(matches!(drifted, Readiness::Drifted { .. }), "{drifted}");
    assert!(gate.clone().in_schema(&beta).check().await.unwrap().is_ready());
    // The schema itself is its maker's, who lets others in.
    execute(&database, "grant usage on schema beta to public; comment on schema beta is 'b'").await;
    assert!(gate.in_schema(&beta).check().await.unwrap().is_ready());
}
