//! `pgkeel config`: what is in effect, and why.

use crate::program::run;

#[tokio::test]
async fn each_setting_has_its_value_and_source_and_secrets_are_not_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[pool]\ntimeout = '4s'\n").unwrap();
    let words = ["config", "--json", "--config", file.path().to_str().unwrap(), "--pool-recycle", "off"];
    let variables = [
        ("DATABASE_URL", "postgresql+asyncpg://u:hunter2@h/d?statement_cache_size=0"),
        ("DB_POOL_SIZE", "7"),
    ];
    let output = run(&words, &variables).await;
    assert_eq!(output.status.code(), Some(0));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(!page.contains("hunter2"), "{page}");
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let row = |name: &str| {
        let rows = page["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} is missing"));
        (row["value"].as_str().unwrap().to_owned(), row["source"].as_str().unwrap().to_owned())
    };
    assert_eq!(row("database.url").0, "postgresql://u@h:5432/d");
    assert_eq!(row("pool.size"), ("7".into(), "environment variable DB_POOL_SIZE".into()));
    assert_eq!(row("pool.timeout"), ("4s".into(), format!("pool.timeout in {}", file.path().display())));
    assert_eq!(row("pool.recycle"), ("off".into(), "flag --pool-recycle".into()));
    assert_eq!(row("pool.max_overflow"), ("30".into(), "default".into()));
    assert_eq!(page["database_rule"], "database.url");
    assert!(page["notices"][0].as_str().unwrap().contains("statement_cache_size"));
}

#[tokio::test]
async fn it_starts_nothing_and_says_which_rule_won() {
    let output = run(&["config"], &[("HOME", "/nonexistent")]).await;
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("a private PostgreSQL"), "{page}");
    let output =
        run(&["config"], &[("DEV_POSTGRES_USER", "dev"), ("DEV_POSTGRES_PASSWORD", "hunter2")]).await;
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        page.contains("postgresql://dev@localhost:5432/dev") && page.contains("DEV_POSTGRES_*"),
        "{page}"
    );
    assert!(!page.contains("hunter2"));
}

#[tokio::test]
async fn version_and_help_with_examples_are_printed() {
    let version = run(&["--version"], &[]).await;
    assert_eq!(String::from_utf8(version.stdout).unwrap(), format!("pgkeel {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"], &[]).await;
    let help = String::from_utf8(help.stdout).unwrap();
    for part in ["Examples:", "Exit codes:", "--pool-size", "DB_POOL_SIZE", "--health-listen"] {
        assert!(help.contains(part), "{part} is missing from: {help}");
    }
}
