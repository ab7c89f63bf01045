//! What has to be so behind a file, in its transaction.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{DryRun, Error, Migrations, Reason, Stays};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table, history, migrator, outside};

const UP: &str = "create table a (id int); insert into a values (1);";

async fn applied(up: &str, verify: &str) -> (TestDatabase, Result<(), Error>) {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", up), ("V1__a.verify.sql", verify)];
    let ended = migrator(&database, &files).up().await.map(|_| ());
    (database, ended)
}

#[tokio::test]
async fn a_file_whose_claims_hold_is_applied() {
    let claims = "select count(*) = 1 from a; select 1 from a; select count(*) from a; set work_mem = '1MB'; do $$ begin end $$;
                  select from a; select 'f ' from a;";
    let (database, ended) = applied(UP, claims).await;
    ended.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn a_claim_that_does_not_hold_rolls_the_file_back_and_says_where() {
    for (claim, answer) in [
        ("select count(*) = 2 from a", "false"),
        ("select count(*) from a where id > 7", "zero"),
        ("select id from a where id > 7", "no row"),
        ("select max(id) from a where id > 7", "null"),
        ("select x from (values (true), (false)) v(x)", "false"),
    ] {
        let (database, ended) = applied(UP, &format!("select true;\n  {claim};\nselect true;")).await;
        let error = ended.unwrap_err();
        let failed = error.file().unwrap();
        assert!(
            matches!(failed.reason, Reason::Unverified { answer: found } if found == answer),
            "{claim}: {error}"
        );
        assert_eq!((failed.file.as_str(), failed.stays), ("V1__a.verify.sql", Stays::Nothing));
        assert_eq!(failed.at.unwrap().to_string(), "2:3");
        assert!(!has_table(&database, "a").await && history(&database).await.is_empty());
    }
}

#[tokio::test]
async fn a_statement_that_fails_is_told_with_its_place() {
    let (database, ended) = applied(UP, "select 'é';\nselect 'é', nothing from a;").await;
    let error = ended.unwrap_err();
    let failed = error.file().unwrap();
    assert_eq!(
        (failed.file.as_str(), failed.at.unwrap().to_string()),
        ("V1__a.verify.sql", "2:13".to_owned())
    );
    assert_eq!(error.server().unwrap().code().code(), "42703");
    let logged = "select count(*) from pgkeel.migration_log where status = 'failed' and sqlstate = '42703' and error_line = 2";
    assert_eq!(count(&database, logged).await, 1);
}

#[tokio::test]
async fn what_would_change_something_is_refused() {
    for change in
        ["insert into a values (2)", "create table b (id int)", "drop table a", "select nextval('s')"]
    {
        let up = format!("{UP} create sequence s;");
        let (database, ended) = applied(&up, &format!("select true;\n{change};")).await;
        let error = ended.unwrap_err();
        assert_eq!(error.server().unwrap().code().code(), "25006", "{change}: {error}");
        assert_eq!(error.file().unwrap().at.unwrap().line, 2);
        assert!(history(&database).await.is_empty());
    }
}

#[tokio::test]
async fn what_it_sets_is_gone_behind_it() {
    let verify = "set search_path = nowhere; set role pg_monitor; select 1;";
    let (database, ended) = applied(UP, verify).await;
    ended.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn outside_of_a_transaction_it_is_asked_behind_the_last_statement_and_again_by_the_next_call() {
    let database = TestDatabase::empty().await;
    let up = outside("create table a (id int); create index concurrently a_idx on a (id);");
    let verify = "select count(*) = 1 from a;";
    let files = [("V1__a.sql", up.as_str()), ("V1__a.verify.sql", verify)];
    let migrator = migrator(&database, &files);
    for _ in 0..2 {
        let error = migrator.up().await.unwrap_err();
        let failed = error.file().unwrap();
        assert_eq!(
            (failed.file.as_str(), failed.stays),
            ("V1__a.verify.sql", Stays::Statements { done: 2, of: 2 })
        );
        assert!(error.to_string().contains("all of its statements stay"), "{error}");
        assert!(history(&database).await.is_empty());
    }
    database.connection().await.batch_execute("insert into a values (1)").await.unwrap();
    migrator.up().await.unwrap();
    assert_eq!(history(&database).await, [1]);
}

#[tokio::test]
async fn dry_runs_ask_too_and_repeatables_may_be_verified() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("R__ids.sql", "create or replace view ids as select id from a;"),
        ("R__ids.verify.sql", "select count(*) > 0 from ids;"),
    ];
    let migrator = migrator(&database, &files);
    for how in [DryRun::Rollback, DryRun::Shadow] {
        let error = migrator.clone().with_dry_run(how).up().await.unwrap_err();
        assert_eq!(error.file().unwrap().file, "R__ids.verify.sql", "{how:?}: {error}");
    }
    migrator.up().await.unwrap_err();
    database.connection().await.batch_execute("insert into a values (1)").await.unwrap();
    assert_eq!(migrator.up().await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn editing_one_later_is_no_conflict() {
    let (database, ended) = applied(UP, "select true").await;
    ended.unwrap();
    let files = [("V1__a.sql", UP), ("V1__a.verify.sql", "select false")];
    let status = migrator(&database, &files).status().await.unwrap();
    assert!(status.conflicts.is_empty() && status.pending.is_empty());
}

#[test]
fn files_that_verify_nothing_or_say_how_to_run_are_refused() {
    for (file, text, told) in [
        ("V2__b.verify.sql", "select 1", "V2__b.verify.sql has no V2__b.sql beside it"),
        (
            "V1__a.verify.sql",
            "-- pgkeel: retries=1\nselect 1",
            "V1__a.verify.sql says something for pgkeel, but",
        ),
        ("V1__a.verify.sql", "commit", "V1__a.verify.sql has COMMIT at 1:1"),
        ("V1__a.verify.sql", "-- later", "V1__a.verify.sql has no statement yet"),
    ] {
        let error = Migrations::from_static(&[("V1__a.sql", UP), (file, text)]).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
