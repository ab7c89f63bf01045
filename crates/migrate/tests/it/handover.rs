//! The COMMIT of one file, with which the next one is sent: what holds of both when something goes wrong there.

use pgkeel_connect::{Address, Config, Executor as _, ServerError};
use pgkeel_migrate::{Error, Migrations, Migrator, Reason, Stays};
use pgkeel_testkit::{TestDatabase, eventually};

use crate::stop::stopped;
use crate::{count, has_table, history, migrator, recording};

/// The trigger catches the request to cancel, so that the COMMIT goes well and the next file runs.
#[tokio::test]
async fn a_commit_that_is_not_stopped_lets_the_next_file_be() {
    let database = TestDatabase::empty().await;
    let slow = "create table b (id int);
        create sequence ended;
        create function slow() returns trigger language plpgsql as $$
          begin
            perform pg_sleep(600);
            return null;
          exception when query_canceled then
            return null;
          end $$;
        create constraint trigger slow after insert on b deferrable initially deferred
          for each row execute function slow();";
    let files = [
        ("V1__a.sql", slow),
        ("V2__b.sql", "insert into b values (1);"),
        ("V3__c.sql", "select pg_sleep(20); select nextval('ended');"),
    ];
    let error = stopped(&database, migrator(&database, &files)).await;
    assert!(matches!(&error, Error::Stopped { before } if before.len() == 2), "{error:?}");
    assert_eq!(history(&database).await, [1, 2]);
    // It was cancelled, and not waited for.
    assert_eq!(count(&database, "select count(*) from ended where is_called").await, 0);
}

/// By what one file does, the server refuses to set what each finds set.
#[tokio::test]
async fn a_session_that_cannot_be_made_as_new_is_told_of_the_next_file() {
    let database = TestDatabase::empty().await;
    let name = database.address().database();
    let user = format!("{name}_user");
    let admin = database.connection().await;
    let made = format!(
        "create role {user} login; grant create on database {name} to {user};
         grant create, usage on schema public to {user};
         create function public.take() returns void language sql security definer as
           $$ revoke execute on function pg_catalog.set_config from public $$"
    );
    admin.batch_execute(&made).await.unwrap();
    let files = [
        ("V1__a.sql", "select 1;"),
        ("V2__b.sql", "create table b (id int); select public.take();"),
        ("V3__c.sql", "create table c (id int);"),
    ];
    let address = Address::new(database.address().hosts()[0].clone(), &user, name);
    let migrator = Migrator::new(Config::new(address), Migrations::from_static(&files).unwrap());
    let error = migrator.without_record().up().await.unwrap_err();
    let applied = (history(&database).await, has_table(&database, "c").await);
    admin.batch_execute(&format!("drop owned by {user}; drop role {user}")).await.unwrap();
    let failed = error.file().unwrap();
    assert!(failed.file == "V3__c.sql" && failed.stays == Stays::Nothing, "{error:?}");
    let code = failed.reason.server().map(|source| source.code().code());
    assert!(matches!(failed.reason, Reason::Besides(_)) && code == Some("42501"), "{error:?}");
    assert_eq!(applied, (vec![1, 2], false));
}

/// Whoever ends a session, such as a pooler that has lost the server, may not know what became of the COMMIT that was sent.
#[tokio::test]
async fn of_a_session_that_is_ended_with_a_commit_under_way_nothing_is_claimed() {
    let database = TestDatabase::empty().await;
    let ending = "create function ending() returns trigger language plpgsql as
          $$ begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(600); end $$;
        create trigger ending before insert on pgkeel.refinery_schema_history
          for each row when (new.version = 2) execute function ending();";
    let files = [("V1__a.sql", ending), ("V2__b.sql", "select 2;"), ("V3__c.sql", "select 3;")];
    let error = migrator(&database, &files).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert!(failed.file == "V2__b.sql" && failed.stays == Stays::Unknown, "{error:?}");
    assert!(matches!(failed.reason, Reason::OutcomeUnknown(Some(_))), "{error:?}");
}

