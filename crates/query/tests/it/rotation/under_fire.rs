//! Rotators that are killed while others write, and what is left in the end.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgkeel_query::connect::{self, Address, Config, HostName};
use pgkeel_query::rotation::RotationState;
use pgkeel_testkit::{Random, eventually, is_soak, scaled};

use super::*;

const ADDRESS: &str = "PGKEEL_QUERY_ROTATION_ADDRESS";

/// On its own it does nothing; the one below starts it and kills it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_rotates() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let new = vault(K2, &[K1], &[]).await;
    let connection = connect::dial(&Config::new(address.parse::<Address>().unwrap())).await.unwrap();
    connection.batch_execute("set application_name = 'rotator'").await.unwrap();
    let column = emails();
    let rotation = Rotation::new(&new, &column).lease(Duration::from_secs(1)).most_rows(scaled(20, 1_000));
    rotation.range_rows(scaled(200, 5_000)).run(&connection, |_| {}).await.unwrap();
}

/// A process of its own, killed at the end.
struct Rotator(Child);

impl Rotator {
    fn start(database: &TestDatabase) -> Self {
        let (address, host) = (database.address(), &database.address().hosts()[0]);
        let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
        let (user, name) = (address.user(), address.database());
        let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "rotation::under_fire::one_process_rotates"]).env(ADDRESS, url);
        Self(program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Rotator {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

/// Writes the rows of every so many, under the new key, until it is told to stop. Returns what they have now.
async fn writer(
    database: &TestDatabase,
    rows: i64,
    (number, of): (i64, i64),
    stop: &AtomicBool,
) -> BTreeMap<i64, String> {
    let (connection, new) = (database.connection().await, vault(K2, &[K1], &[]).await);
    let mut model: BTreeMap<i64, String> =
        (1..=rows).filter(|id| id % of == number).map(|id| (id, email(id))).collect();
    let mut random = Random::seeded().fork(number.cast_unsigned());
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id =
            1 + (random.below(rows.cast_unsigned()).cast_signed() / of * of + number - 1).rem_euclid(rows);
        let Some(known) = model.get_mut(&id) else { continue };
        *known = format!("user-{id}-{round}@example.org");
        let cell = sealed(&new, id, known);
        let changed =
            connection.execute("update app.users set email = $2 where id = $1", &[&id, &cell]).await;
        assert_eq!(changed.unwrap(), 1);
    }
    model
}

/// The longest that a transaction of a rotator's was seen open that had written or locked a row: no lock outlives its transaction.
async fn longest_locks(database: &TestDatabase, stop: &AtomicBool) -> Duration {
    let connection = database.connection().await;
    let sql = "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 from pg_stat_activity
        where application_name = 'rotator' and backend_xid is not null and datname = current_database()";
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let seconds: f64 = connection.query_scalar(sql, &[]).await.unwrap();
        longest = longest.max(Duration::from_secs_f64(seconds.max(0.0)));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    longest
}

async fn status(connection: &Connection) -> Option<rotation::RotationStatus> {
    rotation::rotations(connection).await.unwrap().pop() // the first that was begun
}

/// Kills one of the two at moments that are spread over the rotation, and starts another in its place; then waits for its end.
async fn operator(database: &TestDatabase, connection: &Connection, rows: i64, kills: u64) -> u64 {
    let mut random = Random::seeded();
    let mut rotators = [Rotator::start(database), Rotator::start(database)];
    let mut killed = 0;
    for kill in 0..kills {
        // In the first half, as what writers get to first is not the rotators' to do.
        let moment = rows.cast_unsigned() * (kill + 1) / (2 * kills + 2);
        let state = eventually("the rotation goes on", async || {
            let status = status(connection).await?;
            (status.counts.scanned >= moment || status.state == RotationState::Finished)
                .then_some(status.state)
        })
        .await;
        tokio::time::sleep(Duration::from_micros(random.below(5_000))).await;
        let victim = &mut rotators[usize::try_from(random.below(2)).unwrap()];
        killed += u64::from(state == RotationState::Running && victim.0.try_wait().unwrap().is_none());
        *victim = Rotator::start(database);
    }
    eventually("the rotation ends", async || {
        let ended = status(connection).await.is_some_and(|status| status.state != RotationState::Running);
        let is_over = rotators.iter_mut().all(|rotator| rotator.0.try_wait().unwrap().is_some());
        (ended && is_over).then_some(())
    })
    .await;
    killed
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_and_written_meanwhile_each_row_is_right_and_counted_once() {
    let (rows, writers, kills) = (scaled(3_000, 200_000), scaled(2, 4), scaled(4, 20));
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, rows).await;
    connection
        .batch_execute(
            "create table app.rewritten (id int8 not null);
            create function app.note() returns trigger language plpgsql as
                'begin insert into app.rewritten values (new.id); return null; end';
            create trigger note after update on app.users for each row
                when (current_setting('application_name') = 'rotator') execute function app.note()",
        )
        .await
        .unwrap();
    let stop = AtomicBool::new(false);
    let writing = futures_util::future::join_all(
        (0..writers).map(|number| writer(&database, rows, (number, writers), &stop)),
    );
    let operating = async {
        let killed = operator(&database, &connection, rows, kills).await;
        stop.store(true, Ordering::Relaxed);
        killed
    };
    let (models, longest, killed) = tokio::join!(writing, longest_locks(&database, &stop), operating);

    assert_eq!(by_key(&connection).await, under(K2, rows.cast_unsigned()));
    let model: BTreeMap<i64, String> = models.into_iter().flatten().collect();
    assert!(opened(&connection, &new).await == model, "no update is lost");
    let ended = status(&connection).await.unwrap();
    let counts = ended.counts;
    println!("{counts:?} after {killed} kills in {:.1} s; no lock longer than {longest:?}", ended.seconds);
    assert_eq!((ended.state, counts.failed), (RotationState::Finished, 0));
    let noted = "select count(*), count(distinct id) from app.rewritten";
    let noted = connection.query_one(noted, &[]).await.unwrap();
    assert_eq!(
        (noted.get(0), noted.get(1)),
        (counts.rewritten.cast_signed(), counts.rewritten.cast_signed())
    );
    assert_eq!(counts.scanned, counts.rewritten + counts.cas_lost);
    assert!(counts.scanned <= rows.cast_unsigned(), "a row is counted once, whoever was killed");
    assert_eq!(killed, kills);
    if is_soak() {
        assert!(longest < Duration::from_millis(200), "{longest:?}");
    }
}
