use std::collections::BTreeMap;
use std::path::PathBuf;

use pgkeel_connect::{Connection, Executor as _, Type};
use pgkeel_crypto::{Column, KeyringConfig, Place, Sources, Vault};
use pgkeel_testkit::TestDatabase;
use serde_json::Value;

use crate::program::{run, url};

const EMAIL: Column<String> = Column::new("app.users.email");

/// The sealed column, as `keys publish` reads it.
pub(super) const COLUMNS: &str = "[[column]]\ntable = \"app.users\"\ncolumn = \"email\"\nrow = [\"id\"]\n\
    context = \"app.users.email\"\nkind = \"text\"\n";

/// Somebody with a database of users, and a directory of keyrings.
pub(super) struct Operator {
    pub(super) database: TestDatabase,
    directory: tempfile::TempDir,
}

/// What a command has said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// A key, as `keys new --secret-file … --json` tells of it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: String,
    source: String,
    pub(super) kcv: String,
}

impl Said {
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Operator {
    /// With a table of users, and none of pgkeel's.
    pub(super) async fn new() -> Self {
        let database = TestDatabase::migrated("keys", async |connection| {
            let users = "create schema app; create table app.users (id int8 primary key, email bytea)";
            connection.batch_execute(users).await.unwrap();
        })
        .await;
        Self { database, directory: tempfile::tempdir().unwrap() }
    }

    /// With those tables, and users from 1 on whose addresses are under this key; their column is published.
    pub(super) async fn with_users(rows: i64) -> (Self, Made) {
        let operator = Self::new().await;
        let key = operator.new_key("first").await;
        operator.keyring(&[(&key, "primary")]);
        operator.fill(rows).await;
        operator.write("columns.toml", COLUMNS);
        operator.done(&["setup"]).await;
        operator.done(&["publish", "--columns", &operator.file("columns.toml")]).await;
        (operator, key)
    }

    pub(super) fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Makes a key whose secret is in a file of this name.
    pub(super) async fn new_key(&self, name: &str) -> Made {
        self.new_key_of(&[], name).await
    }

    /// One of indexes.
    pub(super) async fn new_index_key(&self, name: &str) -> Made {
        self.new_key_of(&["--index"], name).await
    }

    async fn new_key_of(&self, list: &[&str], name: &str) -> Made {
        let file = self.file(name);
        let words = [&["new", "--json", "--secret-file", &file], list].concat();
        let made = self.says_with(&words, &[]).await.json();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Made { id: text("id"), source: text("source"), kcv: text("kcv") }
    }

    pub(super) fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes the keyring that commands are given.
    pub(super) fn keyring(&self, keys: &[(&Made, &str)]) {
        self.keyrings(keys, &[]);
    }

    /// With keys of indexes.
    pub(super) fn keyrings(&self, seal: &[(&Made, &str)], index: &[(&Made, &str)]) {
        let written = |list: &str, keys: &[(&Made, &str)]| {
            let key = |(Made { id, source, kcv }, state): &(&Made, &str)| {
                format!(
                    "[[{list}]]\nid = \"{id}\"\nstate = \"{state}\"\nsource = \"{source}\"\nkcv = \"{kcv}\"\n"
                )
            };
            keys.iter().map(key).collect::<String>()
        };
        let keys = written("seal", seal) + &written("index", index);
        self.write("keyring.toml", &format!("version = 1\n{keys}"));
    }

    pub(super) fn address(&self) -> String {
        url(self.database.address())
    }

    /// What a command says that is given the database and the keyring.
    pub(super) async fn says(&self, words: &[&str]) -> Said {
        self.says_with(words, &[("PGKEEL_KEYRING", &self.file("keyring.toml"))]).await
    }

    /// With these variables instead of the keyring.
    pub(super) async fn says_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Said {
        let address = self.address();
        let variables = [&[("DATABASE_URL", address.as_str())], variables].concat();
        let ended = run(&[&["keys"], words].concat(), &variables).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said =
            Said { code: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) };
        assert!(!said.err.contains("panicked"), "{said:?}");
        said
    }

    /// Of one that has to end well.
    pub(super) async fn done(&self, words: &[&str]) -> String {
        let said = self.says(words).await;
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        said.out
    }

    /// The message of one that has to end with this code.
    pub(super) async fn refused(&self, code: i32, words: &[&str]) -> String {
        let said = self.says(words).await;
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{words:?}: {said:?}");
        said.err
    }

    pub(super) async fn connection(&self) -> Connection {
        self.database.connection().await
    }

    /// Seals the addresses of users from 1 on, with the keyring that commands are given.
    pub(super) async fn fill(&self, rows: i64) {
        let text = std::fs::read_to_string(self.path("keyring.toml")).unwrap();
        let none = BTreeMap::<String, String>::new();
        let sources = Sources::new(|name: &str| none.get(name).cloned());
        let keyring = KeyringConfig::from_toml(&text).unwrap().load(&sources).await.unwrap();
        let vault = Vault::new(keyring);
        let ids: Vec<i64> = (1..=rows).collect();
        let seal = |id: &i64| vault.seal(&EMAIL, &address_of(*id), Place::row(*id)).unwrap().into_bytes();
        let cells: Vec<Vec<u8>> = ids.iter().map(seal).collect();
        let sql = "insert into app.users (id, email) select * from unnest($1::int8[], $2::bytea[])
            on conflict (id) do update set email = excluded.email";
        let params = [(&ids as _, Type::INT8_ARRAY), (&cells as _, Type::BYTEA_ARRAY)];
        self.connection().await.execute_typed(sql, &params).await.unwrap();
    }
}

/// What nobody may read in what commands print.
pub(super) fn address_of(id: i64) -> String {
    format!("canary-{id}@example.org")
}
