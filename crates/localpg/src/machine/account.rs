//! Who runs the server: ourselves, or another user where we are root.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Error, Options, machine::run};

/// Enough to find `sh`, `id`, `cp` and `mkfifo` on every system (the last is where NixOS keeps them).
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin";

/// A user who is not root, and how to run programs as that user.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
    is_other: bool,
}

impl Account {
    /// The caller, or below root the first that exists of `pg.user`, else `postgres` and `nobody`.
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        if rustix::process::geteuid().is_root() {
            Self::below_root(options.user.as_deref())
        } else {
            Self::ourselves(options.user.as_deref())
        }
    }

    fn below_root(wanted: Option<&str>) -> Result<Self, Error> {
        let tried = wanted.map_or_else(|| vec!["postgres", "nobody"], |name| vec![name]);
        for name in &tried {
            match ids(name)? {
                Some((0, _)) => return Err(refused(name, "PostgreSQL does not run as root")),
                Some((uid, gid)) => return Ok(Self { name: (*name).to_owned(), uid, gid, is_other: true }),
                None => {}
            }
        }
        Err(Error::UserNotFound { tried: tried.into_iter().map(str::to_owned).collect() })
    }

    fn ourselves(wanted: Option<&str>) -> Result<Self, Error> {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        match wanted {
            Some(name) if ids(name)?.is_none_or(|(other, _)| other != uid) => {
                Err(refused(name, "only root can run the server as another user"))
            }
            _ => Ok(Self { name: format!("user id {uid}"), uid, gid, is_other: false }),
        }
    }

    /// A name for error texts.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    pub(crate) fn gid(&self) -> u32 {
        self.gid
    }

    /// Whether programs run as somebody else than the caller.
    pub(crate) fn is_other(&self) -> bool {
        self.is_other
    }

    /// A program run as this user, with an environment that does not depend on the caller's, and in a process
    /// group of its own, so that Ctrl-C in the caller's terminal does not reach it.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = plain(program);
        if self.is_other {
            command.uid(self.uid).gid(self.gid); // std drops the supplementary groups with it
        }
        command
    }

    /// Runs a few lines of `sh` as this user, with `arguments` as `$1` and so on and `input` on standard input.
    pub(crate) fn shell(
        &self,
        step: &'static str,
        script: &str,
        arguments: &[&OsStr],
        input: &[u8],
    ) -> Result<String, Error> {
        let mut command = self.command("sh");
        command.args(["-c", script, "pgkeel"]).args(arguments);
        run::checked(step, command, input)
    }

    /// Writes a file whole, readable by this user alone (and root).
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        let script = r#"umask 077; cat >"$1.new" && mv -f "$1.new" "$1""#;
        self.shell("write a file", script, &[path.as_os_str()], text.as_bytes()).map(drop)
    }
}

#[cfg(test)]
impl Account {
    /// An account for logic that runs nothing.
    pub(crate) fn made_up(is_other: bool) -> Self {
        Self { name: "somebody".to_owned(), uid: 4711, gid: 4711, is_other }
    }
}

/// A program run as the caller, with an environment and a process group of its own.
pub(crate) fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // The C locale keeps messages in English, which we read, and keeps the postmaster single-threaded on macOS.
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", PATH);
    command.current_dir("/").process_group(0).stdin(Stdio::null());
    command
}

fn refused(user: &str, reason: &'static str) -> Error {
    Error::UserRefused { user: user.to_owned(), reason }
}

/// User and group id of a name, by the tool that asks the same sources as the rest of the system.
fn ids(name: &str) -> Result<Option<(u32, u32)>, Error> {
    Ok(id("-u", name)?.zip(id("-g", name)?))
}

fn id(which: &str, name: &str) -> Result<Option<u32>, Error> {
    let mut command = plain("id");
    command.args([which, "--", name]);
    let outcome = run::finished("look up the database user", command, &[])?;
    Ok(outcome.status.success().then(|| outcome.output.trim().parse().ok()).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanting(user: &str) -> Options {
        Options { user: Some(user.to_owned()), ..Options::default() }
    }

    #[test]
    fn a_user_that_does_not_exist_is_a_setting_problem() {
        let error = Account::of(&wanting("pgkeel-no-such-user")).expect_err("nobody is called that");
        assert!(error.is_setting_problem(), "{error}");
    }

    #[test]
    fn root_is_refused() {
        let error = Account::of(&wanting("root")).expect_err("PostgreSQL refuses root");
        assert!(matches!(error, Error::UserRefused { .. }), "{error}");
    }

    #[test]
    fn programs_do_not_run_as_root() {
        let account = Account::of(&Options::default()).expect("an account");
        let uid = account.shell("ask", "id -u", &[], &[]).expect("id runs");
        assert_eq!(uid.trim(), account.uid().to_string());
        assert_ne!(account.uid(), 0);
    }
}
