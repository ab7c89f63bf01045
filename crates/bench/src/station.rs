//! One peer made ready for one job.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::job::{self, Batch, Closure, Entity, Flight, Insert, Job, Once, Point, Rows, Shared};
use crate::laps::{Limit, Tally, Work};
use crate::peer::{Deadpool, Diesel, Keel, Name, Peer, Pipelined, Plain, Raw, SeaOrm, Sqlalchemy, Sqlx};
use crate::server::Database;

/// How long a peer may take to open its connections.
const OPEN_TIMEOUT: Duration = Duration::from_mins(1);

/// Waits for its turn between samples.
pub(crate) trait Station {
    /// Does the job until the limit.
    fn sample(&mut self, limit: Limit) -> anyhow::Result<Work>;

    /// A program of its own that does the work, by its process id.
    fn child(&self) -> Option<u32> {
        None
    }
}

/// Opens what the job needs, as far as that is not the job.
pub(crate) fn open(
    job: Job,
    peer: Name,
    database: &Database,
    runtime: Runtime,
) -> anyhow::Result<Box<dyn Station>> {
    Ok(match peer {
        Name::Raw => Box::new(Native::<Raw>::open(job, database, runtime)?),
        Name::RawPipelined => Box::new(Native::<Pipelined>::open(job, database, runtime)?),
        Name::Keel => Box::new(Native::<Keel>::open(job, database, runtime)?),
        Name::KeelPlain => Box::new(Native::<Plain>::open(job, database, runtime)?),
        Name::Deadpool => Box::new(Native::<Deadpool>::open(job, database, runtime)?),
        Name::Sqlx => Box::new(Native::<Sqlx>::open(job, database, runtime)?),
        Name::SeaOrm => Box::new(Native::<SeaOrm>::open(job, database, runtime)?),
        Name::Diesel => Box::new(Native::<Diesel>::open(job, database, runtime)?),
        Name::Sqlalchemy => Box::new(Sqlalchemy::start(job, database, runtime)?),
    })
}

/// A peer that runs in this process.
struct Native<P> {
    job: Job,
    database: Database,
    peer: Option<P>,
    runtime: Runtime,
}

impl<P: Peer> Native<P> {
    fn open(job: Job, database: &Database, runtime: Runtime) -> anyhow::Result<Self> {
        let peer = match job {
            Job::Cold => None,
            _ => Some(runtime.block_on(filled(job, database))?),
        };
        Ok(Self { job, database: database.clone(), peer, runtime })
    }

    async fn work(&self, limit: Limit) -> anyhow::Result<Tally> {
        let Some(peer) = &self.peer else { return job::cold::<P>(self.database.clone(), limit).await };
        let tasks = self.job.tasks();
        match self.job {
            Job::Checkout => job::checkout(peer, limit).await,
            Job::Point { .. } | Job::Observed { .. } => job::repeat::<Point, P>(peer, tasks, limit).await,
            Job::Shared { .. } => job::repeat::<Shared, P>(peer, tasks, limit).await,
            Job::Once { .. } => job::repeat::<Once, P>(peer, tasks, limit).await,
            Job::Batch => job::repeat::<Batch, P>(peer, tasks, limit).await,
            Job::Closure { .. } => job::repeat::<Closure, P>(peer, tasks, limit).await,
            Job::Flight { .. } => job::repeat::<Flight, P>(peer, tasks, limit).await,
            Job::Entity { .. } => job::repeat::<Entity, P>(peer, tasks, limit).await,
            Job::Insert { .. } => job::repeat::<Insert, P>(peer, tasks, limit).await,
            Job::Rows => job::repeat::<Rows, P>(peer, tasks, limit).await,
            Job::Cold => job::cold::<P>(self.database.clone(), limit).await,
        }
    }
}

async fn filled<P: Peer>(job: Job, database: &Database) -> anyhow::Result<P> {
    let opening = async {
        let peer = P::open(database, job).await?;
        peer.fill().await?;
        anyhow::Ok(peer)
    };
    timeout(OPEN_TIMEOUT, opening).await.context("opening connections took too long")?
}

impl<P: Peer> Station for Native<P> {
    fn sample(&mut self, limit: Limit) -> anyhow::Result<Work> {
        let (begun, cpu) = (Instant::now(), own_cpu());
        let work = async { timeout(limit.bound(), self.work(limit)).await };
        let tally = self.runtime.block_on(work).context("a turn did not end")??;
        let (took, cpu) = (begun.elapsed(), own_cpu().saturating_sub(cpu));
        let took = if self.job == Job::Cold { tally.time() } else { took };
        Ok(tally.into_work(took, cpu))
    }
}

impl<P> Drop for Native<P> {
    fn drop(&mut self) {
        // A pool may want its runtime when it goes.
        let _entered = self.runtime.enter();
        drop(self.peer.take());
    }
}

/// Processor time of this process so far, user and system.
pub(crate) fn own_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}
