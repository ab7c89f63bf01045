//! Every type of key and column, bound in every way.

use pgkeel_crypto::{Column, ColumnSpec, Padding, Place, Plain, RowId, Sealed, Suite, Vault};
use pgkeel_query::connect::Connection;
use pgkeel_query::rotation::{self, Depth, Rotation, RotationState, SealedColumn};
use pgkeel_query::{Executor, Table, Type};
use pgkeel_testkit::TestDatabase;

use super::*;

/// A table of ten rows whose keys are made of a number, its column sealed under the old key, and what is in it.
struct Case<'a> {
    /// The columns of the key, with their types; and the key of a number.
    key: &'a str,
    row: &'a [&'a str],
    value: &'a str,
    cells: Type,
}

async fn made(case: &Case<'_>) -> (TestDatabase, Connection) {
    let database = database().await;
    let connection = database.connection().await;
    let kind = case.cells.name();
    let columns = case.row.join(", ");
    let sql = format!(
        "create table cases ({}, tenant text not null default 'acme', cell {kind}, primary key ({columns}));
        insert into cases ({columns}) select {} from generate_series(1, 10) n",
        case.key, case.value,
    );
    connection.batch_execute(&sql).await.unwrap();
    (database, connection)
}

fn place<'a>(spec: &ColumnSpec, row: RowId<'a>) -> Place<'a> {
    let place = if spec.is_row_bound() { Place::row(row) } else { Place::any_row() };
    if spec.is_tenant_bound() { place.tenant("acme") } else { place }
}

/// Seals all rows under the first key, rotates them to the second, and has them verified and opened.
async fn goes_over<T: Plain>(case: Case<'_>, column: Column<T>, values: &[T::Borrowed], rows: &[RowId<'_>])
where
    T::Borrowed: Sized,
{
    let (_database, connection) = made(&case).await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let spec = ColumnSpec::from(&column);
    let order = case.row.join(", ");
    for (at, (value, row)) in values.iter().zip(rows).enumerate() {
        let cell = old.seal(&column, value, place(&spec, *row)).unwrap();
        let sql = format!(
            "update cases set cell = $1 where ({order}) = (select {order} from cases order by {order} offset {at} limit 1)"
        );
        let param: (&(dyn tokio_postgres::types::ToSql + Sync), Type) = match case.cells {
            Type::BYTEA => (&cell.as_bytes(), Type::BYTEA),
            _ => (&cell.to_text(), Type::TEXT),
        };
        connection.execute_typed(&sql, &[param]).await.unwrap();
    }
    let keys = case.row.iter().map(|name| ident(name)).collect();
    let sealed = SealedColumn::new(Table::parse("cases").unwrap(), ident("cell"), spec.clone(), keys);
    let sealed = sealed.tenant(ident("tenant"));
    rotation::publish(&connection, std::slice::from_ref(&sealed)).await.unwrap();
    let ended = Rotation::new(&new, &sealed).most_rows(3).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten), (RotationState::Finished, 10), "{order}");
    assert_eq!((ended.counts.scanned, ended.counts.failed, ended.counts.cas_lost), (10, 0, 0));
    let usage = rotation::usage(&connection, &sealed).await.unwrap();
    assert_eq!(usage.by_key.into_iter().collect::<Vec<_>>(), [(key(K2), 10)]);
    // With no more than the new key.
    let alone = vault(K2, &[], &[K1]).await;
    for depth in [Depth::Quick, Depth::Full] {
        let found = rotation::verify(&connection, &alone, &sealed, depth, None, |_| {}).await.unwrap();
        assert!(found.is_sound() && found.cells == 10, "{order} {found:?}");
    }
    opens(&connection, &alone, &case, column, rows, &order).await;
}

