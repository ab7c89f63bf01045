//! Step by step through the corpus, and back from each step on a copy.

use pgkeel_connect::{Config, Connection, Executor as _, dial};
use pgkeel_migrate::{Aspect, Back, Differences, DryRun, Migrator, Scope, Snapshot, Target};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::dump;
use crate::files::{Corpus, expected};

/// What no dump tells: a table says that an index identifies its rows, and there is none.
const NOT_IN_DUMPS: &str = "index that is gone";

/// A schema in both ways of writing it.
struct Both {
    snapshot: Snapshot,
    dump: String,
}

impl Both {
    async fn of(config: &Config) -> Self {
        let connection = dial(config).await.unwrap();
        let snapshot = Snapshot::take(&connection, &Scope::default().with(Aspect::Owners)).await.unwrap();
        let dump = dump(config.address(), &connection).await;
        connection.close().await;
        Self { snapshot, dump }
    }
}

/// How often the one and the other were asked whether two schemas are the same, and where they did not agree.
#[derive(Default)]
struct Verdicts {
    asked: usize,
    same: usize,
    wrong: Vec<String>,
}

impl Verdicts {
    fn add(&mut self, what: &str, before: &Both, after: &Both) {
        let differences = Differences::between(&before.snapshot, &after.snapshot);
        let (is_same, is_same_dump) = (differences.is_empty(), before.dump == after.dump);
        (self.asked, self.same) = (self.asked + 1, self.same + usize::from(is_same));
        if is_same != is_same_dump && !differences.to_string().contains(NOT_IN_DUMPS) {
            self.wrong.push(format!(
                "{what}: the same to the snapshot: {is_same}, to pg_dump: {is_same_dump}\n{differences}"
            ));
        }
    }
}

#[tokio::test]
async fn a_snapshot_and_a_dump_agree_on_every_step_up_and_on_every_step_back() {
    let database = TestDatabase::empty().await;
    let admin = dial(&database.config().with_database("postgres")).await.unwrap();
    let corpus = Corpus::for_server(major(&admin).await).first(scaled(25, 1000));
    let (sound, rotten) = (corpus.migrations(), corpus.clone().with_rotten_downs().migrations());
    let is_rotten = |file: &str| expected("rotten").iter().any(|(rotten, _)| rotten == file);
    let up = Migrator::new(database.config(), sound.clone()).with_target(Target::Steps(1));
    let (mut verdicts, mut failed) = (Verdicts::default(), 0);
    let mut before = Both::of(&database.config()).await;
    for migration in sound.iter() {
        up.up().await.unwrap();
        let after = Both::of(&database.config()).await;
        verdicts.add(migration.file(), &before, &after);
        let ways = [Some(&sound), is_rotten(migration.file()).then_some(&rotten)];
        for migrations in ways.into_iter().flatten() {
            let copy = copy(&admin, &database).await;
            let down = Migrator::new(copy.clone(), migrations.clone()).accepting_edited_downs();
            match down.down(Back::Steps(1)).await {
                Ok(_) => verdicts.add(&format!("back from {migration}"), &before, &Both::of(&copy).await),
                Err(_) => failed += 1,
            }
            admin.batch_execute(&drop_copy(&copy)).await.unwrap();
        }
        before = after;
    }
    let Verdicts { asked, same, wrong } = verdicts;
    println!(
        "check 7: {asked} comparisons of a snapshot with pg_dump, {same} of them of the same; {failed} ways back failed; {} verdicts \
         differ (bound 0)",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_dump_is_the_same_after_a_dry_run() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let corpus = Corpus::for_server(major(&connection).await).first(scaled(25, 1000));
    let migrator = Migrator::new(database.config(), corpus.migrations());
    migrator.clone().with_target(Target::Steps(10)).up().await.unwrap();
    let before = dump(database.address(), &connection).await;
    migrator.with_dry_run(DryRun::Shadow).up().await.unwrap();
    assert_eq!(dump(database.address(), &connection).await, before);
}

async fn major(connection: &Connection) -> u32 {
    let number: i32 =
        connection.query_scalar("select current_setting('server_version_num')::int4", &[]).await.unwrap();
    number.unsigned_abs() / 10_000
}

/// A database with all that is in this one.
async fn copy(admin: &Connection, database: &TestDatabase) -> Config {
    let name = database.address().database();
    admin.batch_execute(&format!("create database {name}_copy template {name}")).await.unwrap();
    database.config().with_database(&format!("{name}_copy"))
}

fn drop_copy(copy: &Config) -> String {
    format!("drop database {} with (force)", copy.address().database())
}
