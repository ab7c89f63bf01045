//! The lock that lets one of many starters apply migrations at a time.
//!
//! It is taken by asking again and again (`pg_try_advisory_lock`). A session that waits inside `pg_advisory_lock` has a
//! snapshot, for which CREATE INDEX CONCURRENTLY of the holder waits: a deadlock.

use std::fmt;
use std::time::{Duration, SystemTime};

use pgkeel_connect::Executor as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep};

use super::session::Session;
use super::stop::Stop;
use crate::state::history;
use crate::{Error, Step};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What came of asking for the lock.
pub(crate) enum Attempt {
    Taken(Lock),
    /// Somebody, who may have gone meanwhile.
    HeldBy(Option<LockHolder>),
}

/// Waiting for the lock, with pauses that grow up to a bound.
pub(crate) struct Patience {
    since: Instant,
    pause: Duration,
    limit: Duration,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { since: Instant::now(), pause: FIRST_PAUSE, limit }
    }

    /// Whether nothing has been waited for yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.pause == FIRST_PAUSE
    }

    /// Waits a while, unless that has been long enough.
    pub(crate) async fn wait(&mut self, holder: Option<LockHolder>, stop: &Stop) -> Result<(), Error> {
        if stop.is_requested() {
            return Err(Error::Stopped { before: Vec::new() });
        }
        let left = self.limit.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            return Err(Error::Locked { waited: self.limit, holder });
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// Who is applying migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHolder {
    /// The process id of its session at the server.
    pub pid: i32,
    /// What it calls itself in `pg_stat_activity`.
    pub application_name: String,
    /// When its session began; `None` if this user may not know.
    pub since: Option<SystemTime>,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with process id {}", self.application_name, self.pid)?;
        let since = self.since.map(OffsetDateTime::from).and_then(|since| since.replace_nanosecond(0).ok());
        match since.and_then(|since| since.format(&Rfc3339).ok()) {
            Some(since) => write!(f, ", connected since {since}"),
            None => Ok(()),
        }
    }
}

/// The lock's key: in the upper half for what, in the lower half for which database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lock {
    purpose: u32,
    database: u32,
}

impl Lock {
    /// For whoever changes what a table of history describes.
    pub(crate) const HISTORY: u32 = fnv1a(history::TABLE);

    /// For whoever makes a dry run in a database of its own.
    pub(crate) const SHADOW: u32 = fnv1a("pgkeel.shadow");

    fn key(self) -> i64 {
        ((u64::from(self.purpose) << 32) | u64::from(self.database)).cast_signed()
    }

    async fn of(session: &Session, purpose: u32) -> Result<Self, Error> {
        let sql = "select oid from pg_database where datname = current_database()";
        let database = session.step(Step::Lock, session.connection.query_scalar(sql, &[])).await?;
        Ok(Self { purpose, database })
    }

    /// Who is applying or reverting migrations of this database.
    pub(crate) async fn held_by(session: &Session) -> Result<Option<LockHolder>, Error> {
        Self::of(session, Self::HISTORY).await?.holder(session).await
    }

    /// Takes it, or says who has it.
    pub(crate) async fn attempt(session: &Session, purpose: u32) -> Result<Attempt, Error> {
        let lock = Self::of(session, purpose).await?;
        let attempt = format!("select pg_try_advisory_lock({})", lock.key());
        let is_taken = session.step(Step::Lock, session.connection.query_scalar(&attempt, &[])).await?;
        Ok(if is_taken { Attempt::Taken(lock) } else { Attempt::HeldBy(lock.holder(session).await?) })
    }

    /// Waits until the lock is free, and takes it.
    pub(crate) async fn take(
        session: &Session,
        purpose: u32,
        limit: Duration,
        stop: &Stop,
    ) -> Result<Self, Error> {
        let mut patience = Patience::new(limit);
        loop {
            match Self::attempt(session, purpose).await? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::HeldBy(holder) => patience.wait(holder, stop).await?,
            }
        }
    }

    /// Lets go of it. If that fails, it goes with the session.
    pub(crate) async fn release(self, session: &Session) {
        let unlock = format!("select pg_advisory_unlock({})", self.key());
        match session.step(Step::Lock, session.connection.query_scalar::<bool>(&unlock, &[])).await {
            Ok(true) => {}
            other => tracing::debug!(?other, "the lock was not there to be released"),
        }
    }

    async fn holder(self, session: &Session) -> Result<Option<LockHolder>, Error> {
        let sql = format!(
            "select pid, coalesce(application_name, ''), backend_start
             from pg_locks left join pg_stat_activity using (pid) where {}",
            self.in_pg_locks()
        );
        let rows = session.step(Step::Lock, session.connection.query(&sql, &[])).await?;
        let decoded = rows.first().map(|row| {
            let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            read().map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        });
        match decoded.transpose() {
            Ok(found) => {
                Ok(found.map(|(pid, name, since)| LockHolder { pid, application_name: name, since }))
            }
            Err(source) => Err(Error::Database { step: Step::Lock, source }),
        }
    }

    /// An SQL condition that says whether the session holds the lock.
    pub(crate) fn is_held(self) -> String {
        format!("exists (select from pg_locks where {} and pid = pg_backend_pid())", self.in_pg_locks())
    }

    /// `objsubid` 1 marks keys of one number (PostgreSQL documentation, "`pg_locks`").
    fn in_pg_locks(self) -> String {
        format!(
            "locktype = 'advisory' and granted and objsubid = 1
             and pg_locks.database = {} and classid = {} and objid = {}",
            self.database, self.purpose, self.database
        )
    }
}

/// FNV-1a of 32 bits (draft-eastlake-fnv), for a number that is the same in every build.
const fn fnv1a(text: &str) -> u32 {
    let (bytes, mut at, mut hash) = (text.as_bytes(), 0, 0x811c_9dc5_u32);
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
        assert_eq!(fnv1a(""), 0x811c_9dc5);
        assert_eq!(fnv1a("foobar"), 0xbf9c_f968); // test vector of the draft
        assert_eq!(Lock { purpose: 1, database: 7 }.key() & 0xffff_ffff, 7);
    }
}
