//! Who does the jobs; a file a peer.

mod deadpool;
mod diesel;
mod keel;
mod raw;
mod sea_orm;
mod sqlalchemy;
mod sqlx;

use std::fmt;
use std::time::Duration;

use anyhow::bail;
use clap::ValueEnum;
use serde::{Serialize, Serializer};

pub(crate) use self::deadpool::Deadpool;
pub(crate) use self::diesel::Diesel;
pub(crate) use self::keel::{Keel, Plain};
pub(crate) use self::raw::{Pipelined, Raw};
pub(crate) use self::sea_orm::SeaOrm;
pub(crate) use self::sqlalchemy::Sqlalchemy;
pub(crate) use self::sqlx::Sqlx;

use crate::account::Account;
use crate::job::Job;
use crate::server::Database;

/// The connections of every pool.
const POOL_SIZE: u32 = 20;

/// The connections that tasks share where they do.
const SHARED: u32 = 2;

/// How long a peer that is given a timeout may take for a step. Never reached; what is measured is having it.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// A peer that runs in this process. Its methods are what a program that uses it would write.
pub(crate) trait Peer: Send + Sync + Sized + 'static {
    /// What one task works with.
    type Seat: Clone + Send + Sync + 'static;

    /// A whole row as a struct.
    type Whole: Send;

    /// As little as comes before the first statement can be run.
    fn open(database: &Database, job: Job) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Opens every connection of a pool, so that rounds do not begin with fewer than they end with.
    fn fill(&self) -> impl Future<Output = anyhow::Result<()>> + Send {
        async { Ok(()) }
    }

    /// The seat of this task, counted from 0.
    fn seat(&self, task: usize) -> Self::Seat;

    /// Gets a connection and gives it back.
    fn checkout(_seat: &Self::Seat) -> impl Future<Output = anyhow::Result<()>> + Send {
        async { bail!("there is no pool to take a connection from") }
    }

    /// Reads the row with this id.
    fn point(seat: &Self::Seat, id: i64) -> impl Future<Output = anyhow::Result<Account>> + Send;

    /// Reads the whole row with this id as a struct, by the means that the peer has for it.
    fn entity(_seat: &Self::Seat, _id: i64) -> impl Future<Output = anyhow::Result<Account>> + Send {
        async { bail!("nobody wrote structs for this peer") }
    }

    /// Reads all rows as structs.
    fn rows(_seat: &Self::Seat) -> impl Future<Output = anyhow::Result<Vec<Self::Whole>>> + Send {
        async { bail!("nobody wrote structs for this peer") }
    }

    /// Id, name and amount of such a struct.
    fn fields(_row: &Self::Whole) -> (i64, &str, i64) {
        (0, "", 0)
    }

    /// Reads it over a connection that other tasks use at the same time, if the peer has that.
    fn shared(seat: &Self::Seat, id: i64) -> impl Future<Output = anyhow::Result<Account>> + Send {
        Self::point(seat, id)
    }

    /// Reads the row with this id by a statement whose text is new every time.
    fn once(
        _seat: &Self::Seat,
        _sql: &str,
        _id: i64,
    ) -> impl Future<Output = anyhow::Result<Account>> + Send {
        async { bail!("nobody wrote statements that are run once for this peer") }
    }

    /// Reads the rows with these ids, all in flight if the peer has that, or else one by one.
    fn batch(seat: &Self::Seat, ids: &[i64]) -> impl Future<Output = anyhow::Result<Vec<Account>>> + Send {
        async move {
            let mut accounts = Vec::with_capacity(ids.len());
            for id in ids {
                accounts.push(Self::point(seat, *id).await?);
            }
            Ok(accounts)
        }
    }

    /// Sets the amount of the task's own row with this id and reads it back, in a transaction in which the program could
    /// look at each answer before it goes on.
    fn closure(
        _seat: &Self::Seat,
        _id: i64,
        _amount: i64,
    ) -> impl Future<Output = anyhow::Result<Account>> + Send {
        async { bail!("nobody wrote transactions for this peer") }
    }

    /// Does the same in one flight, if the peer has that.
    fn flight(
        seat: &Self::Seat,
        id: i64,
        amount: i64,
    ) -> impl Future<Output = anyhow::Result<Account>> + Send {
        Self::closure(seat, id, amount)
    }

    /// Inserts a row with two columns and an index, by the means that the peer has for it.
    fn insert(_seat: &Self::Seat) -> impl Future<Output = anyhow::Result<()>> + Send {
        async { bail!("nobody wrote inserts for this peer") }
    }

    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A peer as it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// tokio-postgres: a connection a task, prepared by hand
    Raw,
    /// tokio-postgres: the same, with statements in flight
    RawPipelined,
    /// pgkeel-pool on its defaults
    Keel,
    /// pgkeel-pool without what the job is about
    KeelPlain,
    /// deadpool-postgres with its timeouts set
    Deadpool,
    /// sqlx on its defaults
    Sqlx,
    /// sea-orm on its defaults
    SeaOrm,
    /// diesel-async with its pool on deadpool
    Diesel,
    /// SQLAlchemy's ORM on asyncpg, in a process of its own
    Sqlalchemy,
}

impl Name {
    pub(crate) const ALL: [Self; 9] = [
        Self::Raw,
        Self::RawPipelined,
        Self::Keel,
        Self::KeelPlain,
        Self::Deadpool,
        Self::Sqlx,
        Self::SeaOrm,
        Self::Diesel,
        Self::Sqlalchemy,
    ];

    /// Whether it has what the job is about, or is there to compare that with.
    pub(crate) fn does(self, job: Job) -> bool {
        match self {
            Self::Keel => true,
            Self::Raw => !matches!(job, Job::Checkout | Job::Insert { .. }),
            Self::RawPipelined => matches!(job, Job::Shared { .. } | Job::Batch | Job::Flight { .. }),
            Self::KeelPlain => {
                Self::RawPipelined.does(job)
                    || matches!(
                        job,
                        Job::Observed { .. }
                            | Job::Once { .. }
                            | Job::Entity { .. }
                            | Job::Insert { .. }
                            | Job::Rows
                    )
            }
            Self::Deadpool => !matches!(
                job,
                Job::Observed { .. } | Job::Batch | Job::Entity { .. } | Job::Insert { .. } | Job::Rows
            ),
            Self::Sqlx => {
                Self::Sqlalchemy.does(job) || Self::SeaOrm.does(job) || matches!(job, Job::Once { .. })
            }
            Self::SeaOrm | Self::Diesel => matches!(job, Job::Entity { .. } | Job::Rows),
            Self::Sqlalchemy => matches!(job, Job::Checkout | Job::Point { .. } | Job::Cold),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Raw => "raw",
            Self::RawPipelined => "raw-pipelined",
            Self::Keel => "keel",
            Self::KeelPlain => "keel-plain",
            Self::Deadpool => "deadpool",
            Self::Sqlx => "sqlx",
            Self::SeaOrm => "sea-orm",
            Self::Diesel => "diesel",
            Self::Sqlalchemy => "sqlalchemy",
        })
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
