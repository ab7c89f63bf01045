//! A unique index goes over to another key by a second column, while programs of two ages insert the same addresses: by entities, which
//! say which columns there are, and sealers, which say which key a column is under.

use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_query::connect::ServerError;
use pgkeel_query::rotation::RotationState;
use pgkeel_query::sealed::{SealedRow, Sealer, ddl};
use pgkeel_query::{Column as EntityColumn, Entity, Filter};
use pgkeel_testkit::{TestCluster, scaled};
use tokio_postgres::error::SqlState;

use super::*;

/// So many insert the same address at once.
const INSERTERS: usize = 64;

/// A program that knows these indexes, and reads by the first of them.
macro_rules! program {
    ($name:ident: $($index:literal),+) => {
        mod $name {
            use pgkeel_query::sealed::{Sealed, Sealer};
            use pgkeel_query::{Entity, Error, Executor, Filter, NewRow};

            #[derive(Debug, Clone, Entity)]
            #[pgkeel(table = "app.people", columns = p)]
            pub(super) struct Person {
                #[pgkeel(id, generated)]
                pub(super) id: i64,
                #[pgkeel(sealed(
                    context = "app.people.email",
                    $(index(column = $index, normalize = "email", unique)),+
                ))]
                pub(super) email: Sealed<String>,
            }

            #[derive(NewRow)]
            #[pgkeel(entity = Person, columns = p)]
            struct NewPerson<'a> {
                email: &'a str,
            }

            /// Whether it was inserted, and not there already.
            pub(super) async fn insert(db: &impl Executor, sealer: &Sealer, email: &str) -> bool {
                match Person::repo().sealed_by(sealer).insert(db, &NewPerson { email }).await {
                    Ok(_) => true,
                    Err(Error::Unique(violation)) if violation.is_of(p::email) => false,
                    Err(error) => panic!("{error:?}"),
                }
            }

            /// The same by one statement that leaves what is there.
            pub(super) async fn put(db: &impl Executor, sealer: &Sealer, email: &str) -> bool {
                let row = NewPerson { email };
                let insert = Person::insert().values(&row).sealed_by(sealer);
                match insert.on_conflict((p::email,)).do_nothing().execute(db).await {
                    Ok(rows) => rows == 1,
                    // Of the other index, if another one came in at the same moment.
                    Err(error) if error.server().is_some_and(super::is_violation) => false,
                    Err(error) => panic!("{error:?}"),
                }
            }

            pub(super) fn lookup(sealer: &Sealer, email: &str) -> Filter<'static, Person> {
                sealer.lookup(p::email, email).unwrap()
            }
        }
    };
}

program!(old: "email_bidx");
program!(both: "email_bidx", "email_bidx2");
program!(switched: "email_bidx2", "email_bidx");
program!(new: "email_bidx2");

/// What people run: programs of an age with their keyrings.
enum Program {
    Old(Sealer),
    Both(Sealer),
    Switched(Sealer),
    New(Sealer),
}

impl Program {
    /// The new key is in its keyring, and is not the primary one yet.
    async fn old() -> Self {
        Self::Old(Sealer::new(index_vault(I1, &[I2]).await))
    }

    async fn both() -> Self {
        let sealer = Sealer::new(index_vault(I2, &[I1]).await);
        Self::Both(sealer.index_kept_under(both::p::email, "email_bidx", key(I1)).unwrap())
    }

    async fn switched() -> Self {
        let sealer = Sealer::new(index_vault(I2, &[I1]).await);
        Self::Switched(sealer.index_kept_under(switched::p::email, "email_bidx", key(I1)).unwrap())
    }

    async fn new() -> Self {
        Self::New(Sealer::new(index_vault(I2, &[I1]).await))
    }

    async fn insert(&self, db: &Connection, email: &str, puts: bool) -> bool {
        match self {
            Self::Old(sealer) if puts => old::put(db, sealer, email).await,
            Self::Both(sealer) if puts => both::put(db, sealer, email).await,
            Self::Switched(sealer) if puts => switched::put(db, sealer, email).await,
            Self::New(sealer) if puts => new::put(db, sealer, email).await,
            Self::Old(sealer) => old::insert(db, sealer, email).await,
            Self::Both(sealer) => both::insert(db, sealer, email).await,
            Self::Switched(sealer) => switched::insert(db, sealer, email).await,
            Self::New(sealer) => new::insert(db, sealer, email).await,
        }
    }

    async fn found(&self, db: &Connection, email: &str) -> Vec<i64> {
        match self {
            Self::Old(sealer) => ids(db, old::lookup(sealer, email), old::p::id).await,
            Self::Both(sealer) => ids(db, both::lookup(sealer, email), both::p::id).await,
            Self::Switched(sealer) => ids(db, switched::lookup(sealer, email), switched::p::id).await,
            Self::New(sealer) => ids(db, new::lookup(sealer, email), new::p::id).await,
        }
    }
}

async fn ids<E: Entity>(db: &Connection, found: Filter<'static, E>, id: EntityColumn<E, i64>) -> Vec<i64> {
    let found = E::select((id,)).filter(found).fetch_all(db).await.unwrap();
    found.into_iter().map(|(id,)| id).collect()
}

fn is_violation(error: &ServerError) -> bool {
    *error.code() == SqlState::UNIQUE_VIOLATION && error.constraint() != Some("people_pkey")
}

/// As a program publishes it.
fn published<E: SealedRow>() -> SealedColumn {
    SealedColumn::from(E::SEALED[0])
}

struct People {
    connections: Vec<Connection>,
    rounds: i64,
}

