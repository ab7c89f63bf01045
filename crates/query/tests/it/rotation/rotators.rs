//! Processes that work on a rotation, and are killed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pgkeel_query::connect::{self, Address, Config, HostName};
use pgkeel_query::rotation::{RotationState, RotationTask};
use pgkeel_testkit::{Random, eventually};

use super::adoption::people;
use super::*;

const ADDRESS: &str = "PGKEEL_QUERY_ROTATION_ADDRESS";
const TASK: &str = "PGKEEL_QUERY_ROTATION_TASK";
const ROWS: &str = "PGKEEL_QUERY_ROTATION_ROWS";

/// On its own it does nothing; tests start it and kill it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_rotates() {
    let (Ok(address), Ok(task)) = (std::env::var(ADDRESS), std::env::var(TASK)) else { return };
    let connection = connect::dial(&Config::new(address.parse::<Address>().unwrap())).await.unwrap();
    connection.batch_execute("set application_name = 'rotator'").await.unwrap();
    let (users, people, plaintext) = (emails(), people(), ident("email"));
    let (new, indexes) = (vault(K2, &[K1], &[]).await, index_vault(I2, &[I1]).await);
    let rotation = match task.as_str() {
        "reseal" => Rotation::new(&new, &users),
        "reindex" => Rotation::of_index(&indexes, &people, &people.indexes()[0]),
        "adopt" => Rotation::adopting(&indexes, &people, &plaintext),
        "clear" => Rotation::clearing(&indexes, &people, &plaintext),
        other => panic!("{other}"),
    };
    let rows: u32 = std::env::var(ROWS).unwrap().parse().unwrap();
    let rotation = rotation.lease(Duration::from_secs(1)).most_rows(rows / 150).range_rows(rows / 20);
    rotation.run(&connection, |_| {}).await.unwrap();
}

/// A process of its own, killed at the end.
struct Rotator(Child);

impl Rotator {
    fn start(database: &TestDatabase, task: RotationTask, rows: i64) -> Self {
        let (address, host) = (database.address(), &database.address().hosts()[0]);
        let HostName::Socket(socket) = host.name() else { panic!("the server of tests listens on a socket") };
        let (user, name) = (address.user(), address.database());
        let url = format!("postgresql://{user}@/{name}?host={}&port={}", socket.display(), host.port());
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "rotation::rotators::one_process_rotates"]).env(ADDRESS, url);
        program
            .env(TASK, task.to_string())
            .env(ROWS, rows.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(program.spawn().unwrap())
    }
}

impl Drop for Rotator {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

/// The first rotation that does this.
pub(super) async fn status(connection: &Connection, task: RotationTask) -> Option<rotation::RotationStatus> {
    rotation::rotations(connection).await.unwrap().into_iter().rfind(|rotation| rotation.task == task)
}

/// Kills one of the two at moments that are spread over the rotation, and starts another in its place; then waits for its end.
pub(super) async fn operator(
    database: &TestDatabase,
    connection: &Connection,
    task: RotationTask,
    rows: i64,
    kills: u64,
) -> u64 {
    let mut random = Random::seeded();
    let mut rotators = [Rotator::start(database, task, rows), Rotator::start(database, task, rows)];
    let mut killed = 0;
    for kill in 0..kills {
        // In the first half, as what writers get to first is not the rotators' to do.
        let moment = rows.cast_unsigned() * (kill + 1) / (2 * kills + 2);
        let state = eventually("the rotation goes on", async || {
            let status = status(connection, task).await?;
            (status.counts.scanned >= moment || status.state == RotationState::Finished)
                .then_some(status.state)
        })
        .await;
        tokio::time::sleep(Duration::from_micros(random.below(5_000))).await;
        let victim = &mut rotators[usize::try_from(random.below(2)).unwrap()];
        killed += u64::from(state == RotationState::Running && victim.0.try_wait().unwrap().is_none());
        *victim = Rotator::start(database, task, rows);
    }
    eventually("the rotation ends", async || {
        let status = status(connection, task).await;
        let ended = status.is_some_and(|status| status.state != RotationState::Running);
        let is_over = rotators.iter_mut().all(|rotator| rotator.0.try_wait().unwrap().is_some());
        (ended && is_over).then_some(())
    })
    .await;
    killed
}
