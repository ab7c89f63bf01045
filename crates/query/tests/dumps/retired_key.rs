//! A key is retired; then a dump from before is restored.

use std::collections::BTreeMap;

use pgkeel_crypto::{
    Column, ColumnSpec, Error as CryptoError, KeyId, KeyringConfig, Place, Sealed, Sources, Vault,
};
use pgkeel_query::connect::Connection;
use pgkeel_query::rotation::{
    self, Depth, FailureClass, RetireProblem, Rotation, RotationProblem, SealedColumn,
};
use pgkeel_query::{Error, Executor as _, Ident, Table, Type};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::run;

const K1: &str = "11111111";
const K2: &str = "22222222";
const EMAIL: Column<String> = Column::new("app.users.email");

async fn vault(primary: &str, decrypt: Option<&str>) -> Vault {
    let mut variables: BTreeMap<String, String> = [K1, K2]
        .map(|key| (format!("PGKEEL_KEY_{key}"), format!("{key}0123456789abcdef").repeat(3)[..64].to_owned()))
        .into();
    variables.insert("PGKEEL_SEAL_PRIMARY".to_owned(), primary.to_owned());
    variables.extend(decrypt.map(|key| ("PGKEEL_SEAL_DECRYPT".to_owned(), key.to_owned())));
    let sources = Sources::new(|name: &str| variables.get(name).cloned());
    Vault::new(KeyringConfig::from_environment(&sources).unwrap().load(&sources).await.unwrap())
}

async fn insert(connection: &Connection, vault: &Vault, first: i64, last: i64) {
    let ids: Vec<i64> = (first..=last).collect();
    for ids in ids.chunks(5_000) {
        let seal = |id: &i64| vault.seal(&EMAIL, "ada@example.org", Place::row(*id)).unwrap().into_bytes();
        let sealed: Vec<Vec<u8>> = ids.iter().map(seal).collect();
        let sql = "insert into app.users select * from unnest($1::int8[], $2::bytea[])";
        connection
            .execute_typed(sql, &[(&ids, Type::INT8_ARRAY), (&sealed, Type::BYTEA_ARRAY)])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_key_is_retired_once_its_last_cell_is_gone_and_missed_in_a_dump_from_before() {
    let rows = scaled(500, 200_000);
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    connection
        .batch_execute("create schema app; create table app.users (id int8 primary key, email bytea)")
        .await
        .unwrap();
    let table = Table::parse("app.users").unwrap();
    let [id, email] = ["id", "email"].map(|name| Ident::new(name).unwrap());
    let column = SealedColumn::new(table, email, ColumnSpec::from(&EMAIL), vec![id]);
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let (old, new) = (vault(K1, None).await, vault(K2, Some(K1)).await);
    // One cell of all is under the old key.
    insert(&connection, &new, 2, rows).await;
    insert(&connection, &old, 1, 1).await;
    let file = std::env::temp_dir().join(format!("{}.dump", database.address().database()));
    let dump = file.to_str().unwrap();
    run("pg_dump", &["--format=custom", "--file", dump], database.address(), &connection).await;

    let k1: KeyId = K1.parse().unwrap();
    let refused = rotation::retire(&connection, &new, k1).await.unwrap_err();
    let Error::Rotation(RotationProblem::Retire(RetireProblem::KeyInUse { key, uses })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((key, uses), (k1, vec![("app.users.email".to_owned(), 1)]));
    let ended = Rotation::new(&new, &column).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.counts.scanned, ended.counts.rewritten), (1, 1));
    assert_eq!(rotation::retire(&connection, &new, k1).await.unwrap().columns, ["app.users.email"]);
    let alone = vault(K2, None).await;
    let found = rotation::verify(&connection, &alone, &column, Depth::Full, None, |_| {}).await.unwrap();
    assert!(found.is_sound() && found.cells == rows.cast_unsigned(), "{found:?}");

    let restored = TestDatabase::empty().await;
    let connection = restored.connection().await;
    run("pg_restore", &[dump], restored.address(), &connection).await;
    std::fs::remove_file(dump).unwrap();
    let sql = "select email from app.users where id = 1";
    let cell = Sealed::from_bytes(connection.query_scalar::<Vec<u8>>(sql, &[]).await.unwrap()).unwrap();
    let opened = alone.open(&EMAIL, &cell, Place::row(1));
    assert!(matches!(opened, Err(CryptoError::UnknownKey(key)) if key == k1));
    for depth in [Depth::Quick, Depth::Full] {
        let found = rotation::verify(&connection, &alone, &column, depth, None, |_| {}).await.unwrap();
        assert_eq!(found.cells, rows.cast_unsigned());
        assert_eq!(found.failures, BTreeMap::from([(FailureClass::UnknownKey, 1)]));
        assert_eq!(found.missing_keys.into_iter().collect::<Vec<_>>(), [k1]);
        assert_eq!(found.first_failures[0].row.columns(), ["1"]);
    }
    let in_use = rotation::retire(&connection, &alone, k1).await.unwrap_err();
    assert!(
        matches!(in_use, Error::Rotation(RotationProblem::Retire(RetireProblem::KeyInUse { .. }))),
        "{in_use:?}"
    );
}
