//! Databases and files that others have made.

mod baseline;
mod ending;
mod files;
mod histories;
mod import;
mod mark;

use std::path::Path;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

/// Writes files, and the directories that they are in.
fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

async fn sql(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}

/// What the history and the log say, oldest first: version and when, then version, kind, direction, status and note.
async fn recorded(database: &TestDatabase) -> (Vec<String>, Vec<String>) {
    let connection = database.connection().await;
    let history = "select version || ' ' || applied_on from pgkeel.refinery_schema_history order by version";
    let log =
        "select concat_ws(' ', version, kind, direction, status, note) from pgkeel.migration_log order by id";
    let mut told = Vec::new();
    for sql in [history, log] {
        let rows = connection.query(sql, &[]).await.unwrap();
        told.push(rows.iter().map(|row| row.get::<_, String>(0)).collect());
    }
    let log = told.pop().unwrap();
    (told.pop().unwrap(), log)
}
