//! `requirepeer`: as whom the server behind a Unix socket runs.
//!
//! Anybody can put a socket into `/tmp`, and would be told the password. The operating system says whose process
//! listens there; this is asked before anything is sent.

use std::io;
use std::process::{Command, Stdio};

use tokio::net::UnixStream;

/// Where the users of this machine are listed: `name:password:uid:…`. Those of a directory service are not, nor are
/// people on macOS.
const USERS: &str = "/etc/passwd";

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPeer {
    #[error(
        "the server runs as {found}, where `requirepeer={wanted}` is asked for; if that is right, name that user, or \
         else find out who put the socket there"
    )]
    Other { found: String, wanted: String },
    #[error(
        "the server runs as {found}, and `requirepeer={wanted}` names a user whom this machine does not know"
    )]
    Unknown { found: String, wanted: String },
}

/// Whether the process at the other end is this user's.
pub(super) async fn check(
    socket: &UnixStream,
    wanted: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (found, wanted) = (socket.peer_cred()?.uid(), wanted.to_owned());
    let compared = tokio::task::spawn_blocking(move || {
        let users = std::fs::read(USERS).unwrap_or_default();
        compare(found, &wanted, &String::from_utf8_lossy(&users), ask)
    });
    compared.await?
}

/// `ask` finds the users that the list has not got.
fn compare(
    found: u32,
    wanted: &str,
    users: &str,
    ask: impl FnOnce(&str) -> io::Result<Option<u32>>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let listed = || {
        users.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, uid) = (fields.next()?, fields.nth(1)?.parse::<u32>().ok()?);
            Some((name, uid))
        })
    };
    let known = listed().find(|(name, _)| *name == wanted).map(|(_, uid)| uid);
    let uid = if known.is_some() { known } else { ask(wanted)? };
    if uid == Some(found) {
        return Ok(());
    }
    let name = listed().find(|(_, uid)| *uid == found).map(|(name, _)| format!("`{name}`"));
    let (found, wanted) = (name.unwrap_or_else(|| format!("user id {found}")), wanted.to_owned());
    Err(if uid.is_some() { BadPeer::Other { found, wanted } } else { BadPeer::Unknown { found, wanted } }
        .into())
}

/// Asks the tool that knows all the sources of users which the rest of the system has. The C library knows them as well,
/// but calling it takes `unsafe`.
fn ask(name: &str) -> io::Result<Option<u32>> {
    let mut id = Command::new("id");
    let answer = id.args(["-u", "--", name]).stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    let uid = String::from_utf8_lossy(&answer.stdout).trim().parse().ok();
    Ok(uid.filter(|_| answer.status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\n# a remark\npostgres:x:70:70::/var/lib/postgresql:\n";

    fn compared(found: u32, wanted: &str) -> Result<(), String> {
        let ask = |name: &str| Ok((name == "of.a.directory").then_some(4711));
        compare(found, wanted, PASSWD, ask).map_err(|error| error.to_string())
    }

    #[test]
    fn a_user_is_found_in_the_list_or_by_asking() {
        assert_eq!(compared(70, "postgres"), Ok(()));
        assert_eq!(compared(4711, "of.a.directory"), Ok(()));
    }

    #[test]
    fn both_users_are_named() {
        let other = compared(70, "root").unwrap_err();
        assert!(other.contains("`postgres`") && other.contains("requirepeer=root"), "{other}");
        let nameless = compared(1234, "postgres").unwrap_err();
        assert!(nameless.contains("user id 1234"), "{nameless}");
    }

    #[test]
    fn a_user_whom_nobody_knows_is_never_the_right_one() {
        for wanted in ["postgre", "", "70", "x"] {
            assert!(compared(70, wanted).unwrap_err().contains("does not know"), "{wanted}");
        }
    }

    #[test]
    fn the_system_knows_its_own_users() {
        assert_eq!(ask("root").unwrap(), Some(0));
        assert_eq!(ask("pgkeel-no-such-user").unwrap(), None);
        assert_eq!(ask("--help").unwrap(), None);
    }
}
