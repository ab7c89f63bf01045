//! The rows: what is asked for, and how an answer is known to be right.

use anyhow::ensure;
use tokio_postgres::Row;

/// How many there are to read.
const ROWS: u64 = 100_000;

/// How many each task has to itself, to write to.
const OWN_ROWS: i64 = 1_000;

/// Makes the tables, statement by statement. There is room on the pages of `own` for new versions of its rows, and it is
/// used up before the old ones are cleared away: so writing costs the same however long it goes on.
pub(crate) const TABLES: [&str; 7] = [
    "create table t (id bigint primary key, name text not null, amount bigint not null)",
    "insert into t select id, 'account ' || id, id * 3 from generate_series(1, 100000) id",
    "vacuum (analyze, freeze) t",
    "create table own (like t including all) with (fillfactor = 50)",
    "insert into own select * from t where id <= 64000",
    "alter table own reset (fillfactor)",
    "vacuum (analyze, freeze) own",
];

/// The point query.
pub(crate) const POINT: &str = "select name, amount from t where id = $1";

/// The point query for whole rows, as builders write it.
pub(crate) const ENTITY: &str = r#"select "t"."id", "t"."name", "t"."amount" from "t" where ("t"."id" = $1)"#;

/// All rows.
pub(crate) const ENTITIES: &str = r#"select "t"."id", "t"."name", "t"."amount" from "t""#;

/// Sets the amount of a row that its task has to itself.
pub(crate) const WRITE_OWN: &str = "update own set amount = $2 where id = $1";

/// Reads it back.
pub(crate) const READ_OWN: &str = "select name, amount from own where id = $1";

/// A row as a caller gets it: owned.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) amount: i64,
}

impl Account {
    /// A row of the driver, which all peers but sqlx have.
    pub(crate) fn of_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { name: row.try_get(0)?, amount: row.try_get(1)? })
    }

    /// Fails unless this is the row with that id.
    pub(crate) fn verify(&self, id: i64) -> anyhow::Result<()> {
        self.verify_amount(id, id * 3)
    }

    /// Fails unless this is the row with that id, and the amount is what was written to it.
    pub(crate) fn verify_amount(&self, id: i64, amount: i64) -> anyhow::Result<()> {
        let number = self.name.strip_prefix("account ").and_then(|number| number.parse().ok());
        ensure!(number == Some(id) && self.amount == amount, "the row of id {id} came as {self:?}");
        Ok(())
    }
}

/// A whole row.
#[derive(Debug, pgkeel_query::Entity, sqlx::FromRow)]
#[pgkeel(table = "t", columns = t)]
pub(crate) struct Whole {
    #[pgkeel(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) amount: i64,
}

impl Whole {
    /// By index, as one does who has the driver alone.
    pub(crate) fn of_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { id: row.try_get(0)?, name: row.try_get(1)?, amount: row.try_get(2)? })
    }

    pub(crate) fn fields(&self) -> (i64, &str, i64) {
        (self.id, &self.name, self.amount)
    }
}

impl From<Whole> for Account {
    fn from(Whole { name, amount, .. }: Whole) -> Self {
        Self { name, amount }
    }
}

/// Fails unless these are all rows, whatever their order.
pub(crate) fn verify_all<'a>(rows: impl Iterator<Item = (i64, &'a str, i64)>) -> anyhow::Result<()> {
    let (mut count, mut ids) = (0_u64, 0);
    for (id, name, amount) in rows {
        ensure!(amount == id * 3 && name.len() > "account ".len(), "the row of id {id} is another one");
        (count, ids) = (count + 1, ids + id);
    }
    ensure!(count == ROWS && ids == 5_000_050_000, "of {ROWS} rows {count} came");
    Ok(())
}

/// Ids without an order, the same in every run.
#[derive(Debug)]
pub(crate) struct Ids {
    state: u64,
    first_own: i64,
}

impl Ids {
    pub(crate) fn of_task(task: usize) -> Self {
        let number = i64::try_from(task).expect("there are fewer tasks");
        Self { state: task as u64 + 1, first_own: number * OWN_ROWS + 1 }
    }

    /// The id of a row that no other task writes to.
    pub(crate) fn next_own(&mut self) -> i64 {
        self.first_own + self.next() % OWN_ROWS
    }

    /// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    pub(crate) fn next(&mut self) -> i64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((z ^ (z >> 31)) % ROWS + 1).expect("there are fewer rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::MOST_TASKS;

    #[test]
    fn the_row_of_another_id_is_refused() {
        let account = Account { name: "account 7".into(), amount: 21 };
        assert!(account.verify(7).is_ok() && account.verify(8).is_err());
    }

    #[test]
    fn ids_are_those_of_rows() {
        let mut ids = Ids::of_task(0);
        assert!((0..1_000).all(|_| (1..=100_000).contains(&ids.next())));
    }

    #[test]
    fn no_two_tasks_write_to_the_same_row() {
        for (task, number) in (0..MOST_TASKS).zip(0_i64..) {
            let mut ids = Ids::of_task(task);
            let is_own = |id| (id - 1) / OWN_ROWS == number && id <= 64_000;
            assert!((0..1_000).all(|_| is_own(ids.next_own())), "task {task}");
        }
    }
}
