//! `psql`, which takes texts apart and counts lines by itself.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pgkeel_connect::{Executor as _, HostName};
use pgkeel_migrate::{Location, Migrations, Migrator};
use pgkeel_testkit::TestDatabase;

use crate::files::{Corpus, is_down, read};
use crate::state::State;

/// Runs a text as a file of its own, in one transaction or statement by statement.
async fn psql(database: &TestDatabase, text: &str, is_whole: bool) -> Output {
    let connection = database.connection().await;
    let directory: String =
        connection.query_scalar("select setting from pg_config() where name = 'BINDIR'", &[]).await.unwrap();
    let beside = Path::new(&directory).join("psql");
    let (address, host) = (database.address(), &database.address().hosts()[0]);
    let HostName::Socket(socket) = host.name() else { panic!("test databases have a socket") };
    let mut command = Command::new(if beside.is_file() { beside } else { "psql".into() });
    command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--host"]).arg(socket);
    command.args(["--port", &host.port().to_string(), "--username", address.user()]);
    command
        .args(["--dbname", address.database(), "--file", "-"])
        .args(is_whole.then_some("--single-transaction"));
    command.env("PGCLIENTENCODING", "UTF8").env("LC_ALL", "C.UTF-8");
    let running = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut running = running.expect("psql is installed");
    running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    running.wait_with_output().unwrap()
}

#[tokio::test]
async fn it_makes_of_every_file_what_is_made_here() {
    let (ours, theirs) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let connection = theirs.connection().await;
    let corpus = Corpus::for_server(major(&theirs).await);
    Migrator::new(ours.config(), corpus.migrations()).up().await.unwrap();
    for (file, text) in corpus.files().into_iter().filter(|(file, _)| !is_down(file)) {
        // Here line ends of other systems are gone before anything else.
        let text = text.replace("\r\n", "\n");
        let ended = psql(&theirs, &text, text.contains("-- needs its transaction")).await;
        assert!(ended.status.success(), "{file}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    let expected = State::of(&connection).await;
    State::of(&ours.connection().await).await.assert_is(&expected, "beside psql");
    println!("check 11: psql made of {} files what is made here", corpus.migrations().len());
}

/// Where `psql` sees a mistake: the line at which the statement ends in the file, the text of the line that it quotes, and
/// what stands before the mark below that.
#[derive(Debug)]
struct Seen {
    end: usize,
    quoted: Option<(String, String)>,
}

fn seen(said: &str) -> Seen {
    let mut lines = said.lines();
    let end =
        lines.find_map(|line| line.strip_prefix("psql:<stdin>:")?.split_once(": ERROR")?.0.parse().ok());
    // Not of the text of a function, which begins anew.
    let own = if said.contains("\nQUERY: ") { "" } else { said };
    let quoted = own.lines().zip(own.lines().skip(1)).find_map(|(line, mark)| {
        let (_, quoted) = line.strip_prefix("LINE ")?.split_once(": ")?;
        let (label, at) = (line.len() - quoted.len(), mark.find('^')?);
        // Signs take one or two columns on a screen, and a tab is shown as a space here.
        let mut column = label;
        let before = quoted.chars().take_while(|sign| {
            let is_before = column < at;
            column += if *sign as u32 >= 0x1100 { 2 } else { 1 };
            is_before
        });
        Some((quoted.to_owned(), before.collect()))
    });
    Seen { end: end.unwrap_or_else(|| panic!("{said}")), quoted }
}

#[tokio::test]
async fn it_sees_mistakes_where_they_are_seen_here() {
    let (ours, theirs) = (TestDatabase::empty().await, TestDatabase::empty().await);
    for database in [&ours, &theirs] {
        database.connection().await.batch_execute(crate::failing::TABLES).await.unwrap();
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, text) in read("failing") {
        let migrations = Migrations::from_static(&[("V1__failing.sql", &text)]).unwrap();
        let error = Migrator::new(ours.config(), migrations).accepting_destructive().up().await.unwrap_err();
        let at = error.file().unwrap().at;
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let said = psql(&theirs, &text, true).await;
        assert!(!said.status.success(), "{file}");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let Some(Location { line, column, .. }) = at else {
            println!("{file}: at the end of the transaction");
            continue;
        };
        let Seen { end, quoted } = seen(&said);
        let ours = text.lines().nth(line - 1).unwrap_or_default();
        let is_same = match &quoted {
            Some((quoted, before)) => {
                compared += 1;
                is_quote(ours, column, quoted, before)
            }
            // Of the statement only the end is known.
            None => line <= end && text.lines().take(end).skip(line - 1).all(|line| !line.trim().is_empty()),
        };
        if !is_same {
            wrong.push(format!("{file}: {line}:{column}, psql {end} {quoted:?}"));
        }
    }
    println!(
        "check 12: {} failures where psql sees them, {compared} of them with the line that it quotes",
        read("failing").len()
    );
    assert!(wrong.is_empty() && compared >= 20, "{compared}: {wrong:#?}");
}

/// Whether the place is what `psql` quotes: from the beginning of the statement on, and cut at both ends if it is long.
fn is_quote(line: &str, column: usize, quoted: &str, before: &str) -> bool {
    let line = line.replace('\t', " ");
    let found: String = line.chars().take(column - 1).collect();
    let [quoted, before] = [quoted, before].map(|text| text.trim_start_matches("..."));
    line.contains(quoted.trim_end_matches("...")) && found.ends_with(before)
}

async fn major(database: &TestDatabase) -> u32 {
    let sql = "select current_setting('server_version_num')::int4 / 10000";
    let major: i32 = database.connection().await.query_scalar(sql, &[]).await.unwrap();
    major.unsigned_abs()
}
