//! Indexes of which each value takes long to compute.

use pgkeel_query::rotation::SealedColumn;
use pgkeel_query::sealed::crypto::{BlindIndex, Cost, IndexSpec, Normalizer};
use pgkeel_query::sealed::{Sealed, ddl, registered};
use pgkeel_query::{Entity, Error, Executor as _, NewRow, sql};
use pgkeel_testkit::TestDatabase;

use super::{keyring, sealer};

const CONTEXT: &str = "clinic.patients.number";
const BY_NUMBER: BlindIndex<String> =
    BlindIndex::text(CONTEXT, "number_bidx", Normalizer::Digits).slow(Cost::new(4096, 3, 2));

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "clinic.patients", columns = p)]
struct Patient {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(
        context = "clinic.patients.number",
        index(column = "number_bidx", normalize = "digits", unique, cost = [4096, 3, 2]),
        index(column = "number_group", normalize = "digits", bits = 4, cost = [4096, 3, 1])
    ))]
    number: Sealed<String>,
}

#[derive(NewRow)]
#[pgkeel(entity = Patient, columns = p)]
struct NewPatient<'a> {
    id: i64,
    number: &'a str,
}

#[tokio::test]
async fn a_slow_index_finds_what_is_equal_and_keeps_it_unique() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    let table = "create schema clinic; create table clinic.patients(id int8 primary key);";
    db.batch_execute(&format!("{table}{}", ddl::<Patient>())).await.unwrap();
    let patients = Patient::repo().sealed_by(&sealer);
    patients.insert(db, &NewPatient { id: 1, number: "12 34" }).await.unwrap();
    let expected = sealer.vault().index(&BY_NUMBER, "1234", None).unwrap();
    let stored: Vec<u8> = sql!("select number_bidx from clinic.patients").scalar(db).await.unwrap();
    assert_eq!(stored, expected.as_bytes());

    let by_number = sealer.lookup(p::number, "1-2-3-4").unwrap();
    assert_eq!(Patient::query().filter(by_number).fetch_one(db).await.unwrap().id, 1);
    let group = sealer.lookup_by(p::number, "number_group", "1234").unwrap();
    let found = Patient::query().filter(group).fetch_one(db).await.unwrap();
    assert!(sealer.matches(&found, p::number, "12/34").unwrap());
    // Which of them are meant takes no key of indexes, so none may change meanwhile.
    let sealing = ("PGKEEL_SEAL_PRIMARY", "3f9a1c22");
    sealer.vault().reload(keyring(&[sealing]).await);
    assert!(sealer.matches(&found, p::number, "12/34").unwrap());
    assert!(!sealer.matches(&found, p::number, "12/35").unwrap());
    sealer.vault().reload(keyring(&[sealing, ("PGKEEL_INDEX_PRIMARY", "77e0b1aa")]).await);
    let twice = patients.insert(db, &NewPatient { id: 2, number: "1234" }).await;
    assert!(matches!(twice, Err(Error::Unique(violation)) if violation.is_of(p::number)));
}

/// So that those who rotate its key without the program make the same of it.
#[test]
fn its_cost_is_known_where_it_is_published() {
    let facts = registered().find(|facts| facts.context() == CONTEXT).unwrap();
    let column = SealedColumn::from(facts);
    let costs = column.indexes().iter().map(|index| index.spec().cost().map(Cost::figures));
    assert_eq!(costs.collect::<Vec<_>>(), [Some([4096, 3, 2]), Some([4096, 3, 1])]);
    assert_eq!(*column.indexes()[0].spec(), IndexSpec::from(&BY_NUMBER));
}
