//! Files that go one behind the other: how often each has to wait for the server, and what holds although the next is sent
//! before it is known what became of the one before.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{Error, Event, Location, Migrations, Migrator, Reason, Stays, Stop};
use pgkeel_testkit::{Proxy, TestDatabase};

use crate::{count, has_table, history, locks, log, migrator};

/// Between two that are nothing.
fn between(text: &str) -> [(&str, &str); 3] {
    [("V1__a.sql", "select 1;"), ("V2__b.sql", text), ("V3__c.sql", "create table c (id int);")]
}

/// Twenty tables, behind this.
async fn least_flights_of_a_file(first: Option<(&str, &str)>) -> Option<u64> {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let files: Vec<(String, String)> =
        (1..=20).map(|n| (format!("V{n}__a.sql"), format!("create table t{n} (id int);"))).collect();
    let files = files.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    let files: Vec<(&str, &str)> = first.into_iter().chain(files).collect();
    let migrator = Migrator::new(Config::new(proxy.address()), Migrations::from_static(&files).unwrap());
    let mut flights = Vec::new();
    let tell = |event: Event<'_>| {
        if matches!(event, Event::Done(_)) {
            flights.push(proxy.flights());
        }
    };
    migrator.up_with(tell).await.unwrap();
    // Where a file takes its time, somebody looks on meanwhile.
    flights.windows(2).map(|pair| pair[1] - pair[0]).min()
}

#[tokio::test]
async fn a_file_takes_one_flight() {
    assert_eq!(least_flights_of_a_file(None).await, Some(1));
}

#[tokio::test]
async fn a_file_takes_one_flight_too_where_the_first_of_all_goes_alone() {
    let alone = [
        ("before_run.sql", "select 1;"),
        ("V0__a.sql", "-- pgkeel: transaction=off\nselect 1;"),
        ("V0__a.sql", "-- pgkeel: lock_timeout=1s\nselect 1;"),
    ];
    for first in alone {
        assert_eq!(least_flights_of_a_file(Some(first)).await, Some(1), "{first:?}");
    }
}

/// As for a file alone.
#[tokio::test]
async fn the_first_file_finds_the_session_as_new_whatever_making_the_tables_has_set_off() {
    let database = TestDatabase::empty().await;
    let set_off = "create function leave() returns event_trigger language plpgsql as
            $$ begin perform set_config('search_path', 'pg_temp', false); end $$;
        create event trigger leave on ddl_command_end execute function leave();";
    database.connection().await.batch_execute(set_off).await.unwrap();
    let files = [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", "create table b (id int);")];
    migrator(&database, &files).up().await.unwrap();
    assert!(has_table(&database, "a").await && has_table(&database, "b").await);
    assert_eq!(history(&database).await, [1, 2]);
}

/// To connect, to look, to take the lock, to look again, to make the tables, and to be ready for many files. What does not
/// depend on each other goes together; one after the other they would be twice as many.
#[tokio::test]
async fn few_flights_come_before_the_first_file() {
    const MOST: u64 = 18;
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    let files = Migrations::from_static(&between("select 2;")).unwrap();
    let mut flights = None;
    let tell = |event: Event<'_>| {
        if matches!(event, Event::Begun { .. }) {
            flights.get_or_insert(proxy.flights());
        }
    };
    Migrator::new(Config::new(proxy.address()), files).up_with(tell).await.unwrap();
    assert!(flights.is_some_and(|flights| flights <= MOST), "{flights:?}");
}

#[tokio::test]
async fn that_a_file_is_begun_is_logged_with_the_end_of_the_one_before() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "select 1;"), ("V2__b.sql", "select 2;"), ("V3__c.sql", "select 1/0;")];
    migrator(&database, &files).up().await.unwrap_err();
    let together =
        "select count(*) from pgkeel.migration_log one join pgkeel.migration_log next on one.xmin = next.xmin
        where one.status = 'ok' and next.status = 'running' and next.version = one.version + 1
          and next.started_at >= one.finished_at";
    assert_eq!(count(&database, together).await, 2);
    assert_eq!(
        log::rows(&database).await[3..],
        ["2 up ok transaction 1/1", "3 up running transaction 0/1", "3 up failed transaction 0/1"]
    );
}

