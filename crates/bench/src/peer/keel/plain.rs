use pgkeel_pool::Executor as _;
use pgkeel_query::sql;

use super::{Keel, Seat};
use crate::account::{Account, Whole};
use crate::contact;
use crate::job::Job;
use crate::peer::Peer;
use crate::server::Database;

/// pgkeel without what the job is about: statements one by one, an ordinary transaction, a session for each task,
/// parameters without their types, nothing observed.
#[derive(Debug)]
pub(crate) struct Plain(Keel);

impl Peer for Plain {
    type Seat = Seat;
    type Whole = Whole;

    async fn open(database: &Database, job: Job) -> anyhow::Result<Self> {
        Ok(Self(Keel::lazy(database, job, false).await?))
    }

    async fn fill(&self) -> anyhow::Result<()> {
        self.0.fill().await
    }

    fn seat(&self, task: usize) -> Seat {
        self.0.seat(task)
    }

    async fn point(seat: &Seat, id: i64) -> anyhow::Result<Account> {
        Keel::point(seat, id).await
    }

    async fn entity(Seat { pool, .. }: &Seat, id: i64) -> anyhow::Result<Account> {
        let statement = sql!(r#"select "t"."id", "t"."name", "t"."amount" from "t" where ("t"."id" = {id})"#);
        Ok(statement.fetch_one::<Whole>(pool).await?.into())
    }

    async fn rows(Seat { pool, .. }: &Seat) -> anyhow::Result<Vec<Whole>> {
        Ok(sql!(r#"select "t"."id", "t"."name", "t"."amount" from "t""#).fetch_all(pool).await?)
    }

    fn fields(row: &Whole) -> (i64, &str, i64) {
        row.fields()
    }

    async fn once(Seat { pool, .. }: &Seat, sql: &str, id: i64) -> anyhow::Result<Account> {
        let row = pool.query_one(sql, &[&id]).await?;
        Ok(Account::of_row(&row)?)
    }

    async fn closure(seat: &Seat, id: i64, amount: i64) -> anyhow::Result<Account> {
        Keel::closure(seat, id, amount).await
    }

    async fn insert(Seat { pool, .. }: &Seat) -> anyhow::Result<()> {
        contact::insert_noise(pool).await
    }

    async fn close(self) {
        self.0.close().await;
    }
}