impl People {
    /// All insert this address at once, half of them by each program. Returns how many rows there came to be.
    async fn race(&self, halves: &[Program; 2], email: &str) -> usize {
        let inserting = self.connections.iter().enumerate().map(async |(at, connection)| {
            // Upper case is the same address.
            let email = if at % 4 < 2 { email.to_owned() } else { email.to_uppercase() };
            halves[at % 2].insert(connection, &email, at % 8 < 4).await
        });
        let inserted = futures_util::future::join_all(inserting).await;
        inserted.into_iter().filter(|is_in| *is_in).count()
    }

    /// New addresses come in once, and those of before not at all; each program finds them.
    async fn check(&self, phase: &str, halves: &[Program; 2]) {
        for round in 0..self.rounds {
            let email = format!("{phase}-{round}@example.org");
            assert_eq!(self.race(halves, &email).await, 1, "{email}");
        }
        for email in [email(1), email(200), format!("{phase}-0@example.org")] {
            assert_eq!(self.race(halves, &email).await, 0, "{email} in {phase}");
            let [one, other] = halves.each_ref().map(|program| program.found(&self.connections[0], &email));
            let (one, other) = tokio::join!(one, other);
            assert!(one.len() == 1 && one == other, "{email} in {phase}: {one:?}, {other:?}");
        }
    }

    /// The rows that a program finds by each address that there is.
    async fn lookups(&self, program: &Program, sealer: &Sealer) -> BTreeMap<String, Vec<i64>> {
        let connection = &self.connections[0];
        let people = new::Person::query().fetch_all(connection).await.unwrap();
        let mut found = BTreeMap::new();
        for person in &people {
            let email = sealer.open(person, new::p::email).unwrap().expose().to_lowercase();
            let ids = program.found(connection, &email).await;
            assert_eq!(ids, [person.id]);
            found.insert(email, ids);
        }
        assert_eq!(found.len(), people.len());
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_is_there_once_in_each_phase_of_a_unique_index_that_goes_over_to_another_key() {
    let cluster = TestCluster::start().await;
    let connection = cluster.connection().await;
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    let table =
        "create schema app; create table app.people (id int8 generated always as identity primary key);";
    connection.batch_execute(&format!("{table}{}", ddl::<old::Person>())).await.unwrap();
    rotation::publish(&connection, &[published::<old::Person>()]).await.unwrap();
    let mut people = People { connections: Vec::new(), rounds: scaled(5, 100) };
    for _ in 0..INSERTERS {
        people.connections.push(cluster.connection().await);
    }
    let first = Program::Old(Sealer::new(index_vault(I1, &[]).await));
    for number in 1..=scaled(500, 20_000) {
        assert!(first.insert(&connection, &email(number), false).await);
    }

    // The second column is there, and programs come that write it.
    let expand =
        "alter table app.people add email_bidx2 bytea; create unique index on app.people (email_bidx2)";
    connection.batch_execute(expand).await.unwrap();
    let halves = [Program::old().await, Program::both().await];
    people.check("expanded", &halves).await;
    // What a program from before changes leaves the second column as it was.
    let Program::Old(sealer) = &halves[0] else { unreachable!() };
    let moved = old::Person::repo().find_by(&connection, old::lookup(sealer, "expanded-0@example.org"));
    let moved = moved.await.unwrap().unwrap();
    moved.change().sealed_by(sealer).set(old::p::email, "moved@example.org").save(&connection).await.unwrap();

    // It is filled.
    let column = published::<both::Person>();
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let (operator, stop) = (index_vault(I2, &[I1]).await, AtomicBool::new(false));
    let second = &column.indexes()[1];
    let filling = async {
        let mut filled = 0;
        while !stop.load(Ordering::Relaxed) {
            let rotation = Rotation::of_index(&operator, &column, second).most_rows(20).range_rows(100);
            let ended = rotation.run(&connection, |_| {}).await.unwrap();
            assert_eq!(ended.counts.failed, 0);
            filled += ended.counts.rewritten;
        }
        filled
    };
    let racing = async {
        people.check("filled", &halves).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (filled, ()) = tokio::join!(filling, racing);
    assert!(filled > 0);
    let ended = Rotation::of_index(&operator, &column, second).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.failed), (RotationState::Finished, 0));
    assert_eq!(rotation::unindexed(&connection, &column, second).await.unwrap(), 0);

    // Programs come that read the second one; all write both.
    let halves = [Program::both().await, Program::switched().await];
    people.check("switched", &halves).await;
    let sealer = Sealer::new(index_vault(I2, &[]).await);
    let [by_old, by_new] = halves.each_ref().map(|program| people.lookups(program, &sealer));
    let (by_old, by_new) = (by_old.await, by_new.await);
    assert!(by_old == by_new, "both find the same rows");

    // Programs come that do not know the first one.
    connection.batch_execute("alter table app.people alter email_bidx drop not null").await.unwrap();
    people.check("left", &[Program::switched().await, Program::new().await]).await;

    // It is dropped under them.
    let halves = [Program::new().await, Program::new().await];
    let dropping = "set lock_timeout = '30s'; alter table app.people drop column email_bidx";
    let dropping = connection.batch_execute(dropping);
    let (dropped, ()) = tokio::join!(dropping, people.check("dropped", &halves));
    dropped.unwrap();
    let by_new_alone = people.lookups(&halves[0], &sealer).await;
    assert!(by_new.iter().all(|(email, ids)| by_new_alone.get(email) == Some(ids)));
    rotation::publish(&connection, &[published::<new::Person>()]).await.unwrap();
    assert_eq!(rotation::published(&connection).await.unwrap(), [published::<new::Person>()]);
    let (alone, column) = (index_vault(I2, &[]).await, published::<new::Person>()); // without the old key
    let ended = Rotation::of_index(&alone, &column, &column.indexes()[0]).run(&connection, |_| {}).await;
    let ended = ended.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten, ended.counts.failed), (RotationState::Finished, 0, 0));
}
