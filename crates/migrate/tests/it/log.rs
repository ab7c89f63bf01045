//! What the log says afterwards.

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

use crate::{migrator, outside};

/// The rows of the log, oldest first: version, direction, status, mode, statements done and total.
pub(crate) async fn rows(database: &TestDatabase) -> Vec<String> {
    let sql = "select concat_ws(' ', version, direction, status, tx_mode, statements_done || '/' || statements_total)
               from pgkeel.migration_log order by id";
    let rows = database.connection().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn is_true(database: &TestDatabase, condition: &str) -> bool {
    let sql = format!("select bool_and({condition}) from pgkeel.migration_log");
    database.connection().await.query_scalar(&sql, &[]).await.unwrap()
}

#[tokio::test]
async fn every_file_is_logged_when_it_begins_and_when_it_ends() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int); insert into a values (1);"),
        ("V2__b.sql", "select 1;\nselect 'é', 1/(id-1) from a;"),
    ];
    let migrator = migrator(&database, &files).with_revision("it's \\ abc123");
    migrator.up().await.unwrap_err();
    assert_eq!(
        rows(&database).await,
        [
            "1 up running transaction 0/2",
            "1 up ok transaction 2/2",
            "2 up running transaction 0/2",
            "2 up failed transaction 0/2"
        ]
    );
    for condition in [
        "run_id = (select run_id from pgkeel.migration_log limit 1)",
        "kind = 'versioned' and length(sha256) = 64 and length(token_sha256) = 64 and refinery_checksum <> ''",
        "session_user_name = current_user and application_name = 'pgkeel-migrate' and backend_pid > 0",
        "client_pid > 0 and tool_version like '%.%.%' and server_version_num >= 140000",
        "vcs_revision = 'it''s \\ abc123'",
        "(status = 'running') = (finished_at is null) and (status = 'running') = (duration_ms is null)",
        "finished_at is null or finished_at >= started_at",
        "(status = 'failed') = (sqlstate is not null)",
    ] {
        assert!(is_true(&database, condition).await, "{condition}");
    }
    let failed = "select concat_ws(' ', sqlstate, error_line, error_column, attempts, error) from pgkeel.migration_log where status = 'failed'";
    let failed: String = database.connection().await.query_scalar(failed, &[]).await.unwrap();
    assert_eq!(failed, "22012 2 1 1 division by zero (22012)");
}

#[tokio::test]
async fn what_a_file_sets_does_not_keep_the_next_from_being_logged() {
    let database = TestDatabase::empty().await;
    let sets =
        "set default_transaction_read_only = on; set search_path = nowhere; set synchronous_commit = off;";
    let looks = "create table b as select current_setting('synchronous_commit') as waits;";
    let alone = outside("create table d (id int);");
    let files =
        [("V1__a.sql", sets), ("V2__b.sql", looks), ("V3__c.sql", sets), ("V4__d.sql", alone.as_str())];
    migrator(&database, &files).up().await.unwrap();
    assert_eq!(
        rows(&database).await,
        [
            "1 up running transaction 0/3",
            "1 up ok transaction 3/3",
            "2 up running transaction 0/1",
            "2 up ok transaction 1/1",
            "3 up running transaction 0/3",
            "3 up ok transaction 3/3",
            "4 up running statements 0/1",
            "4 up running statements 1/1",
            "4 up ok statements 1/1"
        ]
    );
    // What is committed waits for the disk.
    let waits: String = database.connection().await.query_scalar("select waits from b", &[]).await.unwrap();
    assert_eq!(waits, "on");
}

#[tokio::test]
async fn of_a_file_outside_of_a_transaction_each_statement_is_logged() {
    let database = TestDatabase::empty().await;
    let text =
        outside("create table a (id int); create index concurrently a_idx on a (id); select 1/0; select 1;");
    migrator(&database, &[("V1__a.sql", &text)]).up().await.unwrap_err();
    assert_eq!(
        rows(&database).await,
        [
            "1 up running statements 0/4",
            "1 up running statements 1/4",
            "1 up running statements 2/4",
            "1 up interrupted statements 2/4"
        ]
    );
    let mended = text.replace("1/0", "1/1");
    migrator(&database, &[("V1__a.sql", &mended)]).up().await.unwrap();
    assert_eq!(
        rows(&database).await[4..],
        [
            "1 up running statements 2/4",
            "1 up running statements 3/4",
            "1 up running statements 4/4",
            "1 up ok statements 4/4"
        ]
    );
}

#[tokio::test]
async fn no_value_of_a_row_is_in_the_log() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (mail text); insert into a values ('canary_4711'), ('canary_4711');"),
        ("V2__b.sql", "create unique index on a (mail);"),
    ];
    migrator(&database, &files).up().await.unwrap_err();
    assert!(is_true(&database, "to_jsonb(migration_log)::text not like '%canary%'").await);
}

/// What a file leaves to be checked at COMMIT, with a trigger function of this body.
fn deferred(before: &str, body: &str) -> String {
    format!(
        "create schema x; {before} create table t (id int); create table seen (value text);
         create function look() returns trigger language plpgsql as $$ begin {body}; return null; end $$;
         create constraint trigger look after insert on t deferrable initially deferred for each row execute function look();
         insert into t values (1);"
    )
}

#[tokio::test]
async fn what_is_checked_at_commit_finds_the_session_as_the_file_left_it() {
    let database = TestDatabase::empty().await;
    let path = deferred("set search_path = x;", "insert into seen values (current_setting('search_path'))");
    migrator(&database, &[("V1__a.sql", &path)]).up().await.unwrap();
    let seen: String =
        database.connection().await.query_scalar("select value from x.seen", &[]).await.unwrap();
    assert_eq!(seen, "x");
}

#[tokio::test]
async fn how_long_commit_may_take_and_that_it_waits_for_the_disk_is_no_files_to_say() {
    let database = TestDatabase::empty().await;
    let off = deferred(
        "set synchronous_commit = off; set statement_timeout = '7min';",
        "insert into seen values (concat_ws(' ', current_setting('synchronous_commit'), current_setting('statement_timeout')))",
    );
    migrator(&database, &[("V1__a.sql", &off)]).up().await.unwrap();
    let seen: String = database.connection().await.query_scalar("select value from seen", &[]).await.unwrap();
    assert_eq!(seen, "on 1h");
}
