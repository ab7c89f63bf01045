//! The lock that lets one of many starters apply migrations at a time.
//!
//! It is taken by asking again and again (`pg_try_advisory_lock`). A session that waits inside `pg_advisory_lock` has a
//! snapshot, for which CREATE INDEX CONCURRENTLY of the holder waits: a deadlock.
//!
//! A session takes it twice: to give one back and take it again proves that it was there, and it never goes, so that nobody
//! who waits gets it. To look for it among all locks of the server takes as long as a small file, or longer.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use pgkeel_connect::Executor as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;

use super::session::Session;
use super::stop::Stop;
use crate::state::Home;
use crate::{Error, Step};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Where the number of the database is, which is a part of the key.
const DATABASE: &str =
    "from pg_catalog.pg_database where datname operator(pg_catalog.=) pg_catalog.current_database()";

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
    /// Whoever changes what a table of history describes, by the name of that.
    purpose: u32,
    database: u32,
    /// The process id of the session that took it; 0 if none has.
    taken_by: i32,
    /// Whether it goes with the transaction that is open, and not before.
    is_of_transaction: bool,
}

impl Lock {
    /// The server's process of the session that took it.
    pub(crate) fn taken_by(self) -> i32 {
        self.taken_by
    }

    fn key(self) -> i64 {
        ((u64::from(self.purpose) << 32) | u64::from(self.database)).cast_signed()
    }

    pub(crate) async fn of(session: &Session) -> Result<Self, Error> {
        let lock = Self::without_database(session);
        let sql = format!("select oid {DATABASE}");
        let database = session.step(Step::Lock, session.query_scalar(&sql, &[])).await?;
        Ok(Self { database, ..lock })
    }

    fn without_database(session: &Session) -> Self {
        let purpose = fnv1a(session.home.tables().history.sql());
        Self { purpose, database: 0, taken_by: 0, is_of_transaction: false }
    }

    /// Who is applying or reverting migrations of this database.
    pub(crate) async fn held_by(session: &Session) -> Result<Option<LockHolder>, Error> {
        Self::of(session).await?.holder(session).await
    }

    /// Takes it, or says who has it.
    pub(crate) async fn attempt(session: &Session) -> Result<Attempt, Error> {
        let take = "pg_catalog.pg_try_advisory_lock(key)";
        Self::without_database(session).ask(session, &format!("{take} and {take}")).await
    }

    /// As [`attempt`](Self::attempt), for the transaction that is open: with its end the lock goes.
    pub(crate) async fn attempt_in_transaction(session: &Session) -> Result<Attempt, Error> {
        let lock = Self { is_of_transaction: true, ..Self::without_database(session) };
        lock.ask(session, "pg_catalog.pg_try_advisory_xact_lock(key)").await
    }

    fn call(self, function: &str) -> String {
        format!("pg_catalog.{function}({})", self.key())
    }

    async fn ask(self, session: &Session, take: &str) -> Result<Attempt, Error> {
        let attempt = format!(
            "select oid, case when {take} then pg_catalog.pg_backend_pid() end
             from (select oid, '{}'::pg_catalog.int8 operator(pg_catalog.|) oid::pg_catalog.int8 as key {DATABASE}) as it",
            self.key()
        );
        // sql: the key of the lock is a number
        let row = session.step(Step::Lock, session.query_one(&attempt, &[])).await?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (database, taken_by): (u32, Option<i32>) = read().map_err(undecodable)?;
        let lock = Self { database, ..self };
        Ok(match taken_by {
            Some(taken_by) => Attempt::Taken(Self { taken_by, ..lock }),
            None => Attempt::HeldBy(lock.holder(session).await?),
        })
    }

