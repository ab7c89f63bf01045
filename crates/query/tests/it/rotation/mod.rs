//! Keys of sealed columns: rotated, verified and retired, whatever happens meanwhile.

mod adoption;
mod columns;
mod entities;
mod faults;
mod guard;
mod indexes;
mod kinds;
mod lost;
mod odd_tables;
mod plaintext;
mod rotators;
mod steering;
mod unique_index;
mod under_fire;

use std::collections::BTreeMap;

use pgkeel_crypto::{Column, ColumnSpec, KeyId, KeyringConfig, Place, Sources, Vault};
use pgkeel_query::connect::Connection;
use pgkeel_query::rotation::{self, Rotation, SealedColumn};
use pgkeel_query::{Error, Executor, Ident, Table, Type};
use pgkeel_testkit::TestDatabase;

const K1: &str = "11111111";
const K2: &str = "22222222";
const K3: &str = "33333333";

const I1: &str = "aaaaaaaa";
const I2: &str = "bbbbbbbb";

const EMAIL: Column<String> = Column::new("app.users.email");

/// With secrets that everybody knows; of keys that are disabled nobody asks for them.
async fn vault(primary: &str, decrypt: &[&str], disabled: &[&str]) -> Vault {
    Vault::new(keyring(primary, decrypt, disabled).await)
}

/// That seals under the first key, and has these keys of indexes.
async fn index_vault(primary: &str, lookup: &[&str]) -> Vault {
    let mut variables = BTreeMap::from([
        ("PGKEEL_SEAL_PRIMARY".to_owned(), K1.to_owned()),
        ("PGKEEL_INDEX_PRIMARY".to_owned(), primary.to_owned()),
    ]);
    if !lookup.is_empty() {
        variables.insert("PGKEEL_INDEX_LOOKUP".to_owned(), lookup.join(","));
    }
    Vault::new(loaded(variables).await)
}

async fn keyring(primary: &str, decrypt: &[&str], disabled: &[&str]) -> pgkeel_crypto::Keyring {
    let mut variables = BTreeMap::from([("PGKEEL_SEAL_PRIMARY".to_owned(), primary.to_owned())]);
    for (name, keys) in [("PGKEEL_SEAL_DECRYPT", decrypt), ("PGKEEL_SEAL_DISABLED", disabled)] {
        if !keys.is_empty() {
            variables.insert(name.to_owned(), keys.join(","));
        }
    }
    loaded(variables).await
}

async fn loaded(mut variables: BTreeMap<String, String>) -> pgkeel_crypto::Keyring {
    for key in [K1, K2, K3, I1, I2] {
        // Each begins with other digits than the others, and has no two alike.
        let secret = (0..32).map(|at| at ^ key.as_bytes()[0]);
        let secret = secret.fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        variables.insert(format!("PGKEEL_KEY_{}", key.to_uppercase()), secret);
    }
    let sources = Sources::new(|name: &str| variables.get(name).cloned());
    KeyringConfig::from_environment(&sources).unwrap().load(&sources).await.unwrap()
}

fn key(id: &str) -> KeyId {
    id.parse().unwrap()
}

fn ident(name: &str) -> Ident {
    Ident::new(name.to_owned()).unwrap()
}

/// The e-mail addresses of users, sealed and bound to their rows.
fn emails() -> SealedColumn {
    let table = Table::parse("app.users").unwrap();
    SealedColumn::new(table, ident("email"), ColumnSpec::from(&EMAIL), vec![ident("id")])
}

/// With the tables of rotations, and users without any rows.
async fn database() -> TestDatabase {
    TestDatabase::migrated("rotation", async |connection| {
        connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
        let users = "create schema app; create table app.users (id int8 primary key, email bytea, note text)";
        connection.batch_execute(users).await.unwrap();
    })
    .await
}

/// Users from 1 on, sealed by this vault; their column is published.
async fn users(database: &TestDatabase, vault: &Vault, rows: i64) -> Connection {
    let connection = database.connection().await;
    insert(&connection, vault, 1, rows).await;
    rotation::publish(&connection, &[emails()]).await.unwrap();
    connection
}

async fn insert(connection: &Connection, vault: &Vault, first: i64, last: i64) {
    let ids: Vec<i64> = (first..=last).collect();
    for ids in ids.chunks(5_000) {
        let sealed: Vec<Vec<u8>> = ids.iter().map(|id| sealed(vault, *id, &email(*id))).collect();
        let sql = "insert into app.users (id, email) select * from unnest($1::int8[], $2::bytea[])";
        connection
            .execute_typed(sql, &[(&ids, Type::INT8_ARRAY), (&sealed, Type::BYTEA_ARRAY)])
            .await
            .unwrap();
    }
}

fn email(id: i64) -> String {
    format!("user-{id}@example.org")
}

fn sealed(vault: &Vault, id: i64, email: &str) -> Vec<u8> {
    vault.seal(&EMAIL, email, Place::row(id)).unwrap().into_bytes()
}

/// Each user's address, opened.
async fn opened(connection: &Connection, vault: &Vault) -> BTreeMap<i64, String> {
    let rows =
        connection.query("select id, email from app.users where email is not null", &[]).await.unwrap();
    let open = |row: &tokio_postgres::Row| {
        let id: i64 = row.get(0);
        let sealed = pgkeel_crypto::Sealed::from_bytes(row.get(1)).unwrap();
        (id, vault.open(&EMAIL, &sealed, Place::row(id)).unwrap().expose().clone())
    };
    rows.iter().map(open).collect()
}

/// How many cells are under which key, in words.
async fn by_key(connection: &Connection) -> Vec<(String, u64)> {
    let usage = rotation::usage(connection, &emails()).await.unwrap();
    assert_eq!(usage.others, 0);
    usage.by_key.into_iter().map(|(key, cells)| (key.to_string(), cells)).collect()
}

fn under(key: &str, cells: u64) -> Vec<(String, u64)> {
    vec![(key.to_owned(), cells)]
}

/// The problem of an error, and of all its sources in words.
fn told(error: &Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

async fn rotated(connection: &Connection, vault: &Vault) -> rotation::RotationStatus {
    Rotation::new(vault, &emails()).run(connection, |_| {}).await.unwrap()
}
