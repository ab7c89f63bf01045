//! What is in a snapshot, and what never is.

use std::collections::BTreeSet;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Aspect, Scope, Snapshot};
use pgkeel_testkit::TestDatabase;

use super::{all, everything, snapshot};
use crate::migrator;

/// Of what [`everything`] has none, as it would outlast the test or needs a newer server.
const BESIDES: &str = "
    create conversion shop.more for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
    create transform for int language sql (from sql with function prsd_lextype(internal), to sql with function int4recv(internal));
    create language more handler plpgsql_call_handler;
    create text search template shop.more (lexize = dsimple_lexize);
    create text search parser shop.more (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
    create subscription more connection 'dbname=x password=hidden-four' publication p with (connect = false, slot_name = none)";

/// All there are.
pub(crate) const KINDS: [&str; 44] = [
    "access method",
    "aggregate",
    "attribute",
    "cast",
    "collation",
    "column",
    "composite type",
    "constraint",
    "conversion",
    "default privileges",
    "domain",
    "enum",
    "event trigger",
    "extension",
    "foreign table",
    "foreign-data wrapper",
    "function",
    "index",
    "language",
    "materialized view",
    "operator",
    "operator class",
    "operator family",
    "policy",
    "procedure",
    "publication",
    "publication table",
    "range",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "table",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
    "trigger",
    "type",
    "user mapping",
    "view",
];

#[tokio::test]
async fn every_kind_of_object_is_seen_and_nothing_twice() {
    let (_database, connection) = everything().await;
    connection.batch_execute(&format!("begin; {BESIDES}")).await.unwrap();
    let seen = snapshot(&connection).await;
    let kinds: BTreeSet<&str> = seen.objects().map(pgkeel_migrate::Object::kind).collect();
    assert_eq!(kinds, BTreeSet::from(KINDS));
    for object in seen.objects() {
        let pattern =
            format!("{} {}", object.kind(), object.name()).parse::<pgkeel_migrate::Pattern>().unwrap();
        assert!(pattern.matches(object), "{object}");
    }
}

#[tokio::test]
async fn no_secret_of_a_foreign_server_or_a_subscription_is_in_it() {
    let (_database, connection) = everything().await;
    connection.batch_execute(&format!("begin; {BESIDES}")).await.unwrap();
    let text = snapshot(&connection).await.to_text();
    assert!(text.contains("option password\t(not shown)") && text.contains("option host\tfar"));
    assert!(!text.contains("hidden-"), "{text}");
}

#[tokio::test]
async fn no_number_of_an_object_is_in_it() {
    let (_database, connection) = everything().await;
    // So that no number is one that stands in a definition for another reason.
    let catalogs = "select oid from pg_class where oid >= 16384 union select oid from pg_type where oid >= 16384
        union select oid from pg_proc where oid >= 16384 union select oid from pg_constraint where oid >= 16384
        union select oid from pg_namespace where oid >= 16384";
    let rows = connection.query(catalogs, &[]).await.unwrap();
    let numbers: BTreeSet<String> = rows.iter().map(|row| row.get::<_, u32>(0).to_string()).collect();
    assert!(numbers.len() > 50);
    let text = snapshot(&connection).await.to_text();
    let words: BTreeSet<&str> = text.split(|letter: char| !letter.is_ascii_digit()).collect();
    let told: Vec<&String> = numbers.iter().filter(|number| words.contains(number.as_str())).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn long_definitions_are_not_cut_off() {
    let (_database, connection) = everything().await;
    let long = "x".repeat(200);
    let sql = format!(
        "begin; create table shop.long (a text default '{long}' check (a <> '{long}')); create index on shop.long ((a || '{long}'));
         create view shop.long_view as select '{long}' as a; create policy p on shop.long using (a = '{long}');
         create function shop.long() returns text language sql as $$ select '{long}' $$; create domain shop.long_domain as text default '{long}';
         create rule r as on update to shop.long where old.a = '{long}' do instead nothing; comment on table shop.long is '{long}';
         create trigger t before update on shop.long for each row when (old.a = '{long}') execute function shop.touch();
         create type shop.long_enum as enum ('a', '{}')",
        &long[..63]
    );
    let before = snapshot(&connection).await;
    connection.batch_execute(&sql).await.unwrap();
    let after = snapshot(&connection).await;
    let counted = |snapshot: &Snapshot| snapshot.to_text().matches(&long).count();
    assert_eq!(counted(&after) - counted(&before), 10);
}

#[tokio::test]
async fn the_history_of_migrations_is_left_out() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let before = snapshot(&connection).await;
    migrator(&database, &[("V1__a.sql", "select 1;")]).up().await.unwrap();
    assert_eq!(snapshot(&connection).await.fingerprint(), before.fingerprint());
}

#[tokio::test]
async fn a_scope_leaves_out_what_it_does_not_want() {
    let (_database, connection) = everything().await;
    let take = async |scope: Scope| Snapshot::take(&connection, &scope).await.unwrap();
    let whole = take(all()).await.to_text();
    let cases = [
        (Aspect::Owners, "\towner\t"),
        (Aspect::Privileges, "\tprivileges of "),
        (Aspect::Comments, "\tcomment\t"),
        (Aspect::ColumnOrder, "\tcolumn order\t"),
        (Aspect::Population, "\tpopulated\t"),
    ];
    for (aspect, mark) in cases {
        let without = take(all().without(aspect)).await.to_text();
        assert!(whole.contains(mark) && !without.contains(mark), "{aspect}");
    }
    let sql =
        "comment on column shop.paid.id is 'x'; grant usage on sequence shop.customers_id_seq to public";
    connection.batch_execute(sql).await.unwrap();
    let (with, without) = (take(all()).await, take(Scope::bare()).await);
    let told = |snapshot: &Snapshot| {
        let objects: Vec<String> = snapshot.objects().map(ToString::to_string).collect();
        ["column id of shop.paid", "sequence shop.customers_id_seq", "schema shop"]
            .map(|name| objects.contains(&name.to_owned()))
    };
    assert_eq!((told(&with), told(&without)), ([true, true, true], [false, false, true]));
    let ignored =
        take(all().ignoring("table shop.customers".parse().unwrap()).ignoring("view x".parse().unwrap()))
            .await;
    assert!(!ignored.objects().any(|object| object.of() == Some("shop.customers")));
    assert_eq!(ignored.unused_patterns(), ["view x".parse().unwrap()]);
}

#[tokio::test]
async fn schemas_can_be_chosen() {
    let (_database, connection) = everything().await;
    connection
        .batch_execute("begin; create schema \"other one\"; create table \"other one\".t (id int)")
        .await
        .unwrap();
    let take =
        async |connection: &Connection, scope: Scope| Snapshot::take(connection, &scope).await.unwrap();
    let other = take(&connection, all().in_schema("other one")).await;
    let told: Vec<String> = other.objects().map(ToString::to_string).collect();
    assert_eq!(told, ["column id of \"other one\".t", "schema \"other one\"", "table \"other one\".t"]);
    let both = take(&connection, all().in_schema("other one").in_schema("shop")).await;
    assert!(both.len() > 50 && both.objects().all(|object| object.kind() != "extension"));
}
