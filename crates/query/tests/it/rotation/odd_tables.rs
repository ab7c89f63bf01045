//! Tables that are unlike others: hostile names, parts, heirs, wide cells, long keys, rows that come meanwhile.

use std::time::Duration;

use pgkeel_crypto::{Kind, RowId};
use pgkeel_pool::{Config, Pool};
use pgkeel_query::rotation::{Depth, RotationProblem, RotationState};

use super::*;

/// Under any row, so that tables can be filled by one statement.
fn loose() -> ColumnSpec {
    ColumnSpec::new("odd", Kind::Text).unwrap().any_row()
}

fn of(table: Table, column: &str, row: &[&str]) -> SealedColumn {
    SealedColumn::new(table, ident(column), loose(), row.iter().map(|name| ident(name)).collect())
}

fn cell(vault: &Vault, text: &str) -> Vec<u8> {
    let column = Column::<String>::new("odd").any_row();
    vault.seal(&column, text, Place::any_row()).unwrap().into_bytes()
}

/// Rotates to the second key, and has everything verified and counted.
async fn goes_over(connection: &Connection, column: &SealedColumn, rows: u64) {
    let new = vault(K2, &[K1], &[]).await;
    rotation::publish(connection, std::slice::from_ref(column)).await.unwrap();
    let ended = Rotation::new(&new, column).most_rows(3).range_rows(5).run(connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten), (RotationState::Finished, rows), "{column}");
    let usage = rotation::usage(connection, column).await.unwrap();
    assert_eq!((usage.by_key.get(&key(K2)), usage.by_key.len(), usage.others), (Some(&rows), 1, 0));
    let found = rotation::verify(connection, &new, column, Depth::Full, None, |_| {}).await.unwrap();
    assert!(found.is_sound() && found.cells == rows, "{found:?}");
    rotation::retire(connection, &new, key(K1)).await.unwrap();
    assert!(rotation::withdraw(connection, column).await.unwrap());
}

#[tokio::test]
async fn names_of_any_kind_are_names() {
    let database = database().await;
    let connection = database.connection().await;
    let old = vault(K1, &[], &[]).await;
    let long = "ü".repeat(31) + "x"; // 63 bytes
    for name in [
        "Users",
        "a.b",
        "a\"b",
        "a'b; drop schema app cascade --",
        "select",
        "$1",
        "ключ %s",
        "t",
        "v",
        "held",
        &long,
    ] {
        let [schema, table, column, id] = [name, name, name, "k0"].map(ident);
        let row = ident(&format!("{}k", name.chars().take(20).collect::<String>()));
        let sql = format!(
            "create schema if not exists {schema}; create table {schema}.{table} ({id} int8, {row} text, {column} bytea, primary key ({id}, {row}))"
        );
        connection.batch_execute(&sql).await.unwrap();
        let insert = format!(
            "insert into {schema}.{table} select n, 'it''s \\ \"' || n, $1 from generate_series(1, 7) n"
        );
        connection.execute(&insert, &[&cell(&old, "value")]).await.unwrap();
        let table = Table::new(table).in_schema(schema);
        goes_over(&connection, &of(table, name, &["k0", row.name()]), 7).await;
    }
}

#[tokio::test]
async fn parts_and_heirs_of_a_table_are_gone_through_with_it() {
    let database = database().await;
    let connection = database.connection().await;
    let old = vault(K1, &[], &[]).await;
    connection
        .batch_execute(
            "create table parts (id int8, month int4, cell bytea, primary key (month, id)) partition by list (month);
            create table january partition of parts for values in (1);
            create table others partition of parts default partition by hash (id);
            create table others_0 partition of others for values with (modulus 2, remainder 0);
            create table others_1 partition of others for values with (modulus 2, remainder 1);
            create table parent (id int8 primary key, cell bytea); create table heir () inherits (parent)",
        )
        .await
        .unwrap();
    let cell = cell(&old, "value");
    let fill = "insert into parts select n, n % 3, $1 from generate_series(1, 30) n";
    connection.execute(fill, &[&cell]).await.unwrap();
    goes_over(&connection, &of(Table::parse("parts").unwrap(), "cell", &["month", "id"]), 30).await;
}

/// Keys of heirs are not held against those of the parent. Three tables, so that no batch of 10 or 1,000 ends between two keys.
async fn family(connection: &Connection, rows: i64, cell: &[u8]) -> SealedColumn {
    let tables = "create table parent (id int8 primary key, cell bytea, plain text);
        create table heir () inherits (parent); create table other_heir () inherits (parent)";
    connection.batch_execute(tables).await.unwrap();
    for table in ["parent", "heir", "other_heir"] {
        let fill =
            format!("insert into {table} select n, $1, '{table} ' || n from generate_series(1, {rows}) n");
        connection.execute(&fill, &[&cell]).await.unwrap();
    }
    of(Table::parse("parent").unwrap(), "cell", &["id"])
}

