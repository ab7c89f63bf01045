mod plain;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use pgkeel_pool::{Answer, Batch, Config, Error, Executor as _, Pool, SharedReads, Type};
use pgkeel_query::Entity as _;
use pgkeel_query::sealed::Sealer;

pub(crate) use self::plain::Plain;

use super::{POOL_SIZE, Peer, SHARED, STEP_TIMEOUT};
use crate::account::{Account, POINT, READ_OWN, WRITE_OWN, Whole, t};
use crate::contact;
use crate::job::Job;
use crate::server::Database;

/// From when on pgkeel tells of a statement that is slow, or a session that is held, where it observes: as its default
/// for statements is. Nothing here takes as long; what is measured is looking.
const NOTABLE: Duration = Duration::from_secs(1);

/// What this is about, on its defaults; only that it has as many connections as the other pools where that matters.
#[derive(Debug)]
pub(crate) struct Keel {
    seat: Seat,
}

#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pool: Pool,
    shared: SharedReads,
    sealer: Arc<Sealer>,
}

impl Keel {
    /// `observes` is asked in a job about observation only.
    async fn lazy(database: &Database, job: Job, observes: bool) -> anyhow::Result<Self> {
        let config = Config::new(database.url("postgres").parse()?);
        let config = match job {
            Job::Checkout | Job::Cold => config,
            Job::Observed { .. } => observing(config, observes).with_size(POOL_SIZE, 0)?,
            _ => config.with_size(POOL_SIZE, 0)?,
        };
        let pool = Pool::lazy(config);
        let sealer = Arc::new(contact::sealer().await?);
        Ok(Self { seat: Seat { shared: pool.shared_reads(SHARED), pool, sealer } })
    }
}

/// All that can be observed, or nothing of it.
fn observing(config: Config, all: bool) -> Config {
    let threshold = all.then_some(NOTABLE);
    config.with_monitoring(all).with_slow_query_threshold(threshold).with_leak_threshold(threshold)
}

impl Peer for Keel {
    type Seat = Seat;
    type Whole = Whole;

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        Self::lazy(database, job, true).await
    }

    async fn fill(&self) -> anyhow::Result<()> {
        try_join_all((0..POOL_SIZE).map(|_| self.seat.pool.session())).await?;
        Ok(())
    }

    fn seat(&self, _task: usize) -> Seat {
        self.seat.clone()
    }

    async fn checkout(Seat { pool, .. }: &Seat) -> anyhow::Result<()> {
        drop(pool.session().await?);
        Ok(())
    }

    async fn point(Seat { pool, .. }: &Seat, id: i64) -> anyhow::Result<Account> {
        let row = pool.query_one(POINT, &[&id]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn entity(Seat { pool, .. }: &Seat, id: i64) -> anyhow::Result<Account> {
        Ok(Whole::query().filter(t::id.eq(id)).fetch_one(pool).await?.into())
    }

    async fn rows(Seat { pool, .. }: &Seat) -> anyhow::Result<Vec<Whole>> {
        Ok(Whole::query().fetch_all(pool).await?)
    }

    fn fields(row: &Whole) -> (i64, &str, i64) {
        row.fields()
    }

    async fn once(Seat { pool, .. }: &Seat, sql: &str, id: i64) -> anyhow::Result<Account> {
        let row = pool.query_one_typed(sql, &[(&id, Type::INT8)]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn shared(Seat { shared, .. }: &Seat, id: i64) -> anyhow::Result<Account> {
        let row = shared.query_one(POINT, &[&id]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn batch(Seat { pool, .. }: &Seat, ids: &[i64]) -> anyhow::Result<Vec<Account>> {
        let mut batch = Batch::new();
        for id in ids {
            batch.add(POINT, (*id,));
        }
        pool.run_batch(&batch).await?.all()?.iter().map(account).collect()
    }

    async fn closure(Seat { pool, .. }: &Seat, id: i64, amount: i64) -> anyhow::Result<Account> {
        let transaction = pool.transaction(|tx| async move {
            tx.execute(WRITE_OWN, &[&id, &amount]).await?;
            tx.query_one(READ_OWN, &[&id]).await
        });
        let row = transaction.await.map_err(|error: Error| error)?;
        Ok(Account::of_row(&row)?)
    }

    async fn flight(Seat { pool, .. }: &Seat, id: i64, amount: i64) -> anyhow::Result<Account> {
        let mut batch = Batch::new();
        batch.add(WRITE_OWN, (id, amount)).add(READ_OWN, (id,));
        account(pool.transaction_batch(&batch).await?.last().context("the batch has two statements")?)
    }

    async fn insert(Seat { pool, sealer, .. }: &Seat) -> anyhow::Result<()> {
        contact::insert_sealed(pool, sealer).await
    }

    async fn close(self) {
        self.seat.pool.close(STEP_TIMEOUT).await;
    }
}

/// The row of one statement in a batch.
fn account(answer: &Answer) -> anyhow::Result<Account> {
    let row = answer.rows().first().context("there is no such row")?;
    Ok(Account::of_row(row)?)
}
