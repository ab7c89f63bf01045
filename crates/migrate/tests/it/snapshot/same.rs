//! What does not change a fingerprint.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Aspect, Differences, Snapshot};
use pgkeel_testkit::{Random, TestDatabase, scaled};

use super::shuffled::run_shuffled;
use super::{all, everything, snapshot};
use crate::progress::Progress;

#[tokio::test]
async fn a_schema_made_in_another_order_is_the_same() {
    let (_database, connection) = everything().await;
    let expected = snapshot(&connection).await;
    let (mut random, orders) = (Random::seeded(), scaled(3, 50));
    let mut progress = Progress::of(orders, "orders");
    for _ in 0..orders {
        let other = TestDatabase::empty().await;
        let connection = other.connection().await;
        // Other numbers, and gaps where columns were.
        connection
            .batch_execute("create table x (a int, b int); alter table x drop a; drop table x")
            .await
            .unwrap();
        run_shuffled(&connection, &mut random).await;
        let found = snapshot(&connection).await;
        let differences = Differences::between(&expected, &found);
        assert!(differences.is_empty(), "{differences}");
        assert_eq!(found.fingerprint(), expected.fingerprint());
        assert_eq!(found.to_text(), expected.to_text());
        progress.add(1);
    }
    println!("check 8: a schema made in {orders} orders has the same fingerprint");
}

#[tokio::test]
async fn a_dropped_column_leaves_no_trace() {
    let (_database, connection) = everything().await;
    let before = snapshot(&connection).await;
    let sql =
        "alter table shop.alone add x int; alter table shop.alone drop x; alter table shop.events add x int;
               alter table shop.events drop x";
    connection.batch_execute(sql).await.unwrap();
    assert_eq!(snapshot(&connection).await.fingerprint(), before.fingerprint());
}

#[tokio::test]
async fn rows_and_upkeep_do_not_matter() {
    let (_database, connection) = everything().await;
    let before = snapshot(&connection).await;
    for sql in [
        "insert into shop.customers (name, email) select 'n' || i, 'a@b' from generate_series(1, 100) as i",
        "insert into shop.orders (customer, price) select id, id from shop.customers",
        "select nextval('shop.numbers')",
        "analyze",
        "vacuum (full, analyze) shop.customers",
        "reindex table shop.orders",
        "reindex index concurrently shop.orders_placed",
        "cluster shop.orders",
        "refresh materialized view concurrently shop.totals",
        "truncate shop.log",
        "grant all on shop.customers to current_user",
        "grant usage on type shop.status to public; grant execute on function shop.touch() to public",
        "alter sequence shop.numbers restart with 7",
        "checkpoint",
    ] {
        connection.batch_execute(sql).await.unwrap();
        let after = snapshot(&connection).await;
        assert_eq!(
            after.fingerprint(),
            before.fingerprint(),
            "{sql}: {}",
            Differences::between(&before, &after)
        );
    }
}

#[tokio::test]
async fn the_session_that_looks_does_not_matter() {
    let (database, connection) = everything().await;
    let before = snapshot(&connection).await;
    for sql in [
        "set search_path = shop, pg_catalog; set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set intervalstyle = 'iso_8601'",
        "set quote_all_identifiers = on; set extra_float_digits = -15; set bytea_output = 'escape'; set standard_conforming_strings = off",
        "set default_transaction_isolation = 'serializable'; set default_transaction_read_only = on",
        "set lc_messages = 'C'; set lc_monetary = 'C'; set lock_timeout = 1; set array_nulls = off",
    ] {
        let other = database.connection().await;
        other.batch_execute(sql).await.unwrap();
        assert_eq!(snapshot(&other).await.to_text(), before.to_text(), "{sql}");
        let path: String = other.query_scalar("select current_setting('search_path')", &[]).await.unwrap();
        assert_eq!(path == "shop, pg_catalog", sql.contains("search_path"));
    }
}

#[tokio::test]
async fn a_role_that_may_do_nothing_sees_the_same() {
    let (database, connection) = everything().await;
    let role = format!("nothing_of_{}", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let before = snapshot(&connection).await;
    let other = database.connection().await;
    other.batch_execute(&format!("set session authorization {role}")).await.unwrap();
    assert_eq!(snapshot(&other).await.to_text(), before.to_text());
    connection.batch_execute(&format!("drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn another_owner_is_the_same_where_owners_are_not_looked_at() {
    let (database, connection) = everything().await;
    let role = format!("owner_of_{}", database.address().database());
    let scope = all().without(Aspect::Owners);
    let take = async || Snapshot::take(&connection, &scope).await.unwrap();
    connection
        .batch_execute("alter default privileges in schema shop revoke execute on functions from public")
        .await
        .unwrap();
    let before = take().await;
    let give = "do $$ declare t record; begin for t in
            select format('alter %s %s owner to ROLE', case relkind when 'v' then 'view' when 'm' then 'materialized view'
                          when 'f' then 'foreign table' else 'table' end, oid::regclass) as sql
              from pg_class where relnamespace = 'shop'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
            union all select format('alter routine %s owner to ROLE', oid::regprocedure) from pg_proc
              where pronamespace = 'shop'::regnamespace and prokind <> 'a'
        loop execute t.sql; end loop; end $$";
    connection.batch_execute(&format!("create role {role} superuser")).await.unwrap();
    connection.batch_execute(&give.replace("ROLE", &role)).await.unwrap();
    let after = take().await;
    let differences = Differences::between(&before, &after);
    assert!(differences.is_empty(), "{differences}");
    connection
        .batch_execute(&format!("reassign owned by {role} to current_user; drop role {role}"))
        .await
        .unwrap();
}