#[tokio::test]
async fn mistakes_are_where_they_are_in_the_file() {
    let cases = [
        ("select 'é';\ncreate tabel b (id int);", 2, 8),
        ("create table b (id int);\nselect 'é', nothing from b;", 2, 13),
        ("create table b (id int);\n  select 1/0;", 2, 3),
        ("select 1/0;", 1, 1),
        ("selec 1;", 1, 1),
        ("select 'open;", 1, 8),
        ("create table b (id int", 2, 1),
    ];
    for (text, line, column) in cases {
        let database = TestDatabase::empty().await;
        let error = migrator(&database, &between(text)).up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert_eq!(failed.at, Some(Location { line, column }), "{text}: {error:?}");
        assert!(matches!(failed.reason, Reason::Refused(_)) && failed.stays == Stays::Nothing);
        assert!(!has_table(&database, "b").await && !has_table(&database, "c").await);
        assert_eq!((history(&database).await, log::rows(&database).await.len()), (vec![1], 4));
    }
}

/// And not of what comes behind it.
#[tokio::test]
async fn what_is_said_of_a_text_that_breaks_off_is_said_of_the_file() {
    let cases = [
        ("create table b (id int", "syntax error at end of input"),
        ("select 'open", "unterminated quoted string at or near \"'open"),
        ("select $$open", "unterminated dollar-quoted string at or near \"$$open"),
        ("select 2; /* open", "unterminated /* comment at or near \"/* open"),
    ];
    for (text, expected) in cases {
        let database = TestDatabase::empty().await;
        let error = migrator(&database, &between(text)).up().await.unwrap_err();
        let said = error.server().unwrap().message();
        assert!(said.starts_with(expected) && !said.contains("pgkeel"), "{error:?}");
    }
}

#[tokio::test]
async fn a_file_that_lets_go_of_the_lock_is_not_committed() {
    let database = TestDatabase::empty().await;
    let text = "create table b (id int); select pg_advisory_unlock_all();";
    let error = migrator(&database, &between(text)).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::LockLost), "{error:?}");
    assert!(!has_table(&database, "b").await);
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn behind_a_refused_commit_the_next_file_does_not_run() {
    let database = TestDatabase::empty().await;
    let text = "create table b (id int primary key, of int references b deferrable initially deferred);
        insert into b values (1, 2);";
    let error = migrator(&database, &between(text)).up().await.unwrap_err();
    let Error::File(failed) = &error else { panic!("{error:?}") };
    let is_refused = matches!(&failed.reason, Reason::Refused(source) if source.code().code() == "23503");
    assert!(is_refused && failed.at.is_none() && failed.stays == Stays::Nothing, "{error:?}");
    assert!(!has_table(&database, "b").await && !has_table(&database, "c").await);
    // Nothing says that the next one was begun.
    assert_eq!(
        log::rows(&database).await[2..],
        ["2 up running transaction 0/2", "2 up failed transaction 0/2"]
    );
    assert_eq!(locks(&database).await, 0);
}

