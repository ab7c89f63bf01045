//! Running the binary, with nothing of this process' environment but what it needs to be found.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use pgkeel_connect::{Address, HostName};
use pgkeel_testkit::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// Variables that say where programs and PostgreSQL are.
const PASSED_ON: [&str; 9] = [
    "PATH",
    "HOME",
    "XDG_CACHE_HOME",
    "PGKEEL_PG_BINDIR",
    "PGKEEL_PG_USER",
    "PGKEEL_PG_MAJOR",
    "PGKEEL_PG_FETCH",
    "PGKEEL_PG_CACHE_DIR",
    "PGKEEL_PG_PINS",
];

/// The binary with these words and variables.
pub(crate) fn pgkeel(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgkeel"));
    #[expect(clippy::disallowed_methods, reason = "what a test program passes on to the program under test")]
    let passed_on = PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    command.env_clear().envs(passed_on).envs(variables.iter().copied()).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn run(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let output = timeout(PATIENCE, pgkeel(words, variables).output()).await;
    output.expect("the program ends in time").expect("the program starts")
}

/// A place for the data of a private PostgreSQL that its user can reach, whoever that is.
pub(crate) fn data_dir() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::Builder::new().prefix("pgkeel-test-").tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    directory
}

/// An address as a user writes it.
pub(crate) fn url(address: &Address) -> String {
    let host = &address.hosts()[0];
    let name = match host.name() {
        HostName::Tcp(name) => name.clone(),
        HostName::Socket(directory) => directory.display().to_string(),
    };
    format!("host={name} port={} user={} dbname={}", host.port(), address.user(), address.database())
}

/// A server that runs.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The line that says so.
    pub(crate) line: String,
    /// What it said before.
    pub(crate) before: Vec<String>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Serving {
    /// Starts it on a free port and waits until it serves.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = pgkeel(&["serve", "--health-listen", "127.0.0.1:0"], variables).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let (before, line) = timeout(PATIENCE, serving_line(&mut log)).await.expect("it serves in time");
        let behind = line.split("http://").nth(1).expect("the line has an address");
        let address = behind.split_whitespace().next().unwrap().trim_end_matches(['"', ',']).parse().unwrap();
        Self { child, address, line, before, log }
    }

    /// Starts it with a private PostgreSQL whose data are in this directory.
    pub(crate) async fn private(data_dir: &Path) -> Self {
        Self::start(&[("PGKEEL_PG_DATA_DIR", data_dir.to_str().unwrap())]).await
    }

    pub(crate) fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Reads on in its log until a line has these words, and returns it.
    pub(crate) async fn says(&mut self, words: &str) -> String {
        let read = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                if line.contains(words) {
                    return line;
                }
            }
            panic!("it ended without saying: {words}");
        };
        timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("waited in vain for: {words}"))
    }

    /// Closes its log: nobody reads it any more.
    pub(crate) async fn ended_unheard(self) -> ExitStatus {
        let Self { mut child, log, .. } = self;
        drop(log);
        let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        timeout(PATIENCE, child.wait()).await.expect("it ends in time").unwrap()
    }

    /// Waits for its end, reading its log so that it never has to wait for us.
    pub(crate) async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let mut lines = Vec::new();
        let read = async {
            while let Ok(Some(line)) = self.log.next_line().await {
                lines.push(line);
            }
        };
        timeout(PATIENCE, read).await.expect("its log ends in time");
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends in time");
        (status.unwrap(), lines)
    }
}

async fn serving_line(log: &mut Lines<BufReader<ChildStderr>>) -> (Vec<String>, String) {
    let mut before = Vec::new();
    while let Ok(Some(line)) = log.next_line().await {
        if line.contains("serves on http://") {
            return (before, line);
        }
        before.push(line);
    }
    panic!("it ended before it served:\n{}", before.join("\n"));
}
