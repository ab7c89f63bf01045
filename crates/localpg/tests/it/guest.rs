//! Other processes that use the private server: this test program runs itself again as one of them.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use pgkeel_localpg::{Installation, PrivateServer, ScratchCluster, ScratchOptions};

use crate::{
    ground::{self, PATIENCE},
    mirror::Mirror,
    sql,
};

const ROLE: &str = "PGKEEL_TEST_GUEST";
const BASE: &str = "PGKEEL_TEST_BASE";

/// A process that is attached, or has a scratch cluster, until it is told to leave or killed.
pub(crate) struct Guest {
    child: Child,
    stdin: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    /// The postmaster it uses.
    pub(crate) server: u32,
    /// What else it said of it.
    pub(crate) remark: String,
}

impl Guest {
    /// One that attaches; its remark is whether it has started the server.
    pub(crate) fn attached(base: &Path) -> Self {
        let mut guest = Self::begin("attach", base);
        guest.hear_of_server();
        guest
    }

    /// One with a scratch cluster, `running` or `frozen`; its remark is the data directory.
    pub(crate) fn with_cluster(state: &str) -> Self {
        let mut guest = Self::begin(state, Path::new("/"));
        guest.hear_of_server();
        guest
    }

    /// One that begins to attach, however far it comes.
    pub(crate) fn attaching(base: &Path) -> Self {
        Self::begin("attach", base)
    }

    /// One that attaches, asks and detaches five times.
    pub(crate) fn coming_and_going(base: &Path) -> Self {
        Self::begin("cycle", base)
    }

    /// One that fetches out of a mirror.
    pub(crate) fn fetching(mirror: &Mirror) -> Self {
        let mut command = Self::program();
        command.env("PATH", mirror.clients()).env_remove("PGKEEL_PG_FETCH").env_remove("PGKEEL_PG_MAJOR");
        command.env("PGKEEL_PG_CACHE_DIR", mirror.cache()).env("PGKEEL_PG_PINS", mirror.pins());
        Self::begin_with(command, "fetch", Path::new("/"))
    }

    fn begin(role: &str, base: &Path) -> Self {
        Self::begin_with(Self::program(), role, base)
    }

    fn program() -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "guest::plays_its_role_if_it_has_one", "--nocapture"]);
        command
    }

    fn begin_with(mut command: Command, role: &str, base: &Path) -> Self {
        command.env(ROLE, role).env(BASE, base).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a second process");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        let stdin = child.stdin.take();
        Self { child, stdin, said, server: 0, remark: String::new() }
    }

    fn hear_of_server(&mut self) {
        let line = self.hear("server ");
        let (pid, remark) = line.split_once(' ').expect("two words");
        self.server = pid.parse().expect("a process id");
        remark.clone_into(&mut self.remark);
    }

    /// The rest of the next line that begins so.
    fn hear(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let length = self.said.read_line(&mut line).expect("text");
            assert!(length > 0, "the guest ended without a line that begins with {beginning}");
            if let Some(rest) = line.trim_end().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    /// Kills it without any warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Lets it detach, and tells what it heard.
    pub(crate) fn leave(mut self) -> String {
        drop(self.stdin.take());
        let heard = self.hear("detached ");
        self.finish();
        heard
    }

    /// Waits until it has done its work.
    pub(crate) fn finish(mut self) {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("text");
        assert!(self.child.wait().expect("gone").success(), "the guest failed: {rest}");
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    write!(stdout, "\n{text}\n").and_then(|()| stdout.flush()).expect("the host listens");
}

/// Nothing to do in the process that runs the tests; the work of the guest in the others.
#[test]
#[expect(clippy::disallowed_methods, reason = "the host gives the role to its guest in the environment")]
fn plays_its_role_if_it_has_one() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let mut options = ground::surroundings();
    options.data_dir = std::env::var_os(BASE).map(Into::into);
    match role.to_str() {
        Some("attach") => {
            let server = PrivateServer::attach(&options).expect("attached");
            say(&format!("server {} {}", server.pid(), server.was_started_here()));
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            say(&format!("detached {:?}", server.detach(PATIENCE).expect("detached")));
        }
        Some("cycle") => {
            for _ in 0..5 {
                let server = PrivateServer::attach(&options).expect("attached");
                assert_eq!(sql::one(server.endpoint(), "select 'here'"), "here");
                server.detach(PATIENCE).expect("detached");
            }
        }
        Some("fetch") => {
            Installation::fetched(&options).expect("fetched");
        }
        Some(state @ ("running" | "frozen")) => {
            let mut cluster = ScratchCluster::start(&ScratchOptions::new(options)).expect("started");
            if state == "frozen" {
                cluster.freeze().expect("frozen");
            }
            say(&format!("server {} {}", cluster.pid(), cluster.data_dir().display()));
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
        }
        other => panic!("no such role: {other:?}"),
    }
}