/// COMMIT says nothing of it, as it rolls back a transaction that has failed.
#[tokio::test]
async fn behind_a_row_of_the_history_that_is_refused_the_next_file_does_not_run() {
    let database = TestDatabase::empty().await;
    let refusing = "create function refusing() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$;
        create trigger refusing before insert on pgkeel.refinery_schema_history
          for each row when (new.version = 2) execute function refusing();";
    let files = [
        ("V1__a.sql", refusing),
        ("V2__b.sql", "create table b (id int);"),
        ("V3__c.sql", "create table c (id int);"),
    ];
    let error = migrator(&database, &files).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert!(failed.file == "V2__b.sql" && failed.stays == Stays::Nothing, "{error:?}");
    let is_told = failed.reason.server().is_some_and(|source| source.message() == "not this one");
    assert!(matches!(failed.reason, Reason::Besides(_)) && is_told, "{error:?}");
    assert_eq!(history(&database).await, [1]);
    assert!(!has_table(&database, "b").await && !has_table(&database, "c").await);
}

/// Waits for the connection on which the schema is to be read, as `reader`, and does this then.
fn once_ready(then: &str) -> String {
    format!(
        "do $$ declare looks int = 0; reader int; begin
          loop
            perform pg_stat_clear_snapshot();
            select pid into reader from pg_stat_activity where datname = current_database()
              and application_name = 'pgkeel-migrate record' and state = 'idle' and query = 'rollback';
            exit when found;
            looks := looks + 1;
            if looks > 6000 then raise 'nobody is ready'; end if;
            perform pg_sleep(0.01);
          end loop;
          {then};
        end $$;"
    )
}

/// So many that such a connection pays, the last one with this text.
fn hundred(last: &str) -> Vec<(String, &str)> {
    (1..=100).map(|n| (format!("V{n}__a.sql"), if n == 100 { last } else { "select 1;" })).collect()
}

#[tokio::test]
async fn the_schema_is_recorded_although_the_connection_that_was_made_ready_for_it_is_lost() {
    let database = TestDatabase::empty().await;
    let ending = once_ready("perform pg_terminate_backend(reader)");
    let files = hundred(&ending);
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), *text)).collect();
    recording(&database, &files).up().await.unwrap();
    assert_eq!(count(&database, "select count(*) from pgkeel.schema_snapshot").await, 1);
}

#[tokio::test]
async fn the_connection_that_was_made_ready_is_closed_when_a_file_fails() {
    let database = TestDatabase::empty().await;
    let failing = once_ready("raise 'not this one'");
    let files = hundred(&failing);
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), *text)).collect();
    let error = recording(&database, &files).up().await.unwrap_err();
    let source = error.file().and_then(|failed| failed.reason.server());
    assert_eq!(source.map(ServerError::message), Some("not this one"), "{error:?}");
    let readers = "select count(*) from pg_stat_activity where datname = current_database()
        and application_name = 'pgkeel-migrate record'";
    eventually("it is gone", async || (count(&database, readers).await == 0).then_some(())).await;
}

