use std::borrow::Cow;
use std::fmt;

use pgkeel_connect::{Begin, Executor, Transaction};
use tokio_postgres::types::ToSql;

use super::plan::{Plan, PlanKind};
use super::{parse, tables};
use crate::Error;
use crate::few::Few;
use crate::param::Param;

/// What the statement is called on the server for as long as its generic plan is asked for. `GENERIC_PLAN` of version 16 and
/// later is of no use here: of parameters that come in messages it takes the values all the same.
const NAME: &str = "pgkeel_explain";

/// A statement to be explained.
#[derive(Clone)]
#[must_use = "a statement is explained by `estimate`, `analyze` or `generic`"]
pub struct Explain<'a> {
    text: Cow<'a, str>,
    params: Params<'a>,
}

#[derive(Clone)]
enum Params<'a> {
    Lent(&'a [&'a (dyn ToSql + Sync)]),
    Own(Few<Param<'a>>),
}

impl Params<'_> {
    fn each(&self) -> Few<&(dyn ToSql + Sync)> {
        match self {
            Self::Lent(params) => params.iter().copied().collect(),
            Self::Own(params) => params.each(|param| param as &(dyn ToSql + Sync)),
        }
    }
}

impl<'a> Explain<'a> {
    pub(crate) fn of_literal(text: &'static str, params: &'a [&'a (dyn ToSql + Sync)]) -> Self {
        Self { text: text.into(), params: Params::Lent(params) }
    }

    pub(crate) fn of_built(text: String, params: Few<Param<'a>>) -> Self {
        Self { text: text.into(), params: Params::Own(params) }
    }

    /// The plan for these values, with the rows that the planner expects. The statement is not run.
    ///
    /// # Errors
    /// That a value does not fit, what the executor says, and [`Error::NoPlan`].
    ///
    /// # Cancellation
    /// Dropping the future does as the executor says: see [`Executor`].
    pub fn estimate(&self, database: &impl Executor) -> impl Future<Output = Result<Plan, Error>> + Send {
        let sql = format!("explain (verbose, format json) {}", self.text);
        async move { read(database, &sql, self.params.each().as_slice(), PlanKind::Estimated).await }
    }

    /// The plan for these values, with the rows that came.
    ///
    /// **The statement is run**, in a transaction of its own, or a savepoint of the transaction that is given. That is rolled
    /// back whatever the statement is, as a `select` may call what writes. As ever with a rollback, numbers of sequences
    /// that were taken stay taken, and what functions do outside of the database is done; locks on rows are held until then.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate), and all that running the statement may give.
    ///
    /// # Cancellation
    /// Dropping the future rolls back.
    pub async fn analyze<B: Begin>(&self, database: B) -> Result<Plan, Error> {
        let sql = format!("explain (analyze, buffers, verbose, format json) {}", self.text);
        let tx = database.begin().await?;
        let plan = read(&tx, &sql, self.params.each().as_slice(), PlanKind::Analyzed).await;
        undone(tx, plan).await
    }

    /// The plan for any values. The statement is not run, and its values are not sent.
    ///
    /// The server prepares the statement under a name for that, `pgkeel_explain`, and has NULL for each parameter, in a
    /// transaction that is rolled back. Partitions that are chosen when a statement starts are chosen for NULL.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    ///
    /// # Cancellation
    /// Dropping the future rolls back. A connection may keep the prepared statement then, and refuse the next `generic`; a pool
    /// takes it away before the session's next use.
    pub async fn generic<B: Begin>(&self, database: B) -> Result<Plan, Error> {
        let tx = database.begin().await?;
        let plan = self.generic_in(&tx).await;
        undone(tx, plan).await
    }

    async fn generic_in<T: Transaction>(&self, tx: &T) -> Result<Plan, Error> {
        tx.execute_typed("set local plan_cache_mode = force_generic_plan", &[]).await?;
        // Not as a text of its own: that may be several statements.
        // sql: PREPARE has no parameters; a text that was built, or a literal
        tx.execute_typed(&format!("prepare {NAME} as {}", self.text), &[]).await?;
        tx.execute_typed(&format!("savepoint {NAME}"), &[]).await?;
        let nulls = vec!["null"; self.params.each().as_slice().len()].join(", ");
        let nulls = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        let sql = format!("explain (verbose, format json) execute {NAME}{nulls}");
        let plan = read(tx, &sql, &[], PlanKind::Generic).await;
        tx.execute_typed(&format!("rollback to savepoint {NAME}"), &[]).await?;
        tx.execute_typed(&format!("deallocate {NAME}"), &[]).await?;
        plan
    }
}

async fn read<E: Executor>(
    database: &E,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    kind: PlanKind,
) -> Result<Plan, Error> {
    // A text that is new is prepared for its parameters alone.
    let row = match params {
        [] => database.query_one_typed(sql, &[]).await?,
        _ => database.query_one(sql, params).await?,
    };
    let (told,) = crate::row::read_one::<(serde_json::Value,)>(&row)?;
    let mut plan = parse::plan(told, kind).ok_or(Error::NoPlan)?;
    tables::measure(database, &mut plan).await?;
    Ok(plan)
}

/// The plan, once what was done for it is undone.
async fn undone<T: Transaction>(tx: T, plan: Result<Plan, Error>) -> Result<Plan, Error> {
    let rolled_back = tx.rollback().await;
    let plan = plan?;
    rolled_back?;
    Ok(plan)
}

/// Without the values.
impl fmt::Debug for Explain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explain")
            .field("text", &self.text)
            .field("params", &self.params.each().as_slice().len())
            .finish()
    }
}
