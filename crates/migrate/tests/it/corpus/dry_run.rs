//! Trying without anything that stays, and looking without rights or patience.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{DryRun, Error, Migrations, Migrator, Target};
use pgkeel_testkit::{TestDatabase, eventually, scaled};

use super::files::read;
use super::{State, applied, corpus};
use crate::{count, locks};

/// Where every sequence is.
async fn sequences(database: &TestDatabase) -> i64 {
    let sql = "select coalesce(sum(hashtext(format('%s %s %s', schemaname, sequencename, last_value))::int8), 0)::int8 from pg_sequences";
    count(database, sql).await
}

#[tokio::test]
async fn each_file_is_tried_before_it_is_applied_and_leaves_nothing() {
    let corpus = corpus().await.first(scaled(40, 1000));
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let migrator = Migrator::new(database.config(), corpus.migrations()).with_target(Target::Steps(1));
    let rehearsal = migrator.clone().with_dry_run(DryRun::Rollback);
    let (mut before, mut by_rollback, mut refused) = (State::of(&connection).await, 0, 0);
    for migration in corpus.migrations().iter() {
        match rehearsal.up().await {
            Ok(report) => by_rollback += report.done.len(),
            Err(Error::CannotRehearse { .. }) => refused += 1,
            Err(error) => panic!("{migration}: {error}"),
        }
        State::of(&connection).await.assert_is(&before, migration.file());
        assert_eq!(locks(&database).await, 0);
        migrator.up().await.unwrap();
        before = State::of(&connection).await;
    }
    println!("{by_rollback} by rollback, {refused} not so");
    let outside = corpus.migrations().iter().filter(|file| file.directives().outside_transaction).count();
    assert_eq!((refused, by_rollback + refused), (outside, corpus.migrations().len()));
}

#[tokio::test]
async fn all_of_it_is_tried_in_a_shadow_and_leaves_nothing() {
    let corpus = corpus().await;
    let migrator = |database: &TestDatabase| Migrator::new(database.config(), corpus.migrations());
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let half = corpus.migrations().len() / 2;
    migrator(&database).with_target(Target::Steps(half)).up().await.unwrap();
    let (before, moved) = (State::of(&connection).await, sequences(&database).await);
    let report = migrator(&database).with_dry_run(DryRun::Shadow).up().await.unwrap();
    assert_eq!(report.done.len(), corpus.migrations().len() - half);
    State::of(&connection).await.assert_is(&before, "after the shadow");
    assert_eq!((sequences(&database).await, locks(&database).await), (moved, 0));
}

#[tokio::test]
async fn what_is_refused_runs_neither_for_good_nor_to_try() {
    let database = applied().await;
    let connection = database.connection().await;
    let (before, applied) = (State::of(&connection).await, super::corpus().await);
    for (name, text) in read("refused") {
        let file = format!("V900__{}.sql", name.trim_end_matches(".sql").split_once('_').unwrap().1);
        let mut files = applied.files();
        files.push((&file, &text));
        let migrator = Migrator::new(database.config(), Migrations::from_static(&files).unwrap());
        for dry_run in [None, Some(DryRun::Rollback), Some(DryRun::Shadow)] {
            let migrator = dry_run.map_or(migrator.clone(), |how| migrator.clone().with_dry_run(how));
            assert!(matches!(migrator.up().await, Err(Error::Conflicts { .. })), "{name}, {dry_run:?}");
        }
        State::of(&connection).await.assert_is(&before, &name);
    }
}

#[tokio::test]
async fn who_may_only_look_sees_what_is_pending_also_while_somebody_is_at_it() {
    let (database, corpus) = (applied().await, corpus().await);
    let role = format!("looker_of_{}", database.address().database());
    let admin = database.connection().await;
    // Of what is not in the catalogs it needs the history alone.
    let rights = format!(
        "create role {role} login; grant usage on schema pgkeel to {role}; grant select on all tables in schema pgkeel to {role}"
    );
    admin.batch_execute(&rights).await.unwrap();
    let mut files = corpus.files();
    files.push(("V900__slow.sql", "select pg_sleep(600);"));
    let migrations = Migrations::from_static(&files).unwrap();
    let slow = Migrator::new(database.config(), migrations.clone());
    let running = tokio::spawn(async move { slow.up().await });
    eventually("the file is running", async || (locks(&database).await == 1).then_some(())).await;
    let looker = Migrator::new(as_role(&database, &role), migrations);
    let (status, plan) = (looker.status().await.unwrap(), looker.plan().await.unwrap());
    assert_eq!((status.pending.len(), plan.files.len(), status.conflicts.len()), (1, 1, 0));
    assert!(status.holder.is_some());
    running.abort();

    let empty = TestDatabase::empty().await;
    let looker = Migrator::new(as_role(&empty, &role), corpus.migrations());
    assert_eq!(looker.plan().await.unwrap().files.len(), corpus.migrations().len());
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

fn as_role(database: &TestDatabase, role: &str) -> Config {
    let address = database.address();
    Config::new(Address::new(address.hosts()[0].clone(), role, address.database()))
}
