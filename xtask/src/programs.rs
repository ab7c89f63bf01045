//! Programs that are not ours, installed where they are missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::command;

/// What tests of ours run besides.
pub(crate) const FOR_TESTS: [&str; 4] = ["pgbouncer", "psql", "pg_dump", CRYPTOGRAPHY];

/// No program, but what one in Python needs.
const CRYPTOGRAPHY: &str = "python3-cryptography";

/// Those whose packages start a service.
const SERVICES: [&str; 1] = ["pgbouncer"];

/// Where plain users may not look.
const BESIDES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

fn find(program: &str) -> Option<PathBuf> {
    let path = path();
    let mut directories = std::env::split_paths(&path).chain(BESIDES.map(PathBuf::from));
    directories.find_map(|directory| Some(directory.join(program)).filter(|file| file.is_file()))
}

fn is_there(program: &str) -> bool {
    find(program).is_some()
}

fn starts(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether it runs. On Debian a name may lead to a script that looks for the program of some PostgreSQL, and finds none.
fn runs(program: &str) -> bool {
    if program == CRYPTOGRAPHY {
        return starts(Command::new("python3").args(["-c", "import cryptography"]));
    }
    find(program).is_some_and(|file| starts(Command::new(file).arg("--version")))
}

#[expect(clippy::disallowed_methods, reason = "programs are looked for where the shell would look")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Package managers, and how each installs without asking. All but the last want to be root.
const MANAGERS: [(&str, &[&str]); 4] = [
    ("apt-get", &["install", "--yes", "--no-install-recommends"]),
    ("dnf", &["install", "--assumeyes"]),
    ("apk", &["add"]),
    ("brew", &["install"]),
];

/// What a package manager calls what has a program; as a rule as the program is called itself.
fn package<'a>(program: &'a str, manager: &str) -> &'a str {
    match (program, manager) {
        ("psql" | "pg_dump", "dnf") => "postgresql",
        ("psql" | "pg_dump", "brew") => "libpq",
        ("psql" | "pg_dump", _) => "postgresql-client",
        (CRYPTOGRAPHY, "apk") => "py3-cryptography",
        (CRYPTOGRAPHY, "brew") => "cryptography",
        _ => program,
    }
}

/// Installs those that are not there, or do not run.
pub(crate) fn install(programs: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !runs(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named = missing.join(", ");
    let Some((manager, words)) = MANAGERS.iter().find(|(manager, _)| is_there(manager)) else {
        bail!("{named} missing, and no package manager that is known here; install by hand");
    };
    let by_hand = || format!("install {named} by hand");
    if *manager == "apt-get" {
        command::run(as_root(manager)?.arg("update")).with_context(by_hand)?;
    }
    let packages: BTreeSet<&str> = missing.iter().map(|program| package(program, manager)).collect();
    command::run(as_root(manager)?.args(*words).args(packages)).with_context(by_hand)?;
    // Some packages start a service. The tests start what they need by themselves.
    for service in missing.iter().filter(|program| SERVICES.contains(program)) {
        if Path::new("/run/systemd/system").is_dir() {
            command::run(as_root("systemctl")?.args(["disable", "--now", service]))?;
        }
    }
    Ok(())
}

/// Nothing may be asked for: neither by the program nor a password.
fn as_root(program: &str) -> anyhow::Result<Command> {
    let mut command = if program == "brew" || is_root()? {
        Command::new(program)
    } else if is_there("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "--preserve-env=DEBIAN_FRONTEND", program]);
        sudo
    } else {
        bail!("{program} wants to be root, and there is no sudo");
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn is_root() -> anyhow::Result<bool> {
    let id = Command::new("id").arg("-u").output().context("asking who runs this")?;
    Ok(id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_where_the_shell_finds_them() {
        assert!(is_there("sh"));
        assert!(!is_there("pgkeel-no-such-program"));
    }

    #[test]
    fn what_is_there_and_does_not_run_is_missing() {
        assert!(runs("cargo"));
        assert!(is_there("false") && !runs("false"));
        assert!(!runs("pgkeel-no-such-program"));
    }

    #[test]
    fn programs_of_one_package_are_installed_by_one_name() {
        for (manager, _) in MANAGERS {
            assert_eq!(package("psql", manager), package("pg_dump", manager));
        }
    }
}
