//! Step by step through the corpus, and back from each step on a copy.

use pgkeel_connect::{Config, Connection, Executor as _, dial};
use pgkeel_migrate::{Aspect, Back, Differences, Fingerprint, Migrator, Scope, Snapshot, Target};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::files::{Corpus, expected};
use crate::progress::Progress;
use crate::{dump, major};

/// What no dump tells: a table says that an index identifies its rows, and there is none.
const NOT_IN_DUMPS: &str = "index that is gone";

/// A schema in both ways of writing it.
struct Both {
    /// How the database came to it.
    step: String,
    snapshot: Snapshot,
    fingerprint: Fingerprint,
    dump: String,
}

impl Both {
    async fn of(config: &Config, step: &str) -> Self {
        let connection = dial(config).await.unwrap();
        let snapshot = Snapshot::take(&connection, &Scope::default().with(Aspect::Owners)).await.unwrap();
        let dump = dump(config.address(), &connection).await;
        connection.close().await;
        Self { step: step.to_owned(), fingerprint: snapshot.fingerprint(), snapshot, dump }
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
    fn add(&mut self, one: &Both, other: &Both) {
        let (is_same, is_same_dump) = (one.fingerprint == other.fingerprint, one.dump == other.dump);
        (self.asked, self.same) = (self.asked + 1, self.same + usize::from(is_same));
        if is_same == is_same_dump {
            return;
        }
        let differences = Differences::between(&one.snapshot, &other.snapshot).to_string();
        if !differences.contains(NOT_IN_DUMPS) {
            self.wrong.push(format!(
                "{} and {}: the same to the snapshot: {is_same}, to pg_dump: {is_same_dump}\n{differences}",
                one.step, other.step
            ));
        }
    }
}

/// All that the database was on its way.
#[derive(Default)]
struct Way {
    schemas: Vec<Both>,
    /// Of each step.
    steps: Verdicts,
    /// Of each schema and every other, which are many more that differ.
    all: Verdicts,
}

impl Way {
    /// What a step led to from the schema at this place; its own place.
    fn add(&mut self, after: Both, before: Option<usize>) -> usize {
        if let Some(before) = before {
            self.steps.add(&self.schemas[before], &after);
        }
        for other in &self.schemas {
            self.all.add(other, &after);
        }
        self.schemas.push(after);
        self.schemas.len() - 1
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
    let (mut way, mut failed, mut progress) = (Way::default(), 0, Progress::of(sound.len(), "steps"));
    let mut before = way.add(Both::of(&database.config(), "nothing").await, None);
    for migration in sound.iter() {
        up.up().await.unwrap();
        let after = way.add(Both::of(&database.config(), migration.file()).await, Some(before));
        let ways = [Some(&sound), is_rotten(migration.file()).then_some(&rotten)];
        for migrations in ways.into_iter().flatten() {
            let copy = copy(&admin, &database).await;
            let down = Migrator::new(copy.clone(), migrations.clone()).accepting_edited_downs();
            if down.down(Back::Steps(1)).await.is_ok() {
                let back = format!("back from {migration}");
                way.add(Both::of(&copy, &back).await, Some(before));
            } else {
                failed += 1;
            }
            admin.batch_execute(&drop_copy(&copy)).await.unwrap();
        }
        before = after;
        progress.add(1);
    }
    let Way { schemas, steps, all } = way;
    println!(
        "check 7: {} steps seen by a snapshot and by pg_dump, {} of them led to the same; {failed} ways back failed; {} verdicts \
         differ (bound 0)",
        steps.asked,
        steps.same,
        steps.wrong.len()
    );
    println!(
        "check 7: each of {} schemas beside every other, {} comparisons, {} of the same; {} verdicts differ (bound 0)",
        schemas.len(),
        all.asked,
        all.same,
        all.wrong.len()
    );
    assert!(all.wrong.is_empty(), "{} of {}:\n{}", all.wrong.len(), all.asked, all.wrong.join("\n"));
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
