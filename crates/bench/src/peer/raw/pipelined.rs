use std::sync::Arc;

use futures_util::future::{try_join_all, try_join4};

use super::{Raw, Seat};
use crate::account::Account;
use crate::job::Job;
use crate::peer::{Peer, SHARED};
use crate::server::Database;

/// The driver used by hand, statements sent before the answers to those before them have come: what can be had at most.
#[derive(Debug)]
pub(crate) struct Pipelined(Raw);

impl Peer for Pipelined {
    type Seat = Arc<Seat>;
    type Whole = ();

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        let connections = if let Job::Shared { .. } = job { SHARED as usize } else { job.tasks() };
        Ok(Self(Raw::connect(database, job, connections).await?))
    }

    fn seat(&self, task: usize) -> Arc<Seat> {
        self.0.seat(task)
    }

    async fn point(seat: &Arc<Seat>, id: i64) -> anyhow::Result<Account> {
        Raw::point(seat, id).await
    }

    async fn batch(seat: &Arc<Seat>, ids: &[i64]) -> anyhow::Result<Vec<Account>> {
        try_join_all(ids.iter().map(|id| Raw::point(seat, *id))).await
    }

    /// Each future sends what it has to when it is first polled, so the server gets all of it in this order.
    async fn flight(seat: &Arc<Seat>, id: i64, amount: i64) -> anyhow::Result<Account> {
        let Seat { client, .. } = &**seat;
        let (write, read) = seat.own_statements()?;
        let (begin, commit) = (client.batch_execute("START TRANSACTION"), client.batch_execute("COMMIT"));
        let (write_params, read_params) = ([&id as _, &amount as _], [&id as _]);
        let (write, read) = (client.execute(write, &write_params), client.query_one(read, &read_params));
        let ((), _, row, ()) = try_join4(begin, write, read, commit).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn close(self) {}
}
