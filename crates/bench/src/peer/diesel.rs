use anyhow::Context as _;
use diesel::{QueryDsl as _, Queryable, Selectable, SelectableHelper as _};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::future::try_join_all;

use super::{POOL_SIZE, Peer};
use crate::account::Account;
use crate::job::Job;
use crate::server::Database;

diesel::table! {
    t (id) {
        id -> BigInt,
        name -> Text,
        amount -> BigInt,
    }
}

/// A whole row.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = t, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Whole {
    id: i64,
    name: String,
    amount: i64,
}

/// diesel-async on its pool, with as many connections as the others.
pub(crate) struct Diesel {
    pool: Pool<AsyncPgConnection>,
}

impl Peer for Diesel {
    type Seat = Pool<AsyncPgConnection>;
    type Whole = Whole;

    async fn open(database: &Database, _job: Job) -> anyhow::Result<Self> {
        let manager = AsyncDieselConnectionManager::new(database.url("postgres"));
        Ok(Self { pool: Pool::builder(manager).max_size(POOL_SIZE as usize).build()? })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        try_join_all((0..POOL_SIZE).map(|_| self.pool.get())).await.map(drop).context("opening connections")
    }

    fn seat(&self, _task: usize) -> Self::Seat {
        self.pool.clone()
    }

    async fn point(pool: &Self::Seat, id: i64) -> anyhow::Result<Account> {
        Self::entity(pool, id).await
    }

    async fn entity(pool: &Self::Seat, id: i64) -> anyhow::Result<Account> {
        let mut connection = pool.get().await?;
        let found = t::table.find(id).select(Whole::as_select()).first(&mut connection);
        let Whole { name, amount, .. } = found.await?;
        Ok(Account { name, amount })
    }

    async fn rows(pool: &Self::Seat) -> anyhow::Result<Vec<Whole>> {
        let mut connection = pool.get().await?;
        Ok(t::table.select(Whole::as_select()).load(&mut connection).await?)
    }

    fn fields(row: &Whole) -> (i64, &str, i64) {
        (row.id, &row.name, row.amount)
    }

    async fn close(self) {
        self.pool.close();
    }
}
