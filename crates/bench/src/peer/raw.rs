mod pipelined;

use std::sync::Arc;

use anyhow::Context as _;
use futures_util::future::try_join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls, Statement};

pub(crate) use self::pipelined::Pipelined;

use super::Peer;
use crate::account::{Account, Whole};
use crate::job::Job;
use crate::server::Database;

/// The driver below pgkeel, used by hand: a connection for each task, what it runs prepared on it, one statement after
/// the other.
#[derive(Debug)]
pub(crate) struct Raw {
    seats: Vec<Arc<Seat>>,
}

#[derive(Debug)]
pub(crate) struct Seat {
    client: Client,
    /// Those of the job, in its order.
    statements: Vec<Statement>,
}

impl Raw {
    /// So many connections for all tasks.
    async fn connect(database: &Database, job: Job, connections: usize) -> anyhow::Result<Self> {
        let config: Config = database.url("postgres").parse()?;
        let seats = (0..connections).map(|_| connect(&config, job.statements()));
        Ok(Self { seats: try_join_all(seats).await? })
    }
}

impl Peer for Raw {
    type Seat = Arc<Seat>;
    type Whole = Whole;

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        Self::connect(database, job, job.tasks()).await
    }

    fn seat(&self, task: usize) -> Arc<Seat> {
        Arc::clone(&self.seats[task % self.seats.len()])
    }

    async fn point(seat: &Arc<Seat>, id: i64) -> anyhow::Result<Account> {
        let row = seat.client.query_one(&seat.statements[0], &[&id]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn entity(seat: &Arc<Seat>, id: i64) -> anyhow::Result<Account> {
        let row = seat.client.query_one(&seat.statements[0], &[&id]).await?;
        Ok(Whole::of_row(&row)?.into())
    }

    async fn rows(seat: &Arc<Seat>) -> anyhow::Result<Vec<Whole>> {
        let rows = seat.client.query(&seat.statements[0], &[]).await?;
        Ok(rows.iter().map(Whole::of_row).collect::<Result<_, _>>()?)
    }

    fn fields(row: &Whole) -> (i64, &str, i64) {
        row.fields()
    }

    async fn once(seat: &Arc<Seat>, sql: &str, id: i64) -> anyhow::Result<Account> {
        let row = seat.client.query_typed_one(sql, &[(&id, Type::INT8)]).await?;
        Ok(Account::of_row(&row)?)
    }

    /// What `Client::transaction` and `commit` send, which want the client for themselves.
    async fn closure(seat: &Arc<Seat>, id: i64, amount: i64) -> anyhow::Result<Account> {
        let Seat { client, .. } = &**seat;
        let (write, read) = seat.own_statements()?;
        client.batch_execute("START TRANSACTION").await?;
        client.execute(write, &[&id, &amount]).await?;
        let row = client.query_one(read, &[&id]).await?;
        client.batch_execute("COMMIT").await?;
        Ok(Account::of_row(&row)?)
    }

    async fn close(self) {}
}

impl Seat {
    /// The two of a transaction.
    fn own_statements(&self) -> anyhow::Result<(&Statement, &Statement)> {
        let [write, read] = &*self.statements else { anyhow::bail!("the job has no transactions") };
        Ok((write, read))
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver as it is, without what pgkeel puts around it")]
async fn connect(config: &Config, statements: &[&str]) -> anyhow::Result<Arc<Seat>> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let statements =
        try_join_all(statements.iter().map(|sql| client.prepare(sql))).await.context("preparing")?;
    Ok(Arc::new(Seat { client, statements }))
}
