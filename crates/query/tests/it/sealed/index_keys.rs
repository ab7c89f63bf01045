//! An index is kept under a key that is not the primary one, and its neighbour is not.

use std::error::Error as _;

use pgkeel_query::connect::Connection;
use pgkeel_query::sealed::crypto::{self, KeyId};
use pgkeel_query::sealed::{Keyring, Sealed, SealedProblem, Sealer, Vault, ddl};
use pgkeel_query::{Entity, Error, Executor, NewRow};
use pgkeel_testkit::TestDatabase;

use super::{keyring, problem, vault};

const OLD: &str = "77e0b1aa";
const NEW: &str = "00c0ffee";

/// A member of a team, whose addresses are found by two columns.
#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "app.mates", columns = m, tenant = "team")]
struct Mate {
    #[pgkeel(id)]
    id: i64,
    team: String,
    #[pgkeel(sealed(
        context = "app.mates.email",
        index(column = "email_bidx", normalize = "email", unique),
        index(column = "email_bidx2", normalize = "email", unique)
    ))]
    email: Sealed<String>,
    #[pgkeel(sealed(
        context = "app.mates.code",
        per_tenant,
        index(column = "code_bits", bits = 2),
        index(column = "code_bidx", unique)
    ))]
    code: Option<Sealed<i64>>,
}

#[derive(NewRow)]
#[pgkeel(entity = Mate, columns = m)]
struct NewMate<'a> {
    id: i64,
    team: &'a str,
    email: &'a str,
    code: Option<i64>,
}

/// Another struct of the same table, by which the same is written.
mod narrow {
    use super::*;

    #[derive(Debug, Clone, Entity)]
    #[pgkeel(table = "app.mates", columns = n)]
    pub(super) struct Narrow {
        #[pgkeel(id)]
        pub(super) id: i64,
        #[pgkeel(sealed(
            context = "app.mates.email",
            index(column = "email_bidx", normalize = "email", unique),
            index(column = "email_bidx2", normalize = "email", unique)
        ))]
        pub(super) email: Sealed<String>,
    }
}

fn key(id: &str) -> KeyId {
    id.parse().unwrap()
}

/// Seals under one key; of those of indexes, this one is primary.
async fn of_index(primary: &str, lookup: &str) -> Keyring {
    let states = [("PGKEEL_INDEX_PRIMARY", primary), ("PGKEEL_INDEX_LOOKUP", lookup)];
    let states = states.iter().filter(|(_, key)| !key.is_empty()).copied();
    keyring(&[("PGKEEL_SEAL_PRIMARY", "3f9a1c22")].into_iter().chain(states).collect::<Vec<_>>()).await
}

async fn sealer_of(primary: &str, lookup: &str) -> Sealer {
    Sealer::new(Vault::new(of_index(primary, lookup).await))
}

/// Under the new key, but for what is kept under the old one.
async fn keeping() -> Sealer {
    let sealer = sealer_of(NEW, OLD).await;
    let sealer = sealer.index_kept_under(m::email, "email_bidx", key(OLD)).unwrap();
    let sealer = sealer.index_kept_under(m::code, "code_bits", key(OLD)).unwrap();
    sealer.index_kept_under(m::code, "code_bidx", key(OLD)).unwrap()
}

async fn database() -> TestDatabase {
    TestDatabase::migrated("index keys", async |connection| {
        let table = "create schema app; create table app.mates (id int8 primary key, team text not null);";
        connection.batch_execute(&format!("{table}{}", ddl::<Mate>())).await.unwrap();
    })
    .await
}

/// Whether a row has under these keys what a program has that knows no other.
async fn is_under(db: &Connection, id: i64, email: &str, [first, second]: [&str; 2]) -> bool {
    let mut is_found = true;
    for (column, primary) in [("email_bidx", first), ("email_bidx2", second)] {
        let alone = sealer_of(primary, "").await;
        let found = alone.lookup_by(m::email, column, email).unwrap();
        is_found &= Mate::repo().find_by(db, found).await.unwrap().is_some_and(|mate| mate.id == id);
    }
    is_found
}

