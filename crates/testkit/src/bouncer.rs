use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use pgkeel_connect::{Address, Host, HostName};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::eventually;

/// Where the program is on systems that hide it from plain users.
const PATH: &str = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";

/// A `PgBouncer` of the test's own, which has to be installed. Stops when this value is dropped, or its process ends in any
/// way.
#[derive(Debug)]
pub struct Bouncer {
    directory: TempDir,
    /// What the shell around the program reads: at its end it stops the program.
    input: Option<ChildStdin>,
    shell: Child,
    address: Address,
}

/// Runs `PgBouncer` until its input ends. The first argument is the file of its settings. The signals that end it at once, and
/// not when its last client has gone, are other ones in each version; but this one.
const SCRIPT: &str =
    r#"exec 3<&0; pgbouncer "$1" </dev/null & read -r _ <&3; kill -s KILL $! 2>/dev/null; wait"#;

impl Bouncer {
    /// The password that it asks its clients for.
    pub const PASSWORD: &str = "through_4711";

    /// Starts one in front of this database, with `pool_mode` and other settings of its own.
    ///
    /// # Panics
    /// If it is not installed, or the database has no socket.
    pub async fn before(database: &Address, mode: &str, settings: &[(&str, &str)]) -> Self {
        let host = &database.hosts()[0];
        let HostName::Socket(socket) = host.name() else { panic!("test databases have a socket") };
        let directory = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let mut text = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\nlogfile = {}\npool_mode = {mode}\n\
             admin_users = {}\n",
            socket.display(),
            host.port(),
            directory.path().join("users").display(),
            directory.path().join("log").display(),
            database.user(),
        );
        if version() >= (1, 21) {
            // As older ones are: what is prepared stays on its session.
            text.push_str("max_prepared_statements = 0\n");
        }
        for (name, value) in settings {
            let _ = writeln!(text, "{name} = {value}");
        }
        let users = format!("\"{}\" \"{}\"\n", database.user(), Self::PASSWORD);
        // It refuses to be root; and the socket is its user's alone.
        let owner = std::fs::metadata(socket).expect("the socket's directory is there");
        write(&directory.path().join("settings"), &text, owner.uid());
        write(&directory.path().join("users"), &users, owner.uid());
        hand_over(directory.path(), owner.uid());
        let mut shell = shell(&directory.path().join("settings"), owner.uid(), owner.gid());
        let address = Address::new(
            Host::new(HostName::Tcp("127.0.0.1".into()), port),
            database.user(),
            database.database(),
        );
        let address = address.with_password(Self::PASSWORD.into());
        let bouncer = Self { input: shell.stdin.take(), directory, shell, address };
        eventually("PgBouncer listens", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        bouncer
    }

    /// Where the database is by way of it.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// All that it has logged.
    ///
    /// # Panics
    /// If its log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("it logs")
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.shell.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound port").port()
}

fn version() -> (u32, u32) {
    let told = Command::new("pgbouncer").arg("--version").env("PATH", PATH).output();
    let told = told.expect("PgBouncer is installed; `cargo xtask external` sees to that");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let number = text.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn shell(settings: &Path, uid: u32, gid: u32) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "pgkeel"]).arg(settings).env("PATH", PATH).current_dir("/");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if is_root() {
        shell.uid(uid).gid(gid);
    }
    shell.spawn().expect("sh runs")
}

fn is_root() -> bool {
    // A new file is its maker's.
    tempfile::tempfile().and_then(|file| file.metadata()).expect("a file").uid() == 0
}

fn write(path: &PathBuf, text: &str, uid: u32) {
    std::fs::write(path, text).expect("a file of the test");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("the file is ours");
    hand_over(path, uid);
}

fn hand_over(path: &Path, uid: u32) {
    if is_root() {
        chown(path, Some(uid), None).expect("root may");
    }
}
