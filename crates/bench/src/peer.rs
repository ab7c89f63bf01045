//! Who does the jobs; a file a peer.

mod deadpool;
mod keel;
mod raw;
mod sqlalchemy;
mod sqlx;

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

pub(crate) use self::deadpool::Deadpool;
pub(crate) use self::keel::Keel;
pub(crate) use self::raw::Raw;
pub(crate) use self::sqlalchemy::Sqlalchemy;
pub(crate) use self::sqlx::Sqlx;

use crate::account::Account;
use crate::job::Job;
use crate::server::Database;

/// The connections of every pool.
const POOL_SIZE: u32 = 20;

/// How long a peer that is given a timeout may take for a step. Never reached; what is measured is having it.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// A peer that runs in this process. Its methods are what a program that uses it would write.
pub(crate) trait Peer: Send + Sync + Sized + 'static {
    /// What one task works with.
    type Seat: Clone + Send + Sync + 'static;

    /// As little as comes before the first statement can be run.
    fn open(database: &Database, job: Job) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Opens every connection of a pool, so that rounds do not begin with fewer than they end with.
    fn fill(&self) -> impl Future<Output = anyhow::Result<()>> + Send {
        async { Ok(()) }
    }

    /// The seat of this task, counted from 0.
    fn seat(&self, task: usize) -> Self::Seat;

    /// Gets a connection and gives it back.
    fn checkout(seat: &Self::Seat) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Reads the row with this id.
    fn point(seat: &Self::Seat, id: i64) -> impl Future<Output = anyhow::Result<Account>> + Send;

    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A peer as it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// tokio-postgres: a connection a task, prepared by hand
    Raw,
    /// pgkeel-pool on its defaults
    Keel,
    /// deadpool-postgres with its timeouts set
    Deadpool,
    /// sqlx on its defaults
    Sqlx,
    /// SQLAlchemy's ORM on asyncpg, in a process of its own
    Sqlalchemy,
}

impl Name {
    pub(crate) const ALL: [Self; 5] = [Self::Raw, Self::Keel, Self::Deadpool, Self::Sqlx, Self::Sqlalchemy];

    /// Whether it has what the job is about.
    pub(crate) fn does(self, job: Job) -> bool {
        !(self == Self::Raw && job == Job::Checkout)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Raw => "raw",
            Self::Keel => "keel",
            Self::Deadpool => "deadpool",
            Self::Sqlx => "sqlx",
            Self::Sqlalchemy => "sqlalchemy",
        })
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