async fn opens<T: Plain>(
    connection: &Connection,
    vault: &Vault,
    case: &Case<'_>,
    column: Column<T>,
    rows: &[RowId<'_>],
    order: &str,
) {
    let cells = connection.query(&format!("select cell from cases order by {order}"), &[]).await.unwrap();
    for (cell, row) in cells.iter().zip(rows) {
        let sealed = match case.cells {
            Type::BYTEA => Sealed::<T>::from_bytes(cell.get(0)),
            _ => Sealed::<T>::from_text(cell.get(0)),
        };
        let opened = vault.open(&column, &sealed.unwrap(), place(&ColumnSpec::from(&column), *row));
        assert!(opened.is_ok(), "{order}: {opened:?}");
    }
}

const NUMBERS: [i64; 10] = [0, 1, -1, i64::MAX, i64::MIN, 5, 6, 7, 8, 9];

#[tokio::test]
async fn keys_of_integers_of_each_width() {
    const COUNT: Column<i64> = Column::new("cases.cell");
    let rows: Vec<RowId<'_>> = (-9..=0).map(RowId::Int).collect();
    for kind in ["int2", "int4", "int8"] {
        let key = format!("id {kind}");
        let case = Case { key: &key, row: &["id"], value: "n - 10", cells: Type::BYTEA };
        goes_over(case, COUNT, &NUMBERS, &rows).await;
    }
}

#[tokio::test]
async fn a_key_that_is_a_uuid_and_a_column_of_text() {
    const COUNT: Column<i64> = Column::new("cases.cell").per_tenant().padded(Padding::to(32));
    let rows: Vec<RowId<'_>> = (1..=10).map(|n| RowId::Uuid([n; 16])).collect();
    let value = "repeat(lpad(to_hex(n), 2, '0'), 16)::uuid";
    let case = Case { key: "id uuid", row: &["id"], value, cells: Type::TEXT };
    goes_over(case, COUNT, &NUMBERS, &rows).await;
}

#[tokio::test]
async fn a_key_of_text_that_looks_like_sql_and_a_suite_without_commitment() {
    const COUNT: Column<i64> = Column::new("cases.cell").uncommitted();
    let texts: Vec<String> = (0..10).map(|n| format!("'\"\\{{{n}}}; -- ,")).collect();
    let rows: Vec<RowId<'_>> = texts.iter().map(|text| RowId::Text(text)).collect();
    let value = "format($$'\"\\{%s}; -- ,$$, n - 1)";
    let case = Case { key: "id varchar(60) collate \"C\"", row: &["id"], value, cells: Type::BYTEA };
    goes_over(case, COUNT, &NUMBERS, &rows).await;
}

#[tokio::test]
async fn a_key_of_bytes_and_a_column_that_is_bound_to_no_row() {
    const COUNT: Column<i64> = Column::new("cases.cell").any_row().per_tenant();
    let bytes: Vec<[u8; 2]> = (1..=10).map(|n| [n, 0xff]).collect();
    let rows: Vec<RowId<'_>> = bytes.iter().map(|bytes| RowId::Bytes(bytes)).collect();
    let value = "decode(lpad(to_hex(n), 2, '0') || 'ff', 'hex')";
    let case = Case { key: "id bytea", row: &["id"], value, cells: Type::BYTEA };
    goes_over(case, COUNT, &NUMBERS, &rows).await;
}

#[tokio::test]
async fn a_key_of_several_columns_and_a_name_that_has_to_be_quoted() {
    const COUNT: Column<i64> = Column::new("cases.cell");
    let rows: Vec<RowId<'_>> = (1..=10).map(RowId::Int).collect();
    let case = Case {
        key: "a int4, b uuid, c text, d bytea",
        row: &["a", "b", "c", "d"],
        value: "n / 3, repeat('ab', 16)::uuid, lpad(n::text, 3, '0'), '\\x00'",
        cells: Type::TEXT,
    };
    goes_over(case, COUNT.deterministic(), &NUMBERS, &rows).await;
    let texts: Vec<String> = (1..=10).map(|n| format!("{n:03}")).collect();
    let parts: Vec<[RowId<'_>; 4]> = (1..=10)
        .zip(&texts)
        .map(|(n, text)| [RowId::Int(n / 3), RowId::Uuid([0xab; 16]), RowId::Text(text), RowId::Bytes(&[0])])
        .collect();
    let rows: Vec<RowId<'_>> = parts.iter().map(|parts| RowId::Composite(parts)).collect();
    let case = Case {
        key: "a int2, b uuid, c text, d bytea",
        row: &["a", "b", "c", "d"],
        value: "n / 3, repeat('ab', 16)::uuid, lpad(n::text, 3, '0'), '\\x00'",
        cells: Type::BYTEA,
    };
    goes_over(case, COUNT, &NUMBERS, &rows).await;
}

/// Other things than the key can be rotated too.
#[tokio::test]
async fn a_column_goes_over_to_another_suite_under_the_same_key() {
    let database = database().await;
    let only = vault(K1, &[], &[]).await;
    let connection = database.connection().await;
    let cell = only.seal(&EMAIL.uncommitted(), "ada@example.org", Place::row(1)).unwrap();
    let sql = "insert into app.users (id, email) values (1, $1)";
    connection.execute(sql, &[&cell.as_bytes()]).await.unwrap();
    let committed = ColumnSpec::from(&EMAIL).also_opens(Suite::Xaes256Gcm);
    let column =
        SealedColumn::new(Table::parse("app.users").unwrap(), ident("email"), committed, vec![ident("id")]);
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let ended = Rotation::new(&only, &column).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten), (RotationState::Finished, 1));
    assert_eq!(opened(&connection, &only).await[&1], "ada@example.org");
}
