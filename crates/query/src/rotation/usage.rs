use std::collections::BTreeMap;

use pgkeel_crypto::KeyId;
use serde::Serialize;

use super::inspect::Target;
use super::patience::patiently;
use super::progress::keys_as_text;
use super::{RotationProblem, SealedColumn, Step};
use crate::{Error, Executor};

/// How many cells of a column are sealed under which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// The column, with its table.
    pub column: String,
    /// How many cells name which key.
    #[serde(serialize_with = "keys_as_text")]
    pub by_key: BTreeMap<KeyId, u64>,
    /// How many cells name none, as they are no envelopes.
    pub others: u64,
}

/// Counts the cells of a column by key, in one statement that goes over the table. An index on the first eight bytes
/// (`substring(col from 1 for 8)`) makes it cheap.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and what was asked is asked again, for up to a minute.
///
/// # Errors
/// [`Error::Rotation`] if the table is not as the column says, and with what the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn usage(db: &impl Executor, column: &SealedColumn) -> Result<Usage, Error> {
    Ok(count(db, column).await?)
}

pub(super) async fn count(db: &impl Executor, column: &SealedColumn) -> Result<Usage, RotationProblem> {
    let target = patiently(|| Target::of(column, db)).await?;
    let group = target.cells.group(&target.column);
    let sql = format!(
        "select {group}, count(*) from {} as t where t.{} is not null group by 1",
        target.table, target.column
    );
    // sql: names are quoted
    let count = async || db.query_typed(&sql, &[]).await.map_err(Step::Count.failed());
    let groups = patiently(count).await?;
    let (by_key, others) = target.cells.by_key(&groups).map_err(|error| Step::Count.unreadable(error))?;
    Ok(Usage { column: column.to_string(), by_key, others })
}