#[tokio::test]
async fn whatever_writes_a_row_writes_each_index_under_its_key() {
    let (database, sealer) = (database().await, keeping().await);
    let db = &database.connection().await;
    let row = NewMate { id: 1, team: "a", email: "one@example.org", code: Some(7) };
    let one = Mate::repo().sealed_by(&sealer).insert(db, &row).await.unwrap();
    assert!(is_under(db, 1, "one@example.org", [OLD, NEW]).await);
    let set =
        Mate::insert().sealed_by(&sealer).set(m::id, 2).set(m::team, "a").set(m::email, "two@example.org");
    set.execute(db).await.unwrap();
    assert!(is_under(db, 2, "two@example.org", [OLD, NEW]).await);
    one.change().sealed_by(&sealer).set(m::email, "Uno@example.org").save(db).await.unwrap();
    assert!(is_under(db, 1, "uno@example.org", [OLD, NEW]).await);

    let row = NewMate { email: "eins@example.org", ..row };
    let again = Mate::insert().values(&row).sealed_by(&sealer).on_conflict((m::id,)).update();
    again.execute(db).await.unwrap();
    assert!(is_under(db, 1, "eins@example.org", [OLD, NEW]).await);
    let row = NewMate { id: 3, email: "EINS@example.org", ..row };
    let same = Mate::insert().values(&row).sealed_by(&sealer).on_conflict((m::email,)).do_nothing();
    assert_eq!(same.execute(db).await.unwrap(), 0);

    let narrow = narrow::Narrow::repo().get(db, 2).await.unwrap().unwrap();
    narrow.change().sealed_by(&sealer).set(narrow::n::email, "due@example.org").save(db).await.unwrap();
    assert!(is_under(db, 2, "due@example.org", [OLD, NEW]).await, "by the name of its table");
    assert_eq!(*sealer.open(&narrow, narrow::n::email).unwrap().expose(), "two@example.org");
}

/// One sealer's keyring is replaced by one with the other primary key, the other's is not yet.
#[tokio::test]
async fn in_a_transaction_across_a_reload_and_by_two_sealers_a_value_is_there_once() {
    let (database, one, other) = (database().await, keeping().await, keeping().await);
    let db = &database.connection().await;
    let row = |id| NewMate { id, team: "a", email: "one@example.org", code: Some(7) };
    db.batch_execute("begin").await.unwrap();
    let (row_1, row_2) = (row(1), row(2));
    let inserts = Mate::insert().values(&row_1).sealed_by(&one);
    let before = [
        one.lookup(m::email, "ONE@example.org").unwrap(),
        other.lookup(m::email, "one@example.org").unwrap(),
    ];
    one.vault().reload(of_index(OLD, NEW).await);
    assert_eq!(inserts.execute(db).await.unwrap(), 1);
    for found in before.into_iter().chain([one.lookup(m::email, "one@example.org").unwrap()]) {
        assert_eq!(Mate::repo().find_by(db, found).await.unwrap().unwrap().id, 1);
    }
    assert!(is_under(db, 1, "one@example.org", [OLD, OLD]).await, "the second one is under the primary key");
    db.batch_execute("savepoint before").await.unwrap();
    let twice = Mate::repo().sealed_by(&other).insert(db, &row_2).await;
    assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
    db.batch_execute("rollback to before").await.unwrap();
    let meets = Mate::insert().values(&row_2).sealed_by(&other).on_conflict((m::email,)).do_nothing();
    assert_eq!(meets.execute(db).await.unwrap(), 0);
    db.batch_execute("rollback").await.unwrap();
    assert_eq!(Mate::repo().sealed_by(&other).insert(db, &row_2).await.unwrap().id, 2);
    assert!(is_under(db, 2, "one@example.org", [OLD, NEW]).await);
}

