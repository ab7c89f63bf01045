//! The lock that lets one process at a time make or use a demo.
//!
//! Advisory locks belong to a database, and two processes may come by way of different ones. So whoever has the lock in
//! its own looks besides whether somebody has it in another; `pg_locks` shows them all.

use std::fmt;
use std::time::Duration;

use pgkeel_connect::{Config, Ident};
use tokio::time::{Instant, sleep};

use crate::session::{Session, column};
use crate::{Error, Step, Target};

/// Marks the locks of demos, in the upper half of the key.
const DEMO: u32 = fnv1a(b"pgkeel demo");

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The process that uses a demo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The process id of its session at the server.
    pub pid: i32,
    /// What it calls itself in `pg_stat_activity`, such as `pgkeel-demo of process 4711`.
    pub application_name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.application_name)
    }
}

/// The lock of one demo, and the session that holds it.
#[derive(Debug)]
pub(crate) struct Lease {
    session: Session,
}

/// What came of trying to get the lock.
#[derive(Debug)]
pub(crate) enum Taken {
    Ours(Lease),
    /// Somebody else has it, and who if it could be found out.
    Theirs(Session, Option<Holder>),
}

impl Lease {
    /// Tries until `patience` is over: a process that was killed keeps the lock for a moment.
    pub(crate) async fn take(server: &Config, target: &Target, patience: Duration) -> Result<Taken, Error> {
        let session = Session::open(server).await?;
        let key = Key::of(target.name());
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let is_ours = session.scalar(Step::Lock, &key.attempt(), &[]).await?;
            let other = key.other_holder(&session).await?;
            if is_ours && other.is_none() {
                return Ok(Taken::Ours(Self { session }));
            }
            if is_ours {
                session.scalar::<bool>(Step::Lock, &key.release(), &[]).await?;
            }
            let left = patience.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(Taken::Theirs(session, other));
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The session, which sees the database that the server's address names.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

#[derive(Debug, Clone, Copy)]
struct Key(u32);

impl Key {
    fn of(database: &Ident) -> Self {
        Self(fnv1a(database.name().as_bytes()))
    }

    fn attempt(self) -> String {
        format!("select pg_try_advisory_lock({}, {})", DEMO.cast_signed(), self.0.cast_signed())
    }

    fn release(self) -> String {
        format!("select pg_advisory_unlock({}, {})", DEMO.cast_signed(), self.0.cast_signed())
    }

    /// `objsubid` 2 marks keys of two numbers (PostgreSQL documentation, "`pg_locks`").
    async fn other_holder(self, session: &Session) -> Result<Option<Holder>, Error> {
        let sql = format!(
            "select pid, coalesce(application_name, '') from pg_locks left join pg_stat_activity using (pid)
             where locktype = 'advisory' and granted and objsubid = 2 and classid = {DEMO} and objid = {}
               and pid <> pg_backend_pid()",
            self.0
        );
        let rows = session.query(Step::Lock, &sql, &[]).await?;
        let holder = |row| {
            let (pid, application_name) = (column(Step::Lock, row, 0)?, column(Step::Lock, row, 1)?);
            Ok(Holder { pid, application_name })
        };
        rows.first().map(holder).transpose()
    }
}

/// FNV-1a of 32 bits (draft-eastlake-fnv), for a number that is the same in every build.
const fn fnv1a(bytes: &[u8]) -> u32 {
    let (mut at, mut hash) = (0, 0x811c_9dc5_u32);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_same_in_every_build() {
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968); // test vector of the draft
        assert_ne!(Key::of(Target::kept().name()).0, Key::of(Target::kept().unfinished()).0);
    }
}