#[tokio::test]
async fn rows_of_heirs_with_the_same_keys_are_all_gone_through() {
    let database = database().await;
    let connection = database.connection().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let column = family(&connection, 1_100, &cell(&old, "value")).await;
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let found = rotation::verify(&connection, &new, &column, Depth::Full, None, |_| {}).await.unwrap();
    assert_eq!(found.cells, 3_300);
    let ended = Rotation::new(&new, &column).most_rows(10).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.scanned), (RotationState::Finished, 3_300));
    assert_eq!(ended.pass, 2, "the first pass leaves nothing to the next one");
    let usage = rotation::usage(&connection, &column).await.unwrap();
    assert_eq!(usage.by_key, BTreeMap::from([(key(K2), 3_300)]));
}

/// In one transaction, so that rows of the same key are of the same version besides.
#[tokio::test]
async fn plaintext_of_heirs_with_the_same_keys_is_not_mixed_up() {
    let database = database().await;
    let connection = database.connection().await;
    let vault = vault(K1, &[], &[]).await;
    let column = family(&connection, 7, &[]).await;
    let plaintext = ident("plain");
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    connection.batch_execute("update parent set cell = null").await.unwrap();
    let adopting = Rotation::adopting(&vault, &column, &plaintext);
    assert_eq!(adopting.run(&connection, |_| {}).await.unwrap().counts.rewritten, 21);
    let rows = connection.query("select cell, plain from parent", &[]).await.unwrap();
    for row in rows {
        let sealed = pgkeel_crypto::Sealed::from_bytes(row.get(0)).unwrap();
        let opened = vault.open(&Column::<String>::new("odd").any_row(), &sealed, Place::any_row()).unwrap();
        assert_eq!(*opened.expose(), row.get::<_, String>(1));
    }
    // All of one table differ, and are of the same version as their namesakes.
    let differ =
        "update parent set plain = plain || case when tableoid = 'parent'::regclass then '!' else '' end";
    connection.batch_execute(differ).await.unwrap();
    let ended = Rotation::clearing(&vault, &column, &plaintext).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.counts.rewritten, ended.counts.failed), (14, 7));
    let kept = "select count(plain) from only parent";
    assert_eq!(connection.query_scalar::<i64>(kept, &[]).await.unwrap(), 7, "what differs stays");
}

#[tokio::test]
async fn rows_of_heirs_with_the_same_key_that_do_not_open_are_told_of_once() {
    let database = database().await;
    let connection = database.connection().await;
    let new = vault(K2, &[], &[]).await;
    let column = family(&connection, 4, b"no envelope").await;
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let ended = Rotation::new(&new, &column).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.failed), (RotationState::Finished, 4));
}

#[tokio::test]
async fn a_column_that_the_server_computes_is_refused() {
    let database = database().await;
    let connection = database.connection().await;
    let sql = "create table computed (id int8 primary key, source bytea, cell bytea generated always as (source) stored)";
    connection.batch_execute(sql).await.unwrap();
    let column = of(Table::parse("computed").unwrap(), "cell", &["id"]);
    let refused = rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap_err();
    let expected = "computed.cell is computed by the server: describe the column that it is computed of";
    assert!(told(&refused).ends_with(expected), "{}", told(&refused));
}

#[tokio::test]
async fn wide_cells_and_keys_of_three_columns_go_over() {
    let database = database().await;
    let connection = database.connection().await;
    let old = vault(K1, &[], &[]).await;
    let wide = "create table wide (a text collate \"C\", b uuid, c int2, cell bytea, primary key (c, a, b))";
    connection.batch_execute(wide).await.unwrap();
    let sql = "insert into wide select repeat('k', n % 3), gen_random_uuid(), n % 2, $1 from generate_series(1, 6) n";
    connection.execute(sql, &[&cell(&old, &"x".repeat(1 << 20))]).await.unwrap();
    goes_over(&connection, &of(Table::parse("wide").unwrap(), "cell", &["c", "a", "b"]), 6).await;
}