#[tokio::test]
async fn an_index_is_looked_for_under_its_key_alone() {
    let (database, sealer) = (database().await, keeping().await);
    let db = &database.connection().await;
    let old = sealer_of(OLD, "").await;
    let row = NewMate { id: 1, team: "a", email: "one@example.org", code: Some(7) };
    Mate::repo().sealed_by(&old).insert(db, &row).await.unwrap();
    let row = NewMate { id: 2, team: "b", email: "two@example.org", code: Some(7) };
    Mate::repo().sealed_by(&sealer).insert(db, &row).await.unwrap();
    let found = async |filter| Mate::repo().list(db, filter, m::id.asc(), 9).await.unwrap().len();
    for email in ["one@example.org", "two@example.org"] {
        assert_eq!(found(sealer.lookup(m::email, email).unwrap()).await, 1);
        assert_eq!(found(sealer.lookup_by(m::email, "email_bidx2", email).unwrap()).await, 1);
    }
    // A value that a program has put there that does not keep the index is not found.
    let careless = sealer_of(NEW, OLD).await;
    let row = NewMate { id: 3, team: "a", email: "three@example.org", code: Some(8) };
    Mate::repo().sealed_by(&careless).insert(db, &row).await.unwrap();
    assert_eq!(found(sealer.lookup(m::email, "three@example.org").unwrap()).await, 0);
    assert_eq!(found(careless.lookup(m::email, "three@example.org").unwrap()).await, 1);

    // Of a tenant, and by an index with few bits.
    for (team, id) in [("a", 1), ("b", 2)] {
        let by_code = sealer.lookup_by_of(m::code, "code_bidx", &team, 7_i64).unwrap();
        assert_eq!(Mate::repo().find_by(db, by_code).await.unwrap().map(|mate| mate.id), Some(id));
        let by_bits = sealer.lookup_of(m::code, &team, 7_i64).unwrap();
        let mate = Mate::repo().get(db, id).await.unwrap().unwrap();
        assert!(
            Mate::repo().list(db, by_bits, m::id.asc(), 9).await.unwrap().iter().any(|found| found.id == id)
        );
        assert!(sealer.matches(&mate, m::code, 7_i64).unwrap());
        assert!(!sealer.matches(&mate, m::code, 8_i64).unwrap());
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_of_when_the_sealer_is_made_and_when_it_goes() {
    let sealer = async || sealer_of(NEW, OLD).await;
    let unknown = problem(sealer().await.index_kept_under(m::email, "email_bidx", key("0badcafe")));
    let told = format!("{unknown}: {}", unknown.source().unwrap());
    assert!(told.starts_with("app.mates.email_bidx cannot be kept under a key that is not there"), "{told}");
    assert!(
        told.contains("no key 0badcafe is in the keyring: add it, with state `decrypt`, or `lookup`"),
        "{told}"
    );
    let other_list = problem(sealer().await.index_kept_under(m::email, "email_bidx", key("3f9a1c22")));
    assert!(matches!(other_list, SealedProblem::IndexKey { source: crypto::Error::UnknownKey(_), .. }));
    let none = problem(sealer().await.index_kept_under(m::email, "code_bidx", key(OLD)));
    assert!(matches!(none, SealedProblem::NoIndex { column } if column == "app.mates.email"));
    let states =
        [("PGKEEL_SEAL_PRIMARY", "3f9a1c22"), ("PGKEEL_INDEX_PRIMARY", NEW), ("PGKEEL_INDEX_DISABLED", OLD)];
    let disabled = Sealer::new(vault(&states).await).index_kept_under(m::email, "email_bidx", key(OLD));
    let disabled = problem(disabled);
    assert!(matches!(disabled, SealedProblem::IndexKey { source: crypto::Error::DisabledKey(_), .. }));

    let database = database().await;
    let (db, kept) = (&database.connection().await, keeping().await);
    let row = |id| NewMate { id, team: "a", email: "one@example.org", code: None };
    kept.vault().reload(of_index(OLD, NEW).await);
    Mate::repo().sealed_by(&kept).insert(db, &row(1)).await.unwrap();
    assert!(is_under(db, 1, "one@example.org", [OLD, OLD]).await, "another one is primary by now");
    kept.vault().reload(of_index(NEW, "").await);
    let gone = Mate::repo().sealed_by(&kept).insert(db, &row(2)).await;
    let gone = problem(gone);
    assert!(matches!(gone, SealedProblem::Seal { source: crypto::Error::UnknownKey(_), .. }), "{gone}");
    let gone: Result<_, Error> = kept.lookup(m::email, "one@example.org");
    assert!(matches!(problem(gone), SealedProblem::Lookup { source: crypto::Error::UnknownKey(_), .. }));
    assert!(kept.lookup_by(m::email, "email_bidx2", "one@example.org").is_ok());
}
