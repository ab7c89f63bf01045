use deadpool_postgres::{Config, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime, Timeouts};
use futures_util::future::try_join_all;
use tokio_postgres::NoTls;
use tokio_postgres::types::Type;

use super::{POOL_SIZE, Peer, STEP_TIMEOUT};
use crate::account::{Account, POINT, READ_OWN, WRITE_OWN};
use crate::job::Job;
use crate::server::Database;

/// deadpool-postgres with its timeouts set: without them it bounds no wait, which pgkeel always does.
#[derive(Debug)]
pub(crate) struct Deadpool {
    pool: Pool,
}

impl Peer for Deadpool {
    type Seat = Pool;
    type Whole = ();

    async fn open(database: &Database, _job: Job) -> anyhow::Result<Self> {
        let timeouts =
            Timeouts { wait: Some(STEP_TIMEOUT), create: Some(STEP_TIMEOUT), recycle: Some(STEP_TIMEOUT) };
        let config = Config {
            url: Some(database.url("postgres")),
            manager: Some(ManagerConfig { recycling_method: RecyclingMethod::Fast }),
            pool: Some(PoolConfig { max_size: POOL_SIZE as usize, timeouts, ..PoolConfig::default() }),
            ..Config::default()
        };
        Ok(Self { pool: config.create_pool(Some(Runtime::Tokio1), NoTls)? })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        try_join_all((0..POOL_SIZE).map(|_| self.pool.get())).await?;
        Ok(())
    }

    fn seat(&self, _task: usize) -> Pool {
        self.pool.clone()
    }

    async fn checkout(pool: &Pool) -> anyhow::Result<()> {
        drop(pool.get().await?);
        Ok(())
    }

    async fn point(pool: &Pool, id: i64) -> anyhow::Result<Account> {
        let client = pool.get().await?;
        let point = client.prepare_cached(POINT).await?;
        let row = client.query_one(&point, &[&id]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn once(pool: &Pool, sql: &str, id: i64) -> anyhow::Result<Account> {
        let row = pool.get().await?.query_typed_one(sql, &[(&id, Type::INT8)]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn closure(pool: &Pool, id: i64, amount: i64) -> anyhow::Result<Account> {
        let mut client = pool.get().await?;
        let transaction = client.transaction().await?;
        let write = transaction.prepare_cached(WRITE_OWN).await?;
        transaction.execute(&write, &[&id, &amount]).await?;
        let read = transaction.prepare_cached(READ_OWN).await?;
        let row = transaction.query_one(&read, &[&id]).await?;
        transaction.commit().await?;
        Ok(Account::of_row(&row)?)
    }

    async fn close(self) {
        self.pool.close();
    }
}
