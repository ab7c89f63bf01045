//! A unique index goes over to another key by a second column, while programs of two ages insert the same values.

use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_crypto::{BlindIndex, IndexSpec, Normalizer};
use pgkeel_query::connect::ServerError;
use pgkeel_query::rotation::{RotationState, SealedIndex};
use pgkeel_testkit::{TestCluster, scaled};
use tokio_postgres::error::SqlState;

use super::adoption::{BIDX, SEALED, people};
use super::*;

const BIDX2: BlindIndex<String> = BlindIndex::text("app.people.sealed", "bidx2", Normalizer::Email);

/// So many insert the same address at once.
const INSERTERS: usize = 64;

/// What a program writes: the old column under the old key, the new one under the new key.
#[derive(Clone, Copy, PartialEq)]
enum Writes {
    Old,
    Both,
    New,
}

struct Programs {
    vault: Vault,
    connections: Vec<Connection>,
    rounds: i64,
    next_id: i64,
}

impl Programs {
    fn first(&self, email: &str) -> Vec<u8> {
        self.vault.index_under(key(I1), &BIDX, email, None).unwrap().as_bytes().to_vec()
    }

    fn second(&self, email: &str) -> Vec<u8> {
        self.vault.index(&BIDX2, email, None).unwrap().as_bytes().to_vec()
    }

    /// Whether it was inserted, and not there already.
    async fn insert(&self, connection: &Connection, writes: Writes, id: i64, email: &str) -> bool {
        let cell = self.vault.seal(&SEALED, email, Place::row(id)).unwrap().into_bytes();
        let (old, new) = (self.first(email), self.second(email));
        let inserted = match writes {
            Writes::Old => {
                let sql = "insert into app.people (id, sealed, bidx) values ($1, $2, $3)";
                connection.execute(sql, &[&id, &cell, &old]).await
            }
            Writes::Both => {
                let sql = "insert into app.people (id, sealed, bidx, bidx2) values ($1, $2, $3, $4)";
                connection.execute(sql, &[&id, &cell, &old, &new]).await
            }
            Writes::New => {
                let sql = "insert into app.people (id, sealed, bidx2) values ($1, $2, $3)";
                connection.execute(sql, &[&id, &cell, &new]).await
            }
        };
        match inserted {
            Ok(rows) => rows == 1,
            Err(error) => {
                assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION), "{error:?}");
                let constraint = error.server().and_then(ServerError::constraint);
                assert_ne!(constraint, Some("people_pkey"));
                false
            }
        }
    }

    /// All insert each of these addresses at once, half of them by each program. Returns how many rows there came to be of each.
    async fn race(&mut self, halves: [Writes; 2], emails: &[String]) -> Vec<usize> {
        let mut rows = Vec::new();
        for email in emails {
            let (first, programs) = (self.next_id, &*self);
            let inserting = programs.connections.iter().enumerate().map(async |(at, connection)| {
                let id = first + i64::try_from(at).unwrap();
                // Upper case is the same address.
                let email = if at % 4 < 2 { email.clone() } else { email.to_uppercase() };
                programs.insert(connection, halves[at % 2], id, &email).await
            });
            let inserted = futures_util::future::join_all(inserting).await;
            rows.push(inserted.into_iter().filter(|is_in| *is_in).count());
            self.next_id += i64::try_from(INSERTERS).unwrap();
        }
        rows
    }

    /// New addresses come in once, and those of before not at all.
    async fn check(&mut self, phase: &str, halves: [Writes; 2]) {
        let new: Vec<String> = (0..self.rounds).map(|round| format!("{phase}-{round}@example.org")).collect();
        assert_eq!(self.race(halves, &new).await, vec![1; new.len()], "{phase}");
        let before = [email(1), email(200), new[0].clone()];
        assert_eq!(self.race(halves, &before).await, [0, 0, 0], "{phase}");
    }

    /// Each row by its address, looked for in one of the columns.
    async fn lookups(&self, column: &str, value: impl Fn(&str) -> Vec<u8>) -> BTreeMap<String, Vec<i64>> {
        let connection = &self.connections[0];
        let rows = connection.query("select id, sealed from app.people", &[]).await.unwrap();
        let mut found = BTreeMap::new();
        for row in &rows {
            let cell = pgkeel_crypto::Sealed::from_bytes(row.get(1)).unwrap();
            let email = self.vault.open(&SEALED, &cell, Place::row(row.get::<_, i64>(0))).unwrap();
            let email = email.expose().to_lowercase();
            let sql = format!("select id from app.people where {column} = $1");
            let ids = connection.query(&sql, &[&value(&email)]).await.unwrap();
            found.insert(email, ids.iter().map(|row| row.get(0)).collect());
        }
        assert_eq!(found.len(), rows.len());
        found
    }
}

