use futures_util::future::try_join_all;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::{POOL_SIZE, Peer};
use crate::account::{Account, ENTITIES, ENTITY, POINT, Whole};
use crate::job::Job;
use crate::server::Database;

/// sqlx on its defaults, with as many connections as the others.
#[derive(Debug)]
pub(crate) struct Sqlx {
    pool: PgPool,
}

impl Peer for Sqlx {
    type Seat = PgPool;
    type Whole = Whole;

    async fn open(database: &Database, _job: Job) -> anyhow::Result<Self> {
        let options = PgPoolOptions::new().max_connections(POOL_SIZE);
        Ok(Self { pool: options.connect_lazy(&database.url("postgres"))? })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        try_join_all((0..POOL_SIZE).map(|_| self.pool.acquire())).await?;
        Ok(())
    }

    fn seat(&self, _task: usize) -> PgPool {
        self.pool.clone()
    }

    async fn checkout(pool: &PgPool) -> anyhow::Result<()> {
        drop(pool.acquire().await?);
        Ok(())
    }

    async fn point(pool: &PgPool, id: i64) -> anyhow::Result<Account> {
        let (name, amount) = sqlx::query_as(POINT).bind(id).fetch_one(pool).await?;
        Ok(Account { name, amount })
    }

    async fn entity(pool: &PgPool, id: i64) -> anyhow::Result<Account> {
        Ok(sqlx::query_as::<_, Whole>(ENTITY).bind(id).fetch_one(pool).await?.into())
    }

    async fn rows(pool: &PgPool) -> anyhow::Result<Vec<Whole>> {
        Ok(sqlx::query_as(ENTITIES).fetch_all(pool).await?)
    }

    fn fields(row: &Whole) -> (i64, &str, i64) {
        row.fields()
    }

    async fn once(pool: &PgPool, sql: &str, id: i64) -> anyhow::Result<Account> {
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(id).persistent(false);
        let (name, amount) = query.fetch_one(pool).await?;
        Ok(Account { name, amount })
    }

    async fn close(self) {
        self.pool.close().await;
    }
}
