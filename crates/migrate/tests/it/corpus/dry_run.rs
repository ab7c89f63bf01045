//! Trying without anything that stays, and looking without rights or patience.

use pgkeel_connect::{Address, Config, Connection, Executor as _};
use pgkeel_migrate::{DryRun, Error, Migrations, Migrator, Target};
use pgkeel_testkit::{TestDatabase, eventually, scaled};

use super::files::read;
use super::{State, applied, corpus};
use crate::progress::Progress;
use crate::{count, locks};

/// Where every sequence is.
async fn sequences(connection: &Connection) -> String {
    let sql = "select coalesce(string_agg(format('%s.%s %s', schemaname, sequencename, last_value), ' ' order by schemaname, sequencename), '')
               from pg_sequences";
    connection.query_scalar(sql, &[]).await.unwrap()
}

#[tokio::test]
async fn each_file_is_tried_before_it_is_applied_and_leaves_nothing() {
    let corpus = corpus().await.first(scaled(16, 1000));
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let migrator = Migrator::new(database.config(), corpus.migrations()).with_target(Target::Steps(1));
    let rehearsal = migrator.clone().with_dry_run(DryRun::Rollback);
    let (mut by_rollback, mut refused) = (0, 0);
    let mut progress = Progress::of(corpus.migrations().len(), "files by rollback");
    for migration in corpus.migrations().iter() {
        let before = State::of(&connection).await;
        match rehearsal.up().await {
            Ok(report) => by_rollback += report.done.len(),
            Err(Error::CannotRehearse { .. }) => refused += 1,
            Err(error) => panic!("{migration}: {error}"),
        }
        State::of(&connection).await.assert_is(&before, migration.file());
        assert_eq!(locks(&database).await, 0);
        migrator.clone().without_record().up().await.unwrap();
        progress.add(1);
    }
    println!(
        "check 6: {by_rollback} files tried by rollback, {refused} refused to be, nothing left each time"
    );
    let outside = corpus.migrations().iter().filter(|file| file.directives().outside_transaction).count();
    assert_eq!((refused, by_rollback + refused), (outside, corpus.migrations().len()));
}

#[tokio::test]
async fn all_of_it_is_tried_in_a_shadow_and_leaves_nothing() {
    let corpus = corpus().await;
    let all = corpus.migrations().len();
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let migrator = Migrator::new(database.config(), corpus.migrations());
    let shadow = migrator.clone().with_dry_run(DryRun::Shadow);
    let (mut tried, mut times) = (0, 0);
    let mut progress = Progress::of(scaled(1, all - 1), "shadows");
    // From here on all that are left; in full from each file on, and by itself.
    for applied in (1..all).filter(|applied| scaled(*applied == all / 2, true)) {
        while migrator.status().await.unwrap().applied.len() < applied {
            let steps = scaled(applied, 1);
            migrator.clone().with_target(Target::Steps(steps)).up().await.unwrap();
        }
        let (before, moved) = (State::of(&connection).await, sequences(&connection).await);
        let steps = scaled(all - applied, if applied % 8 == 0 { all - applied } else { 1 });
        let report = shadow.clone().with_target(Target::Steps(steps)).up().await.unwrap();
        assert_eq!(report.done.len(), steps);
        (tried, times) = (tried + steps, times + 1);
        State::of(&connection).await.assert_is(&before, "after the shadow");
        assert_eq!((sequences(&connection).await, locks(&database).await), (moved, 0));
        progress.add(1);
    }
    println!("check 6: {tried} files tried in {times} shadows, nothing left each time, no sequence moved");
}

/// What hides that it ends a transaction. The server finds it out as it runs.
const HIDDEN: [&str; 3] = [
    "create table left_over (id serial); insert into left_over default values; do $$ begin commit; end $$;",
    "create procedure leaves() language plpgsql as $$ begin create table left_over (id int); commit; end $$; call leaves();",
    "create table left_over (id int); do $$ begin execute 'roll' || 'back'; end $$;",
];

