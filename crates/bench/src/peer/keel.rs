use futures_util::future::try_join_all;
use pgkeel_pool::{Config, Executor as _, Pool};

use super::{POOL_SIZE, Peer, STEP_TIMEOUT};
use crate::account::{Account, POINT};
use crate::job::Job;
use crate::server::Database;

/// What this is about, on its defaults; only that it has as many connections as the other pools where that matters.
#[derive(Debug)]
pub(crate) struct Keel {
    pool: Pool,
}

impl Peer for Keel {
    type Seat = Pool;

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        let config = Config::new(database.url("postgres").parse()?);
        let config = if let Job::Point { .. } = job { config.with_size(POOL_SIZE, 0)? } else { config };
        Ok(Self { pool: Pool::lazy(config) })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        try_join_all((0..POOL_SIZE).map(|_| self.pool.session())).await?;
        Ok(())
    }

    fn seat(&self, _task: usize) -> Pool {
        self.pool.clone()
    }

    async fn checkout(pool: &Pool) -> anyhow::Result<()> {
        drop(pool.session().await?);
        Ok(())
    }

    async fn point(pool: &Pool, id: i64) -> anyhow::Result<Account> {
        let row = pool.query_one(POINT, &[&id]).await?;
        Ok(Account { name: row.try_get(0)?, amount: row.try_get(1)? })
    }

    async fn close(self) {
        self.pool.close(STEP_TIMEOUT).await;
    }
}