/// What a file does to the session in a function or a block, where nobody sees it before.
#[tokio::test]
async fn what_a_file_changes_unseen_is_seen_behind_it() {
    let hidden = [
        "execute 'reset all'",
        "execute 'deallocate all'",
        "execute 'deallocate pgkeel_proof'",
        "execute 'deallocate pgkeel_proof'; execute 'prepare pgkeel_proof (text) as select 1'",
        "declare it text; begin
           for it in select name from pg_prepared_statements where not from_sql order by prepare_time desc limit 1 loop
             execute format('deallocate %I', it); end loop; end",
        "perform set_config('default_transaction_read_only', 'on', false)",
        "perform set_config('lock_timeout', '1min', false)",
        "perform set_config('pgkeel.file', '7', true)",
        "perform set_config('search_path', 'pg_temp', false)",
        "perform set_config('client_encoding', 'latin1', false)",
        "perform set_config('synchronous_commit', 'off', false)",
        "perform set_config('statement_timeout', '1min', false)",
        "perform set_config('pgkeel.file', '', false)",
        "execute 'prepare unseen as select 1'",
        "execute 'set standard_conforming_strings = off'",
        "execute format('set role %I', current_user)",
        "execute format('set session authorization %I', session_user)",
    ];
    for statement in hidden {
        let database = TestDatabase::empty().await;
        let text = format!("create table b (id int);\ndo $$ begin {statement}; end $$;");
        let files = [
            ("V1__a.sql", "select 1;"),
            ("V2__b.sql", &text),
            (
                "V3__c.sql",
                r"create table c as select 'a\b' as text, current_setting('search_path') as path
                where not exists (select from pg_prepared_statements where name = 'unseen');",
            ),
            ("V4__d.sql", "select 1;"),
        ];
        let report = migrator(&database, &files).up().await;
        assert!(report.is_ok(), "{statement}: {report:?}");
        assert_eq!(history(&database).await, [1, 2, 3, 4], "{statement}");
        let as_told =
            r"select count(*) from public.c where text = 'a\b' and path = current_setting('search_path')";
        assert_eq!(count(&database, as_told).await, 1, "{statement}");
        let ok =
            "select count(*) from pgkeel.migration_log where status = 'ok' and name in ('a', 'b', 'c', 'd')";
        assert_eq!(count(&database, ok).await, 4, "{statement}");
    }
}

/// Also where no file has a word of it.
#[tokio::test]
async fn what_a_function_of_the_database_prepares_does_not_reach_the_next_file() {
    let database = TestDatabase::empty().await;
    let function = "create function unseen() returns void language plpgsql as $$ begin execute 'PREPARE it as select 1'; end $$";
    database.connection().await.batch_execute(function).await.unwrap();
    let files = [
        ("V1__a.sql", "select 1;"),
        ("V2__b.sql", "create table b (id int); select unseen();"),
        ("V3__c.sql", "create table c as select name from pg_prepared_statements where name = 'it';"),
        ("V4__d.sql", "select unseen();"),
    ];
    migrator(&database, &files).up().await.unwrap();
    assert_eq!(history(&database).await, [1, 2, 3, 4]);
    assert_eq!(count(&database, "select count(*) from public.c").await, 0);
}

#[tokio::test]
async fn who_may_not_read_functions_applies_files_all_the_same() {
    let database = TestDatabase::empty().await;
    let (admin, name) = (database.connection().await, database.address().database());
    let user = format!("{name}_user");
    let made = format!(
        "create role {user} login; grant create on database {name} to {user};
         grant create, usage on schema public to {user}; revoke select on pg_catalog.pg_proc from public"
    );
    admin.batch_execute(&made).await.unwrap();
    let address = Address::new(database.address().hosts()[0].clone(), &user, name);
    let migrations = Migrations::from_static(&between("select 2;")).unwrap();
    let ended = Migrator::new(Config::new(address), migrations).without_record().up().await;
    admin.batch_execute(&format!("drop owned by {user}; drop role {user}")).await.unwrap();
    assert_eq!(ended.unwrap().done.len(), 3);
}

/// Nothing that is set differs behind it, but what goes with the file has gone.
#[tokio::test]
async fn a_file_that_resets_all_to_what_was_set_anyway_is_applied() {
    let database = TestDatabase::empty().await;
    let alter = format!("alter database {} set", database.address().database());
    let set = format!("{alter} statement_timeout = '1h'; {alter} synchronous_commit = 'on'");
    database.connection().await.batch_execute(&set).await.unwrap();
    let text = "create table b (id int);\ndo $$ begin execute 'reset all'; end $$;";
    let report = migrator(&database, &between(text)).up().await.unwrap();
    assert_eq!((report.done.len(), history(&database).await), (3, vec![1, 2, 3]));
}

#[tokio::test]
async fn as_another_role_it_goes_on_as_itself() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let role = format!("{}_weak", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let text = format!("create table b (id int);\ndo $$ begin execute 'set role {role}'; end $$;");
    let ended = migrator(&database, &between(&text)).up().await;
    connection.batch_execute(&format!("drop role {role}")).await.unwrap();
    ended.unwrap();
    let owners = "select count(distinct relowner) from pg_class where relname in ('b', 'c')";
    assert_eq!((history(&database).await, count(&database, owners).await), (vec![1, 2, 3], 1));
}

