//! What becomes of sealed values where another row has the same, and which column is told.

use pgkeel_pool::Transaction as _;
use pgkeel_query::sealed::{Sealed, SealedProblem, ddl};
use pgkeel_query::{Entity, Error, Executor, NewRow};
use pgkeel_testkit::TestDatabase;

use super::{problem, sealer};

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "people", columns = p)]
struct Person {
    #[pgkeel(id)]
    id: i32,
    #[pgkeel(sealed(context = "people.email", index(column = "email_bidx", normalize = "email", unique)))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "people.code", any_row, index(column = "code_bidx", unique)))]
    code: Option<Sealed<String>>,
    visits: Option<i32>,
}

#[derive(NewRow)]
#[pgkeel(entity = Person, columns = p)]
struct NewPerson<'a> {
    id: i32,
    email: &'a str,
    code: Option<&'a str>,
    visits: i32,
}

const TABLE: &str = "create table people(id int4 primary key, email bytea not null, email_bidx bytea not null,
    code bytea, code_bidx bytea, visits int4); create unique index on people (email_bidx); create unique index odd_name on people (code_bidx)";

fn person<'a>(id: i32, email: &'a str, code: Option<&'a str>) -> NewPerson<'a> {
    NewPerson { id, email, code, visits: id }
}

#[tokio::test]
async fn a_violation_of_a_blind_index_names_the_sealed_column() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLE).await.unwrap();
    let people = Person::repo().sealed_by(&sealer);
    let ann = people.insert(&pool, &person(1, "ann@example.org", Some("A"))).await.unwrap();
    people.insert(&pool, &person(2, "bob@example.org", None)).await.unwrap();
    let told = |done: Result<Person, Error>| match done.unwrap_err() {
        Error::Unique(violation) => violation,
        other => panic!("{other:?}"),
    };
    let twice = told(people.insert(&pool, &person(3, "ANN@example.org", None)).await);
    assert!(twice.is_of(p::email) && !twice.is_of(p::code));
    assert_eq!(twice.to_string(), "another row of people has the same email");
    let twice = told(people.insert(&pool, &person(3, "eve@example.org", Some("A"))).await);
    assert!(twice.is_of(p::code), "{twice}: the database was asked");
    let twice = told(ann.change().sealed_by(&sealer).set(p::email, "bob@example.org").save(&pool).await);
    assert!(twice.is_of(p::email));
    // A transaction that has failed answers no questions.
    let tx = pool.begin().await.unwrap();
    let twice = told(people.insert(&tx, &person(3, "ann@example.org", None)).await);
    assert!(twice.is_of(p::email));
    tx.rollback().await.unwrap();
}

async fn refused(db: &impl Executor, row: &NewPerson<'_>, sealer: &pgkeel_query::sealed::Sealer) {
    let insert = || Person::insert().values(row).sealed_by(sealer).on_conflict((p::email,));
    for moved in [insert().update(), insert().update_changed(), insert().update_only((p::email,))] {
        let problem = problem(moved.execute(db).await);
        assert!(
            matches!(&problem, SealedProblem::OtherRow { column } if column == "people.email"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn on_a_conflict_a_value_stays_in_its_row_or_is_of_any_row() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    db.batch_execute(TABLE).await.unwrap();
    let first = person(1, "ann@example.org", Some("A"));
    Person::insert().values(&first).sealed_by(&sealer).execute(db).await.unwrap();
    let again = person(2, "Ann@example.org", Some("B"));
    let insert = || Person::insert().values(&again).sealed_by(&sealer);
    refused(&super::super::watched::Nowhere, &again, &sealer).await;
    assert_eq!(insert().on_conflict((p::email,)).do_nothing().execute(db).await.unwrap(), 0);

    // What is of any row goes, with its index; the rest stays.
    let updated =
        insert().on_conflict((p::email,)).update_only((p::code, p::visits)).fetch_one(db).await.unwrap();
    assert_eq!((updated.id, updated.visits), (1, Some(2)));
    let open = |row: &Person| {
        (sealer.open(row, p::email).unwrap().expose().clone(), sealer.open(row, p::code).unwrap())
    };
    let (email, code) = open(&updated);
    assert_eq!((email.as_str(), code.unwrap().expose().as_str()), ("ann@example.org", "B"));
    assert!(Person::repo().exists(db, sealer.lookup(p::code, "B").unwrap()).await.unwrap());
    assert!(!Person::repo().exists(db, sealer.lookup(p::code, "A").unwrap()).await.unwrap());

    // Where the conflict is that of the id, the row is the one that the value is bound to.
    let same = person(1, "new@example.org", None);
    let same = Person::insert().values(&same).sealed_by(&sealer).on_conflict((p::id,)).update();
    let same = same.fetch_one(db).await.unwrap();
    let (email, code) = open(&same);
    assert_eq!((email.as_str(), code.is_none()), ("new@example.org", true));
    assert!(Person::repo().exists(db, sealer.lookup(p::email, "new@example.org").unwrap()).await.unwrap());
}

/// Somebody of a team, whose address is there once in each; codes are told apart by their envelopes.
#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "fellows", columns = f)]
struct Fellow {
    #[pgkeel(id)]
    id: i32,
    team: i32,
    #[pgkeel(sealed(
        context = "fellows.email",
        any_row,
        index(column = "email_bits", bits = 3),
        index(column = "email_bidx", normalize = "email")
    ))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "fellows.code", deterministic, index(column = "code_bidx")))]
    code: Sealed<i64>,
}

#[tokio::test]
async fn on_a_conflict_of_several_columns_a_sealed_one_stands_for_its_index() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    let table = "create table fellows(id int4 primary key, team int4 not null);";
    let unique =
        "create unique index on fellows (team, email_bidx); create unique index on fellows (team, code)";
    db.batch_execute(&format!("{table}{}{unique}", ddl::<Fellow>())).await.unwrap();
    let insert = |id, team, email, code| {
        let insert = Fellow::insert().sealed_by(&sealer).set(f::id, id).set(f::team, team);
        insert.set(f::email, email).set(f::code, code)
    };
    insert(1, 7, "ann@example.org", 1_i64).execute(db).await.unwrap();
    let same = insert(2, 7, "ANN@example.org", 2).on_conflict((f::team, f::email)).do_nothing();
    assert_eq!(same.execute(db).await.unwrap(), 0);
    let moved = insert(2, 7, "Ann@example.org", 2).on_conflict((f::team, f::email)).update_only((f::code,));
    let moved = moved.fetch_one(db).await.unwrap();
    assert_eq!((moved.id, moved.team, *sealer.open(&moved, f::code).unwrap().expose()), (1, 7, 2));
    let other_team = insert(3, 8, "ann@example.org", 2).on_conflict((f::team, f::email)).do_nothing();
    assert_eq!(other_team.execute(db).await.unwrap(), 1);
    let by_code = insert(4, 8, "eve@example.org", 2).on_conflict((f::team, f::code)).do_nothing();
    assert_eq!(by_code.execute(db).await.unwrap(), 0);
    let none = insert(5, 9, "ann@example.org", 3).on_conflict((f::email,)).do_nothing().execute(db).await;
    assert_eq!(none.unwrap_err().server().map(|error| error.code().code()), Some("42P10"));
}
