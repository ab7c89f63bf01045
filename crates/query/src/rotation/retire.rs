use std::fmt;

use pgkeel_connect::Type;
use pgkeel_crypto::{KeyId, KeyList, KeyState, Vault};
use serde::Serialize;

use super::patience::patiently;
use super::progress::key_as_text;
use super::{RetireProblem, RotationProblem, Step, publish, usage};
use crate::{Error, Executor};

/// A key that no published column needs. Its `Display` says what is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Retired {
    /// The key.
    #[serde(serialize_with = "key_as_text")]
    pub key: KeyId,
    /// The columns that were counted.
    pub columns: Vec<String>,
}

impl fmt::Display for Retired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, columns } = self;
        write!(
            f,
            "no cell of {} needs key {key}: set its state to `disabled` in the keyring of every instance, and keep its secret in \
             escrow for as long as there are backups from before the rotation",
            columns.join(", ")
        )
    }
}

/// Whether a key can be disabled: counts the cells of all published columns that name it, and refuses unless there are none. It changes
/// nothing, neither in the database nor in the vault.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and what was asked is asked again, for up to a minute.
///
/// # Errors
/// [`RetireProblem::KeyInUse`] with each column and its cells; [`RetireProblem::UnreadableCells`] where cells name no key;
/// [`RetireProblem::PrimaryKey`] if it is the vault's for what is written; [`RetireProblem::KeyOfIndexes`] if no count can tell; [`RetireProblem::NothingPublished`];
/// [`RetireProblem::RotationToKey`]; if a table is not as its column says; and with what the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn retire(db: &impl Executor, vault: &Vault, key: KeyId) -> Result<Retired, Error> {
    let mut known = vault.keys();
    known.retain(|known| known.name.id == key);
    if known.iter().any(|known| known.state == KeyState::Primary) {
        return Err(RotationProblem::from(RetireProblem::PrimaryKey { key }).into());
    }
    if known.iter().any(|known| known.name.list == KeyList::Index) {
        return Err(RotationProblem::from(RetireProblem::KeyOfIndexes { key }).into());
    }
    let columns = patiently(|| publish::numbered(db)).await?;
    if columns.is_empty() {
        return Err(RotationProblem::from(RetireProblem::NothingPublished).into());
    }
    patiently(|| check_no_rotation(db, key)).await?;
    let (mut uses, mut cells, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for (_, column) in &columns {
        let usage = usage::count(db, column).await?;
        uses.extend(usage.by_key.get(&key).map(|cells| (usage.column.clone(), *cells)));
        cells.extend((usage.others > 0).then(|| (usage.column.clone(), usage.others)));
        counted.push(usage.column);
    }
    if !uses.is_empty() {
        return Err(RotationProblem::from(RetireProblem::KeyInUse { key, uses }).into());
    }
    if !cells.is_empty() {
        return Err(RotationProblem::from(RetireProblem::UnreadableCells { cells }).into());
    }
    // One that began meanwhile would write what was counted already.
    patiently(|| check_no_rotation(db, key)).await?;
    Ok(Retired { key, columns: counted })
}

async fn check_no_rotation(db: &impl Executor, key: KeyId) -> Result<(), RotationProblem> {
    let sql = "select id from pgkeel.rotation where to_key = $1 and finished_at is null order by id limit 1";
    let found = db.query_opt_typed(sql, &[(&key.to_string(), Type::TEXT)]).await;
    let Some(row) = found.map_err(Step::Look.failed())? else { return Ok(()) };
    let id = row.try_get(0).map_err(|error| Step::Look.unreadable(error))?;
    Err(RetireProblem::RotationToKey { id, key }.into())
}
