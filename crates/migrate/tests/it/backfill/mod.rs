//! Files whose one statement is repeated until it changes no row.

mod batches;
mod commands;
mod endings;
mod kills;
mod refusals;
mod resuming;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

use crate::count;

/// Fills a column, and counts how often it has done so with each row.
const FILL: &str = "update t set n = id, times = times + 1
    where id in (select id from t where n is null order by id limit current_setting('pgkeel.batch')::bigint);";

fn fill(how: &str) -> String {
    format!("-- pgkeel: backfill {how}\n{FILL}")
}

/// A database whose table `t` has so many rows that are to be filled, and is known to the planner.
async fn database_of(rows: u32) -> TestDatabase {
    let database = TestDatabase::empty().await;
    run(
        &database,
        &format!(
            "create table t (id int primary key, n int, times int not null default 0);
             insert into t (id) select generate_series(1, {rows});"
        ),
    )
    .await;
    run(&database, "vacuum analyze t").await;
    database
}

async fn run(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

/// How many rows were filled once, and how many more often.
async fn filled(database: &TestDatabase) -> (i64, i64) {
    let once = count(database, "select count(*) from t where n = id and times = 1").await;
    (once, count(database, "select count(*) from t where times > 1").await)
}

/// How many rows some batches had.
async fn batches(database: &TestDatabase) -> i64 {
    count(database, "select count(distinct xmin::text) from t where n is not null").await
}
