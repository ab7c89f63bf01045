//! What must never be read in an error.

use std::error::Error as _;

use pgkeel_testkit::TestDatabase;

use crate::migrator;

#[tokio::test]
async fn rows_are_not_in_errors() {
    let database = TestDatabase::empty().await;
    let table = (
        "V1__t.sql",
        "create table t (mail text, n int check (n > 0)); insert into t values ('canary_4711', 1);",
    );
    for text in [
        "create unique index on t (lower(mail)); insert into t values ('CANARY_4711', 2);",
        "-- pgkeel: destructive=accepted\nalter table t alter mail type int using mail::int;",
        "insert into t select mail, -1 from t;",
    ] {
        let error = migrator(&database, &[table, ("V2__bad.sql", text)]).up().await.unwrap_err();
        let mut everything = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            everything = format!("{everything} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(error.server().is_some() && !everything.to_lowercase().contains("canary"), "{everything}");
    }
}