/// Bound to its row as composite keys are.
#[tokio::test]
async fn a_value_that_is_bound_to_three_columns_opens_after_it() {
    let database = database().await;
    let connection = database.connection().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    connection
        .batch_execute("create table bound (a int4, b text, c bytea, cell bytea, primary key (b, c, a))")
        .await
        .unwrap();
    let row = [RowId::Text("b"), RowId::Bytes(b"\0"), RowId::Int(-1)];
    let bound = Column::<String>::new("bound");
    let sealed = old.seal(&bound, "value", Place::row(RowId::Composite(&row))).unwrap().into_bytes();
    connection.execute("insert into bound values (-1, 'b', '\\x00', $1)", &[&sealed]).await.unwrap();
    let table = Table::parse("bound").unwrap();
    let column = SealedColumn::new(
        table,
        ident("cell"),
        ColumnSpec::from(&bound),
        ["b", "c", "a"].map(ident).to_vec(),
    );
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let ended = Rotation::new(&new, &column).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.counts.rewritten, ended.counts.failed), (1, 0));
    let sealed = connection.query_scalar::<Vec<u8>>("select cell from bound", &[]).await.unwrap();
    let sealed = pgkeel_crypto::Sealed::from_bytes(sealed).unwrap();
    let opened = new.open(&bound, &sealed, Place::row(RowId::Composite(&row))).unwrap();
    assert_eq!(opened.expose(), "value");
}

/// One session for all of it, as a pooler may give; no search path, short statements, and rows that come at both ends meanwhile.
#[tokio::test]
async fn a_table_that_grows_goes_over_on_one_session_without_a_search_path_in_short_statements() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 400).await;
    let name = database.address().database().to_owned();
    let limits = format!(
        "alter database {name} set search_path = nowhere; alter database {name} set statement_timeout = '200ms'"
    );
    connection.batch_execute(&limits).await.unwrap();
    let pool = Pool::lazy(Config::new(database.address().clone()).with_size(1, 0).unwrap());
    let (column, grown) = (emails(), std::sync::atomic::AtomicI64::new(0));
    let rotation = Rotation::new(&new, &column).most_rows(20).range_rows(50).rows_per_second(2_000);
    let (rotated, ended) = (std::sync::atomic::AtomicBool::new(false), std::sync::atomic::Ordering::SeqCst);
    let running = async {
        let done = rotation.run(&pool, |_| {}).await;
        rotated.store(true, ended);
        done
    };
    let application = async {
        // Under the new key, as programs seal by now; and one late instance under the old one.
        while !rotated.load(ended) && grown.load(ended) < 300 {
            let at = grown.fetch_add(1, ended);
            let (id, vault) = (if at % 2 == 0 { 1_000 + at } else { -at }, if at == 5 { &old } else { &new });
            insert(&connection, vault, id, id).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let (done, ()) = tokio::join!(running, application);
    let done = done.unwrap();
    assert_eq!((done.state, done.counts.rewritten, done.counts.failed), (RotationState::Finished, 401, 0));
    let rows = 400 + grown.load(ended);
    assert_eq!(by_key(&connection).await, under(K2, rows.cast_unsigned()));
    assert_eq!(opened(&connection, &new).await.len(), usize::try_from(rows).unwrap());
}

#[tokio::test]
async fn a_role_that_may_not_write_the_tables_of_rotations_is_told_which() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3).await;
    let role = format!("reader_of_{}", database.address().database());
    let sql = format!(
        "create role {role}; grant usage on schema app, pgkeel to {role}; grant select on all tables in schema pgkeel to {role};
        grant select, update on app.users to {role}; set role {role}"
    );
    connection.batch_execute(&sql).await.unwrap();
    let refused = told(&Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err());
    assert!(
        refused.contains(
            "beginning the rotation is not allowed to this role, which needs `usage` on the schema pgkeel"
        ),
        "{refused}"
    );
    assert!(refused.contains("permission denied for table rotation (42501)"), "{refused}");
    let refused = told(&rotation::pause(&connection, 1).await.unwrap_err());
    assert!(refused.contains("permission denied for table rotation (42501)"), "{refused}");
    let found = rotation::verify(&connection, &new, &emails(), Depth::Full, None, |_| {}).await.unwrap();
    assert!(found.is_sound(), "who reads may verify");
    connection.batch_execute(&format!("reset role; drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_column_that_is_described_twice_is_not_published() {
    let database = database().await;
    let connection = database.connection().await;
    let unqualified = of(Table::parse("users").unwrap(), "email", &["id"]);
    connection.batch_execute("set search_path = app").await.unwrap();
    let refused = rotation::publish(&connection, &[emails(), unqualified]).await.unwrap_err();
    assert!(matches!(refused, Error::Rotation(RotationProblem::PublishedTwice { .. })), "{refused:?}");
    assert!(rotation::published(&connection).await.unwrap().is_empty());
}