#[tokio::test]
async fn a_file_that_was_sent_ahead_is_taken_back_when_somebody_asks_to_stop() {
    let database = TestDatabase::empty().await;
    let stop = Stop::new();
    let tell = |event: Event<'_>| {
        if matches!(event, Event::Done(done) if done.migration.version() == 2) {
            stop.request();
        }
    };
    let error =
        migrator(&database, &between("select 2;")).with_stop(stop.clone()).up_with(tell).await.unwrap_err();
    assert!(matches!(&error, Error::Stopped { before } if before.len() == 2), "{error:?}");
    assert_eq!((history(&database).await, has_table(&database, "c").await), (vec![1, 2], false));
    assert_eq!(
        log::rows(&database).await[4..],
        ["3 up running transaction 0/1", "3 up failed transaction 0/1"]
    );
}

#[tokio::test]
async fn a_file_that_waits_for_a_lock_is_tried_again_by_itself() {
    let database = TestDatabase::empty().await;
    let user = database.connection().await;
    user.batch_execute("create table t (id int)").await.unwrap();
    user.batch_execute("begin; lock table t").await.unwrap();
    let migrator = migrator(&database, &between("alter table t add n int;"));
    let migrator = migrator.with_lock_timeout(std::time::Duration::from_millis(50));
    let mut retried = 0;
    let (go, mut gone) = tokio::sync::mpsc::unbounded_channel();
    let letting_go = tokio::spawn(async move {
        gone.recv().await;
        user.batch_execute("commit").await.unwrap();
    });
    let tell = |event: Event<'_>| {
        if let Event::Retrying { migration, .. } = event {
            assert_eq!(migration.version(), 2);
            retried += 1;
            go.send(()).unwrap();
        }
    };
    let report = migrator.up_with(tell).await.unwrap();
    letting_go.await.unwrap();
    assert!(retried >= 1 && report.done[1].attempts == retried + 1);
    assert_eq!((history(&database).await, has_table(&database, "c").await), (vec![1, 2, 3], true));
    let begun =
        "select count(distinct started_at) from pgkeel.migration_log where version = 2 and status = 'ok'";
    assert_eq!(count(&database, begun).await, 1);
}

#[tokio::test]
async fn a_session_that_is_ended_in_a_file_leaves_nothing_of_it() {
    let database = TestDatabase::empty().await;
    let text = "create table b (id int); select pg_terminate_backend(pg_backend_pid());";
    let error = migrator(&database, &between(text)).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!(failed.stays, Stays::Nothing, "{error:?}");
    assert_eq!((history(&database).await, has_table(&database, "b").await), (vec![1], false));
    assert_eq!(migrator(&database, &between("select 2;")).up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn ten_thousand_notices_of_a_file_do_not_hold_up_the_next() {
    let database = TestDatabase::empty().await;
    let notices = "create table b (id int);
        do $$ begin for n in 1..10000 loop raise notice 'notice % of the file, so that they fill what is between', n; end loop; end $$;";
    let report = migrator(&database, &between(notices)).up().await.unwrap();
    assert_eq!((report.done.len(), history(&database).await), (3, vec![1, 2, 3]));
    assert!(has_table(&database, "b").await && has_table(&database, "c").await);
}

#[tokio::test]
async fn a_statement_of_ten_megabytes_goes_like_any_other() {
    const LENGTH: usize = 10_000_000;
    let database = TestDatabase::empty().await;
    let long = format!("create table b as select '{}' as text;", "é".repeat(LENGTH / 2));
    migrator(&database, &between(&long)).up().await.unwrap();
    let stored = count(&database, "select octet_length(text)::int8 from b").await;
    assert_eq!((stored, history(&database).await), (LENGTH.try_into().unwrap(), vec![1, 2, 3]));

    // A mistake at its end is found at its place, and leaves nothing.
    let database = TestDatabase::empty().await;
    let wrong = format!("{long}\nselect nothing;");
    let error = migrator(&database, &between(&wrong)).up().await.unwrap_err();
    assert_eq!(error.file().unwrap().at, Some(Location { line: 2, column: 8 }));
    assert!(!has_table(&database, "b").await && error.to_string().len() < 1000);
}