#[tokio::test]
async fn what_controls_transactions_or_cannot_be_a_file_stays_neither_for_good_nor_to_try() {
    let database = applied().await;
    let connection = database.connection().await;
    let (before, applied) = (State::of(&connection).await, super::corpus().await);
    let (hidden, refused) = (HIDDEN.map(|text| ("hidden".to_owned(), text.to_owned())), read("refused"));
    let (mut conflicts, mut failures) = (0, 0);
    for (name, text) in hidden.into_iter().chain(refused) {
        let mut files = applied.files();
        files.push(("V900__bad.sql", &text));
        let migrator = Migrator::new(database.config(), Migrations::from_static(&files).unwrap());
        let is_looked_at = scaled(name == "hidden", true);
        for dry_run in [None, Some(DryRun::Rollback), Some(DryRun::Shadow)] {
            let moved = if is_looked_at { sequences(&connection).await } else { String::new() };
            let migrator = dry_run.map_or(migrator.clone(), |how| migrator.clone().with_dry_run(how));
            match migrator.up().await.unwrap_err() {
                Error::Conflicts { .. } if name != "hidden" => conflicts += 1,
                error if name == "hidden" && error.file().is_some() => failures += 1,
                error => panic!("{name}, {dry_run:?}: {error:?}"),
            }
            if is_looked_at {
                State::of(&connection).await.assert_is(&before, &name);
                // But for the log's own, if it was no dry run.
                assert!(dry_run.is_none() || sequences(&connection).await == moved, "{name}, {dry_run:?}");
            }
        }
    }
    State::of(&connection).await.assert_is(&before, "behind all");
    println!(
        "check 6: {conflicts} times refused by name, {failures} times by the server, nothing left each time"
    );
}

#[tokio::test]
async fn who_may_only_look_sees_what_is_pending_also_while_somebody_is_at_it() {
    let (database, corpus) = (applied().await, corpus().await);
    let looker = Looker::of(&database).await;
    let admin = database.connection().await;
    let mut files = corpus.files();
    files.push(("V900__slow.sql", "select pg_sleep(600);"));
    let migrations = Migrations::from_static(&files).unwrap();
    let asking = looker.migrator(&database, migrations.clone());
    // Without the history it is said at once what is missing; a right to nothing but the history is enough.
    let error = asking.status().await.unwrap_err();
    assert!(error.server().is_some_and(|server| server.code().code() == "42501"), "{error:?}");
    let right = format!(
        "grant usage on schema pgkeel to {0}; grant select on pgkeel.refinery_schema_history to {0}",
        looker.role
    );
    admin.batch_execute(&right).await.unwrap();

    let slow = Migrator::new(database.config(), migrations);
    let running = tokio::spawn(async move { slow.up().await });
    eventually("the file is running", async || (locks(&database).await == 1).then_some(())).await;
    for _ in 0..scaled(1, 100) {
        let (status, plan) = (asking.status().await.unwrap(), asking.plan().await.unwrap());
        assert_eq!((status.pending.len(), plan.files.len(), status.conflicts.len()), (1, 1, 0));
        assert!(status.holder.is_some());
    }
    assert!(!running.is_finished());
    running.abort();

    let empty = TestDatabase::empty().await;
    looker.may_connect_to(&empty).await;
    let asking = looker.migrator(&empty, corpus.migrations());
    assert_eq!(asking.plan().await.unwrap().files.len(), corpus.migrations().len());
    assert_eq!(asking.status().await.unwrap().pending.len(), corpus.migrations().len());
    let nothing = "select count(*) from pg_namespace where nspname = 'pgkeel'";
    assert_eq!(count(&empty, nothing).await, 0);
    looker.drop_from(&[&database, &empty]).await;
}

/// A role that may connect, and see what everybody may see of the catalogs.
struct Looker {
    role: String,
}

impl Looker {
    async fn of(database: &TestDatabase) -> Self {
        let looker = Self { role: format!("looker_of_{}", database.address().database()) };
        database
            .connection()
            .await
            .batch_execute(&format!("create role {} login", looker.role))
            .await
            .unwrap();
        looker.may_connect_to(database).await;
        looker
    }

    async fn may_connect_to(&self, database: &TestDatabase) {
        let (name, role) = (database.address().database(), &self.role);
        let rights = format!(
            "revoke all on database {name} from public; revoke all on schema public from public; grant connect on database {name} to {role}"
        );
        database.connection().await.batch_execute(&rights).await.unwrap();
    }

    fn migrator(&self, database: &TestDatabase, migrations: Migrations) -> Migrator {
        let address = database.address();
        let host = address.hosts()[0].clone();
        Migrator::new(Config::new(Address::new(host, &self.role, address.database())), migrations)
    }

    async fn drop_from(self, databases: &[&TestDatabase]) {
        for database in databases {
            let owned = format!("drop owned by {}", self.role);
            database.connection().await.batch_execute(&owned).await.unwrap();
        }
        let gone = format!("drop role {}", self.role);
        databases[0].connection().await.batch_execute(&gone).await.unwrap();
    }
}
