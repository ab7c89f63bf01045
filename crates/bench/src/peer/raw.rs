use std::sync::Arc;

use anyhow::bail;
use futures_util::future::try_join_all;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::Peer;
use crate::account::{Account, POINT};
use crate::job::Job;
use crate::server::Database;

/// The driver below pgkeel, used by hand: a connection for each task, and the statement prepared on it.
#[derive(Debug)]
pub(crate) struct Raw {
    seats: Vec<Arc<Seat>>,
}

#[derive(Debug)]
pub(crate) struct Seat {
    client: Client,
    point: Statement,
}

impl Peer for Raw {
    type Seat = Arc<Seat>;

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        let config: Config = database.url("postgres").parse()?;
        let seats = (0..job.tasks()).map(|_| connect(&config));
        Ok(Self { seats: try_join_all(seats).await? })
    }

    fn seat(&self, task: usize) -> Arc<Seat> {
        Arc::clone(&self.seats[task])
    }

    async fn checkout(_: &Arc<Seat>) -> anyhow::Result<()> {
        bail!("there is no pool to take a connection from")
    }

    async fn point(seat: &Arc<Seat>, id: i64) -> anyhow::Result<Account> {
        let row = seat.client.query_one(&seat.point, &[&id]).await?;
        Ok(Account { name: row.try_get(0)?, amount: row.try_get(1)? })
    }

    async fn close(self) {}
}

#[expect(clippy::disallowed_methods, reason = "the driver as it is, without what pgkeel puts around it")]
async fn connect(config: &Config) -> anyhow::Result<Arc<Seat>> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let point = client.prepare(POINT).await?;
    Ok(Arc::new(Seat { client, point }))
}
