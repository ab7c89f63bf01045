//! A plaintext column becomes a sealed one, while programs go on writing it and workers are killed.

use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_crypto::{BlindIndex, IndexSpec, Normalizer};
use pgkeel_query::rotation::{RotationState, RotationTask, SealedIndex};
use pgkeel_testkit::{Random, scaled};

use super::rotators::{operator, status};
use super::*;

pub(super) const SEALED: Column<String> = Column::new("app.people.sealed");
pub(super) const BIDX: BlindIndex<String> = BlindIndex::text("app.people.sealed", "bidx", Normalizer::Email);

/// People with a plaintext column `email`, and what it becomes.
pub(super) fn people() -> SealedColumn {
    let table = Table::parse("app.people").unwrap();
    let column = SealedColumn::new(table, ident("sealed"), ColumnSpec::from(&SEALED), vec![ident("id")]);
    column.index(SealedIndex::new(ident("bidx"), IndexSpec::from(&BIDX)))
}

/// With people whose addresses are plaintext; every tenth has none.
pub(super) async fn plain_people(connection: &Connection, rows: i64) {
    let sql = format!(
        "create table app.people (id int8 primary key, email text not null default '', sealed bytea, bidx bytea unique);
        alter table app.people alter email drop not null;
        insert into app.people select n, case when n % 10 > 0 then 'user-' || n || '@example.org' end
        from generate_series(1, {rows}) n"
    );
    connection.batch_execute(&sql).await.unwrap();
    rotation::publish(connection, &[people()]).await.unwrap();
}

/// What the program writes as plaintext beside what is sealed.
#[derive(Clone, Copy, PartialEq)]
enum Plaintext {
    Same,
    Null,
}

/// Writes and inserts people of every so many, until it is told to stop.
async fn writer(
    database: &TestDatabase,
    rows: i64,
    (number, of): (i64, i64),
    plaintext: Plaintext,
    stop: &AtomicBool,
    model: &mut BTreeMap<i64, String>,
) {
    let (connection, vault) = (database.connection().await, index_vault(I2, &[]).await);
    let mut random = Random::seeded().fork(number.cast_unsigned());
    let sql = "insert into app.people (id, email, sealed, bidx) values ($1, $2, $3, $4)
        on conflict (id) do update set (email, sealed, bidx) = (excluded.email, excluded.sealed, excluded.bidx)";
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // One of fifty is new.
        let id = random.below((rows + rows / 50).cast_unsigned()).cast_signed() / of * of + number + 1;
        let email = format!("user-{id}-{number}-{round}@example.org");
        let sealed = vault.seal(&SEALED, &email, Place::row(id)).unwrap().into_bytes();
        let bidx = vault.index(&BIDX, &email, None).unwrap().as_bytes().to_vec();
        let plain = (plaintext == Plaintext::Same).then_some(&email);
        connection.execute(sql, &[&id, &plain, &sealed, &bidx]).await.unwrap();
        model.insert(id, email);
    }
}

/// Rotators that are killed, while others write.
async fn under_fire(
    database: &TestDatabase,
    connection: &Connection,
    task: RotationTask,
    plaintext: Plaintext,
    rows: i64,
    models: &mut [BTreeMap<i64, String>],
) -> u64 {
    let (stop, of) = (AtomicBool::new(false), i64::try_from(models.len()).unwrap());
    let writers = models.iter_mut().zip(0..);
    let writing = futures_util::future::join_all(
        writers.map(|(model, number)| writer(database, rows, (number, of), plaintext, &stop, model)),
    );
    let operating = async {
        let killed = operator(database, connection, task, rows, scaled(3, 20)).await;
        stop.store(true, Ordering::Relaxed);
        killed
    };
    tokio::join!(writing, operating).1
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_and_written_meanwhile_all_plaintext_is_sealed_and_then_gone() {
    let rows = scaled(3_000, 200_000);
    let database = database().await;
    let connection = database.connection().await;
    plain_people(&connection, rows).await;
    let writers = scaled(2, 4);
    let mut models: Vec<BTreeMap<i64, String>> = (0..writers)
        .map(|number| (1..=rows).filter(move |id| (id - 1) % writers == number && id % 10 > 0))
        .map(|ids| ids.map(|id| (id, email(id))).collect())
        .collect();
    let mut killed = 0;
    for (task, plaintext) in [(RotationTask::Adopt, Plaintext::Same), (RotationTask::Clear, Plaintext::Null)]
    {
        killed += under_fire(&database, &connection, task, plaintext, rows, &mut models).await;
        let ended = status(&connection, task).await.unwrap();
        println!("{task}: {:?} in {:.1} s and {} passes", ended.counts, ended.seconds, ended.pass);
        assert_eq!((ended.state, ended.counts.failed), (RotationState::Finished, 0));
        assert_eq!(ended.counts.scanned, ended.counts.rewritten + ended.counts.cas_lost);
        let left = rotation::adoption(&connection, &people(), &ident("email")).await.unwrap();
        assert_eq!(left.unsealed, 0);
        assert_eq!(left.plaintext == 0, task == RotationTask::Clear, "{left:?}");
        assert_eq!(rotation::unindexed(&connection, &people(), &people().indexes()[0]).await.unwrap(), 0);
    }
    assert!(killed > 0);
    let model: BTreeMap<i64, String> = models.into_iter().flatten().collect();
    let vault = index_vault(I2, &[]).await;
    let found =
        connection.query("select id, sealed, bidx from app.people where sealed is not null", &[]).await;
    let mut opened = BTreeMap::new();
    for row in &found.unwrap() {
        let (id, sealed): (i64, Vec<u8>) = (row.get(0), row.get(1));
        let sealed = pgkeel_crypto::Sealed::from_bytes(sealed).unwrap();
        let email = vault.open(&SEALED, &sealed, Place::row(id)).unwrap().expose().clone();
        assert_eq!(row.get::<_, &[u8]>(2), vault.index(&BIDX, &email, None).unwrap().as_bytes());
        opened.insert(id, email);
    }
    assert!(opened == model, "every value is the one that was written last");
}
