//! Statements that are sent one behind the other, before the answer to the first has come.

mod answers;
mod control;
mod in_order;
mod methods;
mod params;
mod run;
mod transaction;

use std::borrow::Cow;
use std::fmt;

use tokio_postgres::types::ToSql;

pub use self::answers::{Answer, Answers};

pub use self::params::{Param, Params};

/// Statements with their parameters, to be run in one go: what takes a round trip for each of them takes little more than
/// one for all.
///
/// All of them are prepared before the first is run, so a statement cannot build on one before it that changes the
/// schema. Of those that a session has not kept, that takes one round trip more.
///
/// ```no_run
/// use pgkeel_pool::{Batch, Error, Pool};
///
/// # async fn example(pool: &Pool) -> Result<(), Error> {
/// let mut batch = Batch::new();
/// for id in 1..=100_i64 {
///     batch.add("select name from users where id = $1", (id,));
/// }
/// for answer in pool.run_batch(&batch).await?.all()? {
///     println!("{} rows", answer.rows().len());
/// }
///
/// let mut transfer = Batch::new();
/// transfer.add("update accounts set balance = balance - $1 where id = $2", (5_i64, 1_i64));
/// transfer.add("update accounts set balance = balance + $1 where id = $2", (5_i64, 2_i64));
/// pool.transaction_batch(&transfer).await?; // BEGIN and COMMIT in the same round trip
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Batch {
    statements: Vec<Item>,
}

struct Item {
    sql: Cow<'static, str>,
    params: Vec<Param>,
}

impl Batch {
    /// No statement yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement with its parameters: a tuple, an array, or a vector of [`Param`].
    pub fn add(&mut self, sql: impl Into<Cow<'static, str>>, params: impl Params) -> &mut Self {
        self.statements.push(Item { sql: sql.into(), params: params.into_params() });
        self
    }

    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Without parameters.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.statements.iter().map(|item| &item.sql)).finish()
    }
}

/// A parameter as the driver takes it.
fn as_driver(param: &Param) -> &(dyn ToSql + Sync) {
    &**param
}
