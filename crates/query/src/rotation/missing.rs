//! What an index and an adoption have left to do.

use pgkeel_connect::Ident;
use serde::Serialize;

use super::inspect::Target;
use super::patience::patiently;
use super::{RotationProblem, SealedColumn, SealedIndex, Step};
use crate::{Error, Executor};

/// How many rows a plaintext column still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Adoption {
    /// Rows with plaintext.
    pub plaintext: u64,
    /// Of these, without anything sealed: to be [adopted](super::Rotation::adopting).
    pub unsealed: u64,
}

/// Counts the rows that have something sealed and nothing in the index, in one statement that goes over the table. None are left before
/// anything is looked for by the index. Whether the others are under the current key cannot be counted: a pass of
/// [`Rotation::of_index`](super::Rotation::of_index) finds out.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and what was asked is asked again, for up to a minute.
///
/// # Errors
/// [`Error::Rotation`] if the table is not as the column says, and with what the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn unindexed(db: &impl Executor, column: &SealedColumn, index: &SealedIndex) -> Result<u64, Error> {
    let target = patiently(|| Target::of(column, db)).await?;
    let missing = format!("t.{} is not null and t.{} is null", target.column, index.column);
    let [missing] = count(db, &target, [missing]).await?;
    Ok(missing)
}

/// Counts the rows that have plaintext, in one statement that goes over the table.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and what was asked is asked again, for up to a minute.
///
/// # Errors
/// [`Error::Rotation`] if the table is not as the column says, and with what the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn adoption(
    db: &impl Executor,
    column: &SealedColumn,
    plaintext: &Ident,
) -> Result<Adoption, Error> {
    let target = patiently(|| Target::of(column, db)).await?;
    let there = format!("t.{plaintext} is not null");
    let unsealed = format!("{there} and t.{} is null", target.column);
    let [plaintext, unsealed] = count(db, &target, [there, unsealed]).await?;
    Ok(Adoption { plaintext, unsealed })
}

async fn count<const N: usize>(
    db: &impl Executor,
    target: &Target,
    conditions: [String; N],
) -> Result<[u64; N], RotationProblem> {
    let counts = conditions.map(|condition| format!("count(*) filter (where {condition})")).join(", ");
    let sql = format!("select {counts} from {} as t", target.table);
    // sql: names are quoted
    let count = async || db.query_typed(&sql, &[]).await.map_err(Step::Count.failed());
    let rows = patiently(count).await?;
    let mut counted = [0; N];
    for (at, counted) in counted.iter_mut().enumerate() {
        let count: i64 = rows[0].try_get(at).map_err(|error| Step::Count.unreadable(error))?;
        *counted = u64::try_from(count).unwrap_or(0);
    }
    Ok(counted)
}
