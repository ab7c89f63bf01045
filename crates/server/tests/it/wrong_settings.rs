//! Wrong settings end in one clear message and exit code 2, before anything is opened.

use std::os::unix::fs::PermissionsExt as _;

use crate::program::{data_dir, run};

/// The message of a run that must end with exit code 2.
async fn refused(words: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(words, variables).await;
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(!message.contains("panicked") && !message.contains("backtrace"), "{message}");
    message
}

#[tokio::test]
async fn every_wrong_setting_is_in_one_message_with_its_source() {
    let message = refused(
        &["serve", "--health-listen", "nowhere"],
        &[
            ("DATABASE_URL", "postgres://u:hunter2@h:port/d"),
            ("DB_POOL_SIZE", "-5"),
            ("PGKEEL_POOL_TIMEUOT", "3s"),
            ("PGKEEL_LOG_FORMAT", "xml"),
        ],
    )
    .await;
    for part in [
        "5 wrong settings",
        "database.url (environment variable DATABASE_URL)",
        "pool.size (environment variable DB_POOL_SIZE): `-5`",
        "did you mean PGKEEL_POOL_TIMEOUT?",
        "health.listen (flag --health-listen): `nowhere`",
        "log.format (environment variable PGKEEL_LOG_FORMAT): `xml`",
    ] {
        assert!(message.contains(part), "{part} is missing from: {message}");
    }
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn an_unreadable_secret_file_is_named_with_its_variable() {
    let message = refused(&["serve"], &[("DATABASE_URL_FILE", "/nonexistent/url")]).await;
    assert!(message.contains("file /nonexistent/url named by DATABASE_URL_FILE"), "{message}");
}

#[tokio::test]
async fn an_unknown_key_of_a_file_and_an_unknown_flag_are_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[pool]\nsise = 3\n").unwrap();
    let message = refused(&["--config", file.path().to_str().unwrap()], &[]).await;
    assert!(message.contains("did you mean pool.size?") && message.contains("pool.sise in"), "{message}");
    let message = refused(&["serve", "--pool-sise", "3"], &[]).await;
    assert!(message.contains("--pool-sise") && message.contains("--pool-size"), "{message}");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting_and_nothing_stays() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = data_dir();
    let data = directory.path().to_str().unwrap();
    let message = refused(&["serve", "--health-listen", &address], &[("PGKEEL_PG_DATA_DIR", data)]).await;
    assert!(message.contains(&address) && message.contains("health.listen"), "{message}");
    let left = std::fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.path());
    let running = left.filter(|path| path.join("postmaster.pid").exists()).count();
    assert_eq!(running, 0);
}

#[tokio::test]
async fn data_of_another_major_version_are_not_opened() {
    let directory = data_dir();
    for major in 10..=30 {
        let data = directory.path().join(format!("data-{major}"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    }
    let data = directory.path().to_str().unwrap();
    let message = refused(&["serve"], &[("PGKEEL_PG_DATA_DIR", data)]).await;
    assert!(message.contains("PGKEEL_PG_DATA_DIR") && message.contains("PostgreSQL 9"), "{message}");
}

#[tokio::test]
async fn a_directory_without_binaries_is_named_with_its_setting() {
    let empty = data_dir();
    let message = refused(&["serve"], &[("PGKEEL_PG_BINDIR", empty.path().to_str().unwrap())]).await;
    assert!(message.contains("PGKEEL_PG_BINDIR"), "{message}");
}

#[tokio::test]
async fn production_never_falls_back_to_the_private_server() {
    let message = refused(&["serve"], &[("ENVIRONMENT", "production")]).await;
    assert!(message.contains("no database is named") && message.contains("DATABASE_URL"), "{message}");
}

#[tokio::test]
async fn what_kubernetes_sets_beside_a_service_of_this_name_is_no_setting() {
    let variables = [("PGKEEL_PORT", "tcp://10.0.0.1:8080"), ("PGKEEL_SERVICE_HOST", "10.0.0.1")];
    assert_eq!(run(&["config"], &variables).await.status.code(), Some(0));
}

#[tokio::test]
async fn the_variable_that_is_wrong_is_the_one_that_is_named() {
    let variables = [
        ("ENVIRONMENT", "production"),
        ("POSTGRES_USER", "u"),
        ("POSTGRES_PASSWORD", "p"),
        ("POSTGRES_DB", "d"),
        ("POSTGRES_PORT", "tcp://10.0.0.1:5432"),
    ];
    let message = refused(&["serve"], &variables).await;
    assert!(message.contains("environment variable POSTGRES_PORT): the port is not"), "{message}");
    let message = refused(&["serve"], &[("DB_POOL_SIZE", "0"), ("DB_MAX_OVERFLOW", "0")]).await;
    assert!(message.contains("DB_POOL_SIZE): with pool.max_overflow it makes 0"), "{message}");
    let unreadable = [variables[0], variables[1], variables[3], ("POSTGRES_PASSWORD_FILE", "/nonexistent")];
    let message = refused(&["serve"], &unreadable).await;
    assert!(message.contains("/nonexistent") && message.starts_with("pgkeel: wrong setting:"), "{message}");
    let message = refused(&["serve", "--pg-data-dir", "/proc/x"], &[]).await;
    assert!(message.contains("pg.data_dir is set by flag --pg-data-dir"), "{message}");
}

#[tokio::test]
async fn a_secret_file_is_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "postgres://u:hunter2@h/d\n").unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let output = run(&["config"], &[("DATABASE_URL_FILE", file.path().to_str().unwrap())]).await;
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        page.contains("postgresql://u@h:5432/d") && page.contains("named by DATABASE_URL_FILE"),
        "{page}"
    );
    assert!(!page.contains("hunter2"));
}