/// With both indexes, from the second phase on.
fn with_second() -> SealedColumn {
    people().index(SealedIndex::new(ident("bidx2"), IndexSpec::from(&BIDX2)))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_is_there_once_in_each_phase_of_a_unique_index_that_goes_over_to_another_key() {
    let cluster = TestCluster::start().await;
    let connection = cluster.connection().await;
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    let table =
        "create schema app; create table app.people (id int8 primary key, sealed bytea, bidx bytea unique)";
    connection.batch_execute(table).await.unwrap();
    rotation::publish(&connection, &[people()]).await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..INSERTERS {
        connections.push(cluster.connection().await);
    }
    let vault = index_vault(I2, &[I1]).await;
    let mut programs = Programs { vault, connections, rounds: scaled(5, 100), next_id: 1_000_000 };
    for id in 1..=scaled(500, 20_000) {
        assert!(programs.insert(&connection, Writes::Old, id, &email(id)).await);
    }

    // The second column is there, and programs come that write it.
    connection
        .batch_execute("alter table app.people add bidx2 bytea; create unique index on app.people (bidx2)")
        .await
        .unwrap();
    programs.check("expanded", [Writes::Old, Writes::Both]).await;

    // It is filled.
    let column = with_second();
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
        programs.check("filled", [Writes::Old, Writes::Both]).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (filled, ()) = tokio::join!(filling, racing);
    assert!(filled > 0);
    let ended = Rotation::of_index(&operator, &column, second).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.failed), (RotationState::Finished, 0));
    assert_eq!(rotation::unindexed(&connection, &column, second).await.unwrap(), 0);

    // Programs come that read the second one; all write both.
    programs.check("switched", [Writes::Both, Writes::Both]).await;
    let by_old = programs.lookups("bidx", |email| programs.first(email)).await;
    let by_new = programs.lookups("bidx2", |email| programs.second(email)).await;
    assert!(by_old == by_new, "both find the same rows");
    assert!(by_new.values().all(|ids| ids.len() == 1));

    // Programs come that do not know the first one.
    programs.check("left", [Writes::Both, Writes::New]).await;

    // It is dropped under them.
    let dropping =
        connection.batch_execute("set lock_timeout = '30s'; alter table app.people drop column bidx");
    let (dropped, ()) = tokio::join!(dropping, programs.check("dropped", [Writes::New, Writes::New]));
    dropped.unwrap();
    let by_new_alone = programs.lookups("bidx2", |email| programs.second(email)).await;
    assert!(by_new.iter().all(|(email, ids)| by_new_alone.get(email) == Some(ids)));
    let column = {
        let table = Table::parse("app.people").unwrap();
        let column = SealedColumn::new(table, ident("sealed"), ColumnSpec::from(&SEALED), vec![ident("id")]);
        column.index(SealedIndex::new(ident("bidx2"), IndexSpec::from(&BIDX2)))
    };
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    assert_eq!(rotation::published(&connection).await.unwrap(), std::slice::from_ref(&column));
    let alone = index_vault(I2, &[]).await; // without the old key
    let ended =
        Rotation::of_index(&alone, &column, &column.indexes()[0]).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten, ended.counts.failed), (RotationState::Finished, 0, 0));
}