/// Triggers that are put off do to the session what a file does not, as it is committed.
#[tokio::test]
async fn what_commit_itself_leaves_of_the_session_does_not_reach_the_next_file() {
    let late = [
        "execute 'prepare late as select 1'",
        "execute 'listen late'",
        "execute 'declare late cursor with hold for select 1'",
        "execute 'create temp table late ()'",
        "perform set_config('search_path', 'pg_temp', false)",
        "perform set_config('pgkeel.late', 'late', false)",
        "perform pg_catalog.set_config('pgkeel.file', '7', false)",
    ];
    for statement in late {
        let database = TestDatabase::empty().await;
        let made = format!(
            "create table b (id int);
             create function late() returns trigger language plpgsql as $$ begin {statement}; return null; end $$;
             create constraint trigger late after insert on b deferrable initially deferred
               for each row execute function late();"
        );
        let files = [
            ("V1__a.sql", made.as_str()),
            ("V2__b.sql", "insert into b values (1);"),
            (
                "V3__c.sql",
                "create table c as select (select count(*) from pg_prepared_statements where name = 'late')
                 + (select count(*) from pg_cursors where name = 'late') + (select count(*) from pg_listening_channels())
                 + (select count(*) from pg_class where relname = 'late') + length(coalesce(current_setting('pgkeel.late', true), ''))
                   as left, current_setting('search_path') as path;",
            ),
            ("V4__d.sql", "prepare late as select 1; declare late cursor with hold for select 1;"),
        ];
        let report = migrator(&database, &files).up().await;
        assert!(report.is_ok(), "{statement}: {report:?}");
        let clean =
            "select count(*) from public.c where \"left\" = 0 and path = current_setting('search_path')";
        assert_eq!(count(&database, clean).await, 1, "{statement}");
        let ok =
            "select count(*) from pgkeel.migration_log where status = 'ok' and name in ('a', 'b', 'c', 'd')";
        assert_eq!(
            (history(&database).await, count(&database, ok).await),
            (vec![1, 2, 3, 4], 4),
            "{statement}"
        );
    }
}

/// Whatever COMMIT has reset by itself.
#[tokio::test]
async fn behind_a_session_that_could_not_be_cleaned_in_time_the_next_file_finds_nothing_of_it() {
    let database = TestDatabase::empty().await;
    let alter = format!("alter database {} set statement_timeout = '10ms'", database.address().database());
    database.connection().await.batch_execute(&alter).await.unwrap();
    let made = "create table b (id int);
        create function late() returns trigger language plpgsql as $$ begin
            for n in 1..1000 loop execute format('create temp table late%s (id int primary key)', n); end loop;
            execute 'reset all';
            return null;
          end $$;
        create constraint trigger late after insert on b deferrable initially deferred
          for each row execute function late();";
    let found = "create table public.c as select count(*) as n from pg_class where relname = 'late1';";
    let files = [("V1__a.sql", made), ("V2__b.sql", "insert into b values (1);"), ("V3__c.sql", found)];
    let applied = migrator(&database, &files).up().await;
    // Alone it is told that the session cannot be made as new in so little time.
    let is_clean = applied.is_err() || count(&database, "select n from public.c").await == 0;
    assert!(is_clean, "{applied:?}");
}

/// Then the server reads the next file as one was never meant to be read.
#[tokio::test]
async fn a_file_behind_a_session_that_was_not_cleaned_is_read_as_alone() {
    let database = TestDatabase::empty().await;
    let made = "create table b (id int);
        create function late() returns trigger language plpgsql as $$ begin
            for n in 1..1000 loop execute format('create temp table late%s (id int primary key)', n); end loop;
            perform set_config('standard_conforming_strings', 'off', false);
            perform set_config('statement_timeout', '10ms', false);
            return null;
          end $$;
        create constraint trigger late after insert on b deferrable initially deferred
          for each row execute function late();";
    let files = [
        ("V1__a.sql", made),
        ("V2__b.sql", "insert into b values (1);"),
        ("V3__c.sql", r"create table c as select 'a\' as text;"),
        ("V4__d.sql", "select 1;"),
    ];
    migrator(&database, &files).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
    assert_eq!(count(&database, r"select count(*) from c where text = 'a\'").await, 1);
}

/// Although what records it is made ready before.
#[tokio::test]
async fn a_file_is_applied_when_the_one_before_has_been() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "select pg_sleep(0.2);"),
        ("V2__b.sql", "select pg_sleep(0.2);"),
        ("V3__c.sql", "select 3;"),
    ];
    migrator(&database, &files).up().await.unwrap();
    let behind = "select count(*) from pgkeel.refinery_schema_history as h join pgkeel.migration_log as l
        on l.version = h.version - 1 and status = 'ok' and finished_at <= applied_on::timestamptz";
    assert_eq!(count(&database, behind).await, 2);
}
