//! Sealed columns: the program seals values before they are sent and opens them where they are needed. The server, its logs, dumps and
//! replicas have envelopes.
//!
//! One attribute of a field says it. The crate below, [`crypto`], has the envelopes and the keys; what it protects from, and what not,
//! is told there.
//!
//! ```
//! use pgkeel_query::connect::Executor;
//! use pgkeel_query::sealed::{KeyringConfig, Sealed, Sealer, Secret, Sources, Vault, ddl};
//! use pgkeel_query::{Entity, Error, NewRow};
//!
//! #[derive(Debug, Clone, Entity)]
//! #[pgkeel(table = "app.users", columns = u)]
//! struct User {
//!     #[pgkeel(id, generated)]
//!     id: i64,
//!     #[pgkeel(sealed(context = "app.users.email", index(column = "email_bidx", normalize = "email", unique)))]
//!     email: Sealed<String>,
//!     #[pgkeel(sealed(context = "app.users.note", pad = 32))]
//!     note: Option<Sealed<String>>,
//!     name: Option<String>,
//! }
//!
//! #[derive(NewRow)]
//! #[pgkeel(entity = User, columns = u)]
//! struct NewUser<'a> {
//!     email: &'a str, // Plaintext.
//!     note: Option<&'a str>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let environment = |name: &str| match name {
//! #     "PGKEEL_SEAL_PRIMARY" => Some("3f9a1c22".to_owned()),
//! #     "PGKEEL_KEY_3F9A1C22" => Some("9bf5c1a0d7e2446f8c13b0a95e7d2f6481c3e5a79b0d1f2e3c4b5a6978869504".to_owned()),
//! #     "PGKEEL_INDEX_PRIMARY" => Some("77e0b1aa".to_owned()),
//! #     "PGKEEL_KEY_77E0B1AA" => Some("2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe".to_owned()),
//! #     _ => None,
//! # };
//! # let database = pgkeel_testkit::TestDatabase::empty().await;
//! # let db = &database.connection().await;
//! # let table = "create schema app; create table app.users(id int8 generated always as identity primary key, name text);";
//! # db.batch_execute(&format!("{table}{}", ddl::<User>())).await?;
//! // When the program starts.
//! let sources = Sources::new(environment); // such as |name: &str| std::env::var(name).ok()
//! let keyring = KeyringConfig::from_environment(&sources)?.load(&sources).await?;
//! let sealer = Sealer::new(Vault::new(keyring));
//!
//! let users = User::repo().sealed_by(&sealer);
//! let ann = users.insert(db, &NewUser { email: "ann@example.org", note: Some("likes tea") }).await?;
//! let email: Secret<String> = sealer.open(&ann, u::email)?;
//! assert_eq!(email.expose(), "ann@example.org");
//!
//! let found = users.find_by(db, sealer.lookup(u::email, "ANN@example.org")?).await?;
//! assert_eq!(found.map(|user| user.id), Some(ann.id));
//! let twice = users.insert(db, &NewUser { email: "Ann@example.org", note: None }).await;
//! assert!(matches!(twice, Err(Error::Unique(violation)) if violation.is_of(u::email)));
//!
//! let eve = ann.change().sealed_by(&sealer).set(u::email, "eve@example.org").set_null(u::note).save(db).await?;
//! assert!(sealer.open(&eve, u::note)?.is_none() && eve.name.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # What is said of a column
//! The field is a [`Sealed<T>`](Sealed), or an `Option` of one. `T` is a type of which values are sealed: [`String`], [`Vec<u8>`], [`i64`],
//! [`bool`], or one of [`crypto`] (`Json`, `Uuid`, `Timestamp`, `Decimal`, `Date`).
//!
//! | word of `sealed(…)` | meaning |
//! |---|---|
//! | `context = "name"` | its logical name, of which keys are made; has to be said, no other column has it, and it stays when table or column are renamed |
//! | `pad = bytes` | values are made longer, to a multiple of so many bytes, so that lengths tell less |
//! | `any_row` | values are not bound to their rows: who can write to the table can move them |
//! | `per_tenant` | each tenant has keys of its own; the struct says `tenant = "column"` |
//! | `deterministic` | equal values are equal envelopes, of any row |
//! | `uncommitted` | 32 bytes less each, without a commitment to the key |
//! | `index(…)` | a blind index in a column of its own, which is no field; may be said several times |
//!
//! | word of `index(…)` | meaning |
//! |---|---|
//! | `column = "name"` | the column, of `bytea`; has to be said |
//! | `normalize = "…"` | what is equal, of texts: `exact`, as if nothing is said, `lower`, `email`, `digits`, `nfc` |
//! | `unique` | no two rows have an equal value, if both are indexed under the same key; a lookup finds it under each |
//! | `bits = n` | no more than so many bits of each value, 1 to 64, so that different ones fall together |
//! | `cost = [4096, 3, 1]` | each value takes that long, by argon2id with so many KiB, iterations and lanes, so that trying many out takes very long for who has the key (feature `slow`) |
//!
//! Several structs of one table say the same of a sealed column: what is written by one that leaves an index out is not found by it.
//!
//! # What is written
//! A row that is known takes plaintext, in `set` of [`Insert`](crate::Insert) and [`Change`](crate::repository::Change) and in the fields
//! of a [`NewRow`](crate::NewRow); it is sealed when the statement is run, and its blind indexes with it. An
//! [`Update`](crate::Update) of many rows takes none, but `set_null`, which empties the indexes too. What is given as a value and not as a
//! reference is overwritten when the statement is dropped. A statement without a sealer is an error that says so
//! ([`SealedProblem::NoSealer`]), before anything is sent. An insert whose values wait to be sealed is not explained.
//!
//! A value opens in its own row alone, so the row's id has to be known before the row is there. One that the program says is used. Else
//! an integer that is `generated` is drawn from the sequence of its column (an identity, or `serial`), in one round trip for
//! [many](Sealer::ids_per_draw); sequences have larger gaps then. A UUID is made by the client, a version 7 (feature `uuid`). An id
//! of several columns has to be said. Ids of types of your own are those of what they are sent as: integers, UUIDs, texts, bytes.
//!
//! To draw ids the role needs `usage` of the sequence, which an identity does not ask for otherwise. The server has to keep ids and tenants
//! as they are sent: a value does not open whose row gets another id from a trigger, or from a `char(n)` that is filled up with
//! blanks (an insert into a repository fails by [`SealedProblem::Elsewhere`] then, others do not tell); nor one that is written on a conflict with an id that is spelled otherwise, which a `citext` takes for the same.
//!
//! A value of an index with a `cost` is computed by the thread that polls the statement, or calls [`Sealer::lookup`], once for each key that is
//! looked under: of `[4096, 3, 1]` about 5 ms each, in an optimised build. Nothing else goes on in that thread meanwhile, so many of
//! them belong on threads of their own (`spawn_blocking` of tokio, with a runtime of one thread in it).
//!
//! An `on_conflict … update` does not move values to a row that they are not bound to ([`SealedProblem::OtherRow`]), and neither it nor a
//! change sets an id or tenant without the values that are bound to it ([`SealedProblem::Moved`]). In the columns of a conflict a sealed one
//! stands for its `unique` index; if it has none, for the first without `bits`, as in a unique index `(team, email_bidx)`.
//!
//! # What is read
//! Rows have their envelopes, however they are read, and nothing is opened that nobody asks for: [`Sealer::open`] opens one value. Row and
//! tenant are those of the row, so they are not mistaken; of columns that are read without the rest [`Sealer::open_at`] is told them. A cell that was changed, moved, or was never sealed is read as it is, so that it
//! takes no other away, and does not open. A column without an `Option` that is NULL is an error of the row, as always.
//!
//! A column of envelopes is neither compared nor ordered, which the compiler says. Rows are found by a blind index,
//! [`Sealer::lookup`], under every key of indexes that is not disabled, or the one that the index is
//! [kept under](Sealer::index_kept_under); where an index has `bits`, [`Sealer::matches`] tells which
//! of them are meant.
//!
//! # Tenants
//! With `per_tenant` the tenant's name is what the server writes for `tenant_column::text`: texts as they are, integers in decimal, UUIDs
//! with hyphens in lower case. An insert has to say it, [`Sealer::lookup_of`] too. A row of no tenant has no values that are bound to one.
//!
//! # The table
//! [`ddl()`] writes the columns, checks and indexes for a migration. [`registered`] lists all sealed columns of the program; `publish`
//! (feature `rotation`) writes them down in the database, so that keys can be rotated and retired without the program.

mod facts;
mod envelope;
mod plaintext;
mod place;
mod ids;
mod sealer;
mod index_keys;
mod lookup;
mod repository;
mod ddl;
mod problem;

/// What seals and opens: the crate below, with its keyrings.
pub use pgkeel_crypto as crypto;
#[doc(no_inline)]
pub use pgkeel_crypto::{Keyring, KeyringConfig, Sealed, Secret, Sources, Vault};

pub use self::ddl::ddl;
pub use self::envelope::Envelope;
pub(crate) use self::facts::{IdSource, of_column};
pub use self::facts::{IndexFacts, SealedFacts, registered};
#[doc(hidden)]
pub use self::facts::{Registered, SealedValues, Values};
pub(crate) use self::ids::DrawnId;
pub(crate) use self::place::RowPlace;
pub use self::plaintext::PlainValue;
pub(crate) use self::plaintext::Plaintext;
#[doc(hidden)]
pub use self::plaintext::Waiting;
pub use self::problem::SealedProblem;
pub use self::repository::SealedRepository;
pub(crate) use self::sealer::undeclared;
pub use self::sealer::{SealedRow, Sealer};
#[cfg(feature = "rotation")]
pub use crate::rotation::publish_registered as publish;
