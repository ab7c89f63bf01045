//! Files that the server refuses.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Error, Location, Reason, Stays};
use pgkeel_testkit::TestDatabase;

use crate::{has_table, history, locks, migrator};

/// Runs a file behind a good one, and returns where it failed and with which SQLSTATE. Checks that nothing of it stays.
async fn failing(database: &TestDatabase, text: &str) -> (Option<String>, String) {
    let files = [("V1__good.sql", "create table good (id int primary key);"), ("V2__bad.sql", text)];
    let applied_before = has_table(database, "good").await;
    let error = migrator(database, &files).up().await.unwrap_err();
    let Error::File(failed) = &error else { panic!("{text}: {error:?}") };
    let Reason::Refused(source) = &failed.reason else { panic!("{text}: {error:?}") };
    assert_eq!((failed.file.as_str(), failed.stays), ("V2__bad.sql", Stays::Nothing));
    assert_eq!(failed.before.is_empty(), applied_before);
    assert_eq!(history(database).await, [1]);
    assert!(!has_table(database, "left_over").await, "{text}");
    assert_eq!(locks(database).await, 0);
    (failed.at.as_ref().map(Location::to_string), source.code().code().to_owned())
}

#[tokio::test]
async fn a_failing_file_leaves_nothing_and_says_where_it_failed() {
    let database = TestDatabase::empty().await;
    for (text, place, code) in [
        // The server names the place, in characters from the start of all that was sent.
        ("create table left_over (id int);\nselect nonsense from good;", "2:8", "42703"),
        (
            "-- größer, 日本語 ✓\ncreate table left_over (\"ü\" int); insert into nöwhere values ('ß');",
            "2:47",
            "42P01",
        ),
        ("create table left_over (id int);\r\n\r\nselect 'é' +;\r\n", "3:13", "42601"),
        // The server names no place, so it is the statement that did not end.
        (
            "create table left_over (id int);\n\n  -- comment; here\n  create table good (id int);\nselect 1;",
            "4:3",
            "42P07",
        ),
        (
            "insert into good values (1); create function f() returns int language sql begin atomic select 1; select 2; end;\n insert into good values (1);",
            "2:2",
            "23505",
        ),
        ("do $$ begin\n  perform 1;\n  perform nonsense();\nend $$;", "1:1", "42883"),
        // What cannot run in a transaction, and only the server knows.
        ("create table left_over (id int) partition by list (id);\nreindex table left_over;", "2:1", "25001"),
    ] {
        let found = failing(&database, text).await;
        assert_eq!(found, (Some(place.to_owned()), code.to_owned()), "{text}");
    }
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_commit_fails_the_whole_file() {
    let database = TestDatabase::empty().await;
    let text = "create table left_over (id int references good deferrable initially deferred); insert into left_over values (1);";
    assert_eq!(failing(&database, text).await, (None, "23503".to_owned()));
}

#[tokio::test]
async fn a_file_that_was_mended_goes_on_where_it_failed() {
    let database = TestDatabase::empty().await;
    failing(&database, "select 1/0;").await;
    let files = [("V1__good.sql", "create table good (id int primary key);"), ("V2__bad.sql", "select 1/1;")];
    assert_eq!(migrator(&database, &files).up().await.unwrap().done.len(), 1);
    assert_eq!(history(&database).await, [1, 2]);
}

#[tokio::test]
async fn the_message_says_where_what_and_what_else_was_applied() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "select 1;"),
        ("V2__b.sql", "select 1;"),
        ("V3__c.sql", "create table p (id int) partition by list (id); reindex table p;"),
    ];
    let error = migrator(&database, &files).up().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "V3__c.sql:1:49: the server refused a statement; nothing of this file was applied; the 2 before it were, from \
         V1__a.sql to V2__b.sql (write -- pgkeel: transaction=off at the top of a file for statements that cannot run \
         in a transaction)"
    );
    assert_eq!((error.before().len(), error.file().unwrap().file.as_str()), (2, "V3__c.sql"));
}

#[tokio::test]
async fn a_table_that_is_in_use_is_waited_for_no_longer_than_allowed() {
    let database = TestDatabase::empty().await;
    let user = database.connection().await;
    user.batch_execute("create table t (id int)").await.unwrap();
    user.batch_execute("begin; select * from t").await.unwrap();
    let files = [("V1__a.sql", "alter table t add n int;")];
    let migrator = migrator(&database, &files).with_lock_timeout(Duration::from_millis(50)).with_retries(0);
    let error = migrator.up().await.unwrap_err();
    assert_eq!(error.server().unwrap().code().code(), "55P03");
    assert!(error.to_string().contains("wait longer for locks"), "{error}");
    user.batch_execute("rollback").await.unwrap();
    migrator.up().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "select 1;\nselect pg_sleep(600);")];
    let migrator = migrator(&database, &files).with_statement_timeout(Duration::from_millis(50));
    let error = migrator.up().await.unwrap_err();
    assert_eq!(error.file().unwrap().at, Some(Location { line: 2, column: 1 }));
    assert_eq!(error.server().unwrap().code().code(), "57014");
    assert!(!error.is_stopped(), "nobody asked for it");
}

#[tokio::test]
async fn a_time_that_something_left_behind_makes_too_short_is_told_where_it_is_met_and_where_it_may_come_from()
 {
    let database = TestDatabase::empty().await;
    let leaves = "create function hurry() returns event_trigger language plpgsql as
            $$ begin perform set_config('statement_timeout', '5ms', false); end $$;
        create event trigger hurry on ddl_command_end execute function hurry();";
    let files = [
        ("V1__leaves.sql", leaves),
        ("V2__meets.sql", "create table left_over (id int);\nselect pg_sleep(600);"),
        ("V3__c.sql", "select 1;"),
    ];
    let error = migrator(&database, &files).up().await.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!((failed.file.as_str(), failed.at.unwrap().line), ("V2__meets.sql", 2), "{error:?}");
    assert!(error.to_string().contains("functions that it calls may set a shorter one"), "{error}");
    assert!(!has_table(&database, "left_over").await);
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn a_lock_that_goes_with_the_commit_of_one_file_is_missed_by_the_next() {
    let database = TestDatabase::empty().await;
    let lets_go = "create table t (id int);
        create function let_go() returns trigger language plpgsql as $$ begin perform pg_advisory_unlock_all(); return null; end $$;
        create constraint trigger let_go after insert on t deferrable initially deferred for each row execute function let_go();
        insert into t values (1);";
    let files = [("V1__lets_go.sql", lets_go), ("V2__b.sql", "create table left_over (id int);")];
    let error = migrator(&database, &files).up().await.unwrap_err();
    let of_file = error.file().unwrap();
    assert_eq!((of_file.file.as_str(), of_file.stays), ("V2__b.sql", Stays::Nothing), "{error:?}");
    assert!(matches!(of_file.reason, Reason::LockLost), "{error:?}");
    assert!(!has_table(&database, "left_over").await);
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn a_file_that_lets_go_of_the_lock_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "create table left_over (id int); select pg_advisory_unlock_all();")];
    let error = migrator(&database, &files).up().await.unwrap_err();
    assert!(matches!(error.file().unwrap().reason, Reason::LockLost), "{error:?}");
    assert!(!has_table(&database, "left_over").await);
    assert_eq!(history(&database).await, [0_i64; 0]);
}
