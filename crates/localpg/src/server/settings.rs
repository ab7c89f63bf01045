//! What the server is told: `pgkeel.conf`, `pg_hba.conf`, and where its libraries are.

use std::{fmt::Write as _, path::Path, process::Command};

use crate::{
    Auth, Installation,
    machine::{account::Account, binaries},
};

const HEAD: &str = "\
# Written by pgkeel at every start, so changes here are lost.
# For settings of your own use ALTER SYSTEM, which wins over this file.
";

/// The settings of a private server; all others, `fsync` above all, stay as PostgreSQL has them.
pub(crate) fn private(installation: &Installation, account: &Account) -> String {
    let mut settings = vec![
        ("listen_addresses", ""),
        ("max_connections", "100"),
        // The user is called pgkeel, and so is the schema of our own tables: "$user" would lead there.
        ("search_path", "public"),
    ];
    settings.extend(statistics(installation, account));
    written(settings)
}

/// The settings of a scratch cluster: durability is given up for speed, but crash recovery within a running
/// machine and replication keep working. `full_page_writes` and `wal_keep_size` are what `pg_rewind` wants.
pub(crate) fn scratch(
    installation: &Installation,
    account: &Account,
    tcp: bool,
) -> Vec<(&'static str, &'static str)> {
    let mut settings = vec![
        ("listen_addresses", if tcp { "127.0.0.1" } else { "" }),
        ("max_connections", "100"),
        ("shared_buffers", "16MB"),
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "on"),
        ("wal_level", "replica"),
        ("wal_keep_size", "64MB"),
        ("max_wal_size", "256MB"), // initdb scales it down with the segment size of the template
    ];
    settings.extend(statistics(installation, account));
    settings
}

fn statistics(installation: &Installation, account: &Account) -> Option<(&'static str, &'static str)> {
    if binaries::has_statement_statistics(installation, account) {
        return Some(("shared_preload_libraries", "pg_stat_statements"));
    }
    tracing::info!(
        pg.version = %installation.version(),
        "pg_stat_statements is not installed (package postgresql-contrib); the server runs without it"
    );
    None
}

/// A settings file; of one name given twice the later value counts.
pub(crate) fn written<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    settings.into_iter().fold(HEAD.to_owned(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name} = {}", quoted(value));
        text
    })
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', "''").replace('\n', r"\n"))
}

/// Who may enter a scratch cluster: the caller's lines first, since the first match counts.
pub(crate) fn hba(lines: &[String], auth: &Auth) -> String {
    let method = match auth {
        Auth::Trust => "trust",
        Auth::Scram(_) => "scram-sha-256",
    };
    let mut text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    for database in ["all", "replication"] {
        let _ = writeln!(text, "local {database} all {method}");
        let _ = writeln!(text, "host {database} all 127.0.0.1/32 {method}");
        let _ = writeln!(text, "host {database} all ::1/128 {method}");
    }
    text
}

/// Points at the libraries beside the binaries, where an unpacked archive has its own `libpq`; otherwise
/// extensions that use it would load the system's, which may be older.
pub(crate) fn with_libraries(mut command: Command, installation: &Installation) -> Command {
    let libraries = installation.bindir().parent().unwrap_or(Path::new("/")).join("lib");
    if libraries != Path::new("/usr/lib") && libraries.join("libpq.so.5").exists() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_the_settings_file_wants() {
        let text = written([("a.b", r"it's C:\x"), ("c", "")]);
        assert!(text.ends_with("a.b = 'it''s C:\\\\x'\nc = ''\n"), "{text}");
    }

    #[test]
    fn the_callers_access_lines_come_first() {
        let text = hba(&["hostssl all all all cert".to_owned()], &Auth::Scram("x".into()));
        assert!(text.starts_with("hostssl all all all cert\nlocal all all scram-sha-256\n"), "{text}");
    }
}
