//! `pgkeel serve --migrations-dir`: ready once the database is at these files.

use pgkeel_connect::Executor as _;
use pgkeel_testkit::{TestDatabase, eventually};
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;

use crate::http::get;
use crate::program::{Serving, run, url};

/// Files for a program, and those for its successor.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "V1__a.sql", "create table a (id int);");
    write(directory.path(), "V1__a.down.sql", "drop table a;");
    directory
}

fn write(directory: &Path, file: &str, text: &str) {
    std::fs::write(directory.join(file), text).unwrap();
}

/// What `/ready` says of the migrations, once it says this.
async fn waits_for(serving: &Serving, code: u16, output: Option<&str>) -> Value {
    eventually(&format!("/ready says {code} {output:?}"), async || {
        let (status, body) = get(serving.address, "/api/v1/health/ready").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let check = &body["checks"]["migrations:responseTime"][0];
        (status == code && check["output"].as_str() == output).then(|| check.clone())
    })
    .await
}

async fn migrate(address: &str, words: &[&str], directory: &Path) {
    let words = [&["migrate"], words, &["--dir", directory.to_str().unwrap()]].concat();
    let ended = run(&words, &[("DATABASE_URL", address)]).await;
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test]
async fn it_is_not_ready_before_all_files_are_applied_and_no_more_when_one_is_missing() {
    let (database, directory) = (TestDatabase::empty().await, directory());
    let address = url(database.address());
    let variables =
        [("DATABASE_URL", address.as_str()), ("PGKEEL_MIGRATIONS_DIR", directory.path().to_str().unwrap())];
    let serving = Serving::start(&variables).await;
    let pending = waits_for(&serving, 503, Some("migrations_pending")).await;
    assert_eq!(pending["facts"]["reason"], "V1__a.sql is not applied; run migrate up");
    migrate(&address, &["up"], directory.path()).await;
    let ready = waits_for(&serving, 200, None).await;
    assert_eq!(ready["facts"]["state"], "ready");
    let (_, metrics) = get(serving.address, "/metrics").await;
    assert!(metrics.contains("pgkeel_migrations_state{state=\"ready\"} 1"), "{metrics}");
    migrate(&address, &["down"], directory.path()).await;
    waits_for(&serving, 503, Some("migrations_pending")).await;
    serving.send(Signal::TERM);
    assert!(serving.ended().await.0.success());
}

#[tokio::test]
async fn what_others_do_later_is_a_warning_and_a_reason_not_to_start_anew() {
    let (database, directory) = (TestDatabase::empty().await, directory());
    let address = url(database.address());
    migrate(&address, &["up"], directory.path()).await;
    let variables =
        [("DATABASE_URL", address.as_str()), ("PGKEEL_MIGRATIONS_DIR", directory.path().to_str().unwrap())];
    let first = Serving::start(&variables).await;
    waits_for(&first, 200, None).await;
    database.connection().await.batch_execute("create table stray (id int)").await.unwrap();
    let second = Serving::start(&variables).await;
    waits_for(&second, 503, Some("schema_drifted")).await;

    let successor = tempfile::tempdir().unwrap();
    write(successor.path(), "V1__a.sql", "create table a (id int);");
    write(successor.path(), "V2__b.sql", "create table b (id int);");
    migrate(&address, &["up"], successor.path()).await;
    waits_for(&first, 200, Some("migrations_newer")).await;
    waits_for(&second, 503, Some("migrations_newer")).await;
    let accepting = [variables[0], variables[1], ("PGKEEL_MIGRATIONS_ACCEPT_NEWER", "true")];
    let third = Serving::start(&accepting).await;
    waits_for(&third, 200, None).await;
    for serving in [first, second, third] {
        serving.send(Signal::TERM);
        assert!(serving.ended().await.0.success());
    }
}

#[tokio::test]
async fn a_file_that_was_stopped_half_way_keeps_a_program_from_starting() {
    let (database, directory) = (TestDatabase::empty().await, directory());
    let address = url(database.address());
    let half = "-- pgkeel: transaction=off\ncreate table b (id int);\nselect 1/0;";
    write(directory.path(), "V2__b.sql", half);
    let words = ["migrate", "up", "--dir", directory.path().to_str().unwrap()];
    assert_eq!(run(&words, &[("DATABASE_URL", address.as_str())]).await.status.code(), Some(1));
    let variables =
        [("DATABASE_URL", address.as_str()), ("PGKEEL_MIGRATIONS_DIR", directory.path().to_str().unwrap())];
    let serving = Serving::start(&variables).await;
    waits_for(&serving, 503, Some("migration_interrupted")).await;
    // Mended and gone on with, it is like any other.
    write(directory.path(), "V2__b.sql", &half.replace("1/0", "1"));
    migrate(&address, &["up"], directory.path()).await;
    waits_for(&serving, 503, Some("migrations_conflict")).await;
    let next = Serving::start(&variables).await;
    waits_for(&next, 200, None).await;
    for serving in [serving, next] {
        serving.send(Signal::TERM);
        assert!(serving.ended().await.0.success());
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_a_wrong_setting() {
    let directory = directory();
    write(directory.path(), "V2__b-c.sql", "select 1");
    for (place, words) in [(directory.path(), "V2__b-c.sql"), (Path::new("/nowhere"), "no access to")] {
        let refused = run(
            &["serve", "--health-listen", "127.0.0.1:0", "--migrations-dir", place.to_str().unwrap()],
            &[("DATABASE_URL", "host=127.0.0.1 port=1 user=u dbname=d")],
        )
        .await;
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains(words) && told.contains("migrations.dir (flag --migrations-dir)"), "{told}");
    }
}