    /// Waits until the lock is free, and takes it.
    pub(crate) async fn take(session: &Session, limit: Duration, stop: &Stop) -> Result<Self, Error> {
        let mut patience = Patience::new(limit);
        loop {
            match Self::attempt(session).await? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::HeldBy(holder) => patience.wait(holder, stop).await?,
            }
        }
    }

    /// Lets go of it. If that fails, it goes with the session.
    pub(crate) async fn release(self, session: &Session) {
        let give = self.call("pg_advisory_unlock");
        let unlock = format!("select case when {} then {give} and {give} end", self.is_here());
        // sql: the key of the lock is a number
        match session.step(Step::Lock, session.query_scalar::<Option<bool>>(&unlock, &[])).await {
            Ok(Some(true)) => {}
            Ok(None) => self.end_holder(session).await,
            other => tracing::debug!(?other, "the lock was not there to be released"),
        }
    }

    /// A pooler that was not noticed keeps the session that took the lock, for whoever comes, and the lock with it. While it
    /// rests nobody misses it.
    async fn end_holder(self, session: &Session) {
        let end = format!(
            "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_locks join pg_catalog.pg_stat_activity as a
               on a.pid operator(pg_catalog.=) pg_locks.pid
             where a.pid operator(pg_catalog.=) {} and a.state operator(pg_catalog.=) 'idle' and {}",
            self.taken_by,
            self.in_pg_locks()
        );
        // sql: the key of the lock is a number
        let ended = session.step(Step::Lock, session.query_opt(&end, &[])).await;
        tracing::warn!(pid = self.taken_by, ?ended, "the lock was left on a session of a pooler");
    }

    /// Who holds those of several places, by which of them it is.
    pub(crate) async fn holders(
        session: &Session,
        homes: &[&Home],
    ) -> Result<BTreeMap<usize, LockHolder>, Error> {
        let sql = "select pg_locks.pid, coalesce(application_name, ''), backend_start, classid::pg_catalog.int8
             from pg_catalog.pg_locks
               left join pg_catalog.pg_stat_activity as a on a.pid operator(pg_catalog.=) pg_locks.pid
               join pg_catalog.pg_database as d on d.oid operator(pg_catalog.=) pg_locks.database
             where locktype operator(pg_catalog.=) 'advisory' and granted and objsubid operator(pg_catalog.=) 1
               and d.datname operator(pg_catalog.=) pg_catalog.current_database() and objid operator(pg_catalog.=) d.oid";
        let mut found = BTreeMap::new();
        for row in session.step(Step::Lock, session.query(sql, &[])).await? {
            let (holder, purpose) = (read(&row)?, row.try_get::<_, i64>(3).map_err(undecodable)?);
            for (at, home) in homes.iter().enumerate() {
                if i64::from(fnv1a(home.tables().history.sql())) == purpose {
                    found.insert(at, holder.clone());
                }
            }
        }
        Ok(found)
    }

    async fn holder(self, session: &Session) -> Result<Option<LockHolder>, Error> {
        let sql = format!(
            "select pg_locks.pid, coalesce(application_name, ''), backend_start
             from pg_catalog.pg_locks
               left join pg_catalog.pg_stat_activity as a on a.pid operator(pg_catalog.=) pg_locks.pid where {}",
            self.in_pg_locks()
        );
        // sql: the key of the lock is a number
        let rows = session.step(Step::Lock, session.query(&sql, &[])).await?;
        rows.first().map(read).transpose()
    }

    /// An SQL expression that says whether the session holds the lock, on whichever search path.
    pub(crate) fn is_held(self) -> String {
        let is_here = self.is_here();
        if self.is_of_transaction {
            return is_here;
        }
        let (give, take) = (self.call("pg_advisory_unlock"), self.call("pg_try_advisory_lock"));
        format!("case when not {is_here} then false when {give} then {take} else false end")
    }

    /// An SQL expression that says whether this is the session that took it.
    fn is_here(self) -> String {
        format!("(pg_catalog.pg_backend_pid() operator(pg_catalog.=) {})", self.taken_by)
    }

    /// `objsubid` 1 marks keys of one number (PostgreSQL documentation, "`pg_locks`").
    fn in_pg_locks(self) -> String {
        format!(
            "locktype operator(pg_catalog.=) 'advisory' and granted and objsubid operator(pg_catalog.=) 1
             and pg_locks.database operator(pg_catalog.=) {}::pg_catalog.oid
             and classid operator(pg_catalog.=) {}::pg_catalog.oid and objid operator(pg_catalog.=) {}::pg_catalog.oid",
            self.database, self.purpose, self.database
        )
    }
}

fn read(row: &Row) -> Result<LockHolder, Error> {
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (pid, application_name, since) = read().map_err(undecodable)?;
    Ok(LockHolder { pid, application_name, since })
}

fn undecodable(source: tokio_postgres::Error) -> Error {
    let source = pgkeel_connect::Error::Decode { column: 0, source };
    Error::Database { step: Step::Lock, source }
}

/// FNV-1a of 32 bits (draft-eastlake-fnv), for a number that is the same in every build.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_same_in_every_build() {
        assert_eq!(fnv1a(""), 0x811c_9dc5);
        assert_eq!(fnv1a("foobar"), 0xbf9c_f968); // test vector of the draft
        let purpose = fnv1a(Home::default().tables().history.sql());
        let lock = Lock { purpose, database: 7, taken_by: 0, is_of_transaction: false };
        assert_eq!(lock.key().cast_unsigned(), 0x4648_bd7e_0000_0007);
    }
}
