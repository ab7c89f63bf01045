//! The rows: what is asked for, and how an answer is known to be right.

use anyhow::ensure;

/// How many there are.
const ROWS: u64 = 100_000;

/// Makes the table, statement by statement.
pub(crate) const TABLE: [&str; 3] = [
    "create table t (id bigint primary key, name text not null, amount bigint not null)",
    "insert into t select id, 'account ' || id, id * 3 from generate_series(1, 100000) id",
    "vacuum (analyze, freeze) t",
];

/// The point query.
pub(crate) const POINT: &str = "select name, amount from t where id = $1";

/// A row as a caller gets it: owned.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) amount: i64,
}

impl Account {
    /// Fails unless this is the row with that id.
    pub(crate) fn verify(&self, id: i64) -> anyhow::Result<()> {
        let number = self.name.strip_prefix("account ").and_then(|number| number.parse().ok());
        ensure!(number == Some(id) && self.amount == id * 3, "the row of id {id} came as {self:?}");
        Ok(())
    }
}

/// Ids without an order, the same in every run.
#[derive(Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) fn of_task(task: usize) -> Self {
        Self(task as u64 + 1)
    }

    /// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    pub(crate) fn next(&mut self) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((z ^ (z >> 31)) % ROWS + 1).expect("there are fewer rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
