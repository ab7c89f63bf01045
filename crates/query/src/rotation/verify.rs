use std::collections::{BTreeMap, BTreeSet};

use pgkeel_crypto::{Error as CryptoError, KeyId, Vault};
use serde::Serialize;
use tokio_postgres::Row;

use super::batch::in_place;
use super::bound::{Bound, params};
use super::cells::key_of;
use super::inspect::Target;
use super::key::Key;
use super::patience::{PATIENCE, Patience, patiently};
use super::progress::keys_as_text;
use super::state::RowFailure;
use super::{FailureClass, RotationProblem, RowKey, SealedColumn, Step};
use crate::{Error, Executor};

/// So many cells are read at once, of full checks until they turn out to be large.
const BATCH: u32 = 1_000;

/// As in a rotation.
const MOST_BYTES: usize = 8 << 20;

/// So many rows that fail are named.
const NAMED: usize = 20;

/// How thoroughly cells are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Depth {
    /// Header and commitment, of which 81 bytes of each cell are read: was it sealed under the key that it names, for this column and
    /// tenant?
    Quick,
    /// Each cell is opened, and what is opened overwritten: is it what was stored in its row?
    Full,
}

/// What [`verify()`] has found in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// The column, with its table.
    pub column: String,
    /// How thoroughly it was looked at.
    pub depth: Depth,
    /// How many cells were looked at; NULLs are none.
    pub cells: u64,
    /// How many name which key, whether they open or not.
    #[serde(serialize_with = "keys_as_text")]
    pub by_key: BTreeMap<KeyId, u64>,
    /// How many do not open, and why.
    pub failures: BTreeMap<FailureClass, u64>,
    /// Keys that cells name and the keyring does not have, or has disabled.
    #[serde(serialize_with = "missing_as_text")]
    pub missing_keys: BTreeSet<KeyId>,
    /// The first rows that do not open, by their keys, at most 20.
    pub first_failures: Vec<RowFailure>,
}

impl Verification {
    /// Whether all cells that were looked at are as they should be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.failures.is_empty()
    }

    fn new(column: &SealedColumn, depth: Depth) -> Self {
        Self {
            column: column.to_string(),
            depth,
            cells: 0,
            by_key: BTreeMap::new(),
            failures: BTreeMap::new(),
            missing_keys: BTreeSet::new(),
            first_failures: Vec::new(),
        }
    }

    fn note(&mut self, key: &Key, named: Option<KeyId>, checked: Result<(), CryptoError>) {
        self.cells += 1;
        if let Some(named) = named {
            *self.by_key.entry(named).or_default() += 1;
        }
        let Err(error) = checked else { return };
        let class = FailureClass::of(&error);
        *self.failures.entry(class).or_default() += 1;
        if let CryptoError::UnknownKey(key) | CryptoError::DisabledKey(key) = error {
            self.missing_keys.insert(key);
        }
        if self.first_failures.len() < NAMED {
            self.first_failures.push(RowFailure { row: RowKey::new(key.to_texts()), class });
        }
    }
}

/// Looks at every cell of a column, in the order of the primary key, or at the first `most` of them. Each batch is a statement of
/// its own, so nothing is locked and no snapshot kept. `observe` is told after each batch what was found so far.
///
/// A connection that is lost meanwhile is replaced, as a pool can, and the batch that was under way is read again; so is one that met a
/// time limit, with fewer rows. A batch is tried for up to a minute.
///
/// # Errors
/// [`Error::Rotation`] if the table is not as the column says, and with what the executor says. Cells that do not open are no
/// error, but what it is about.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn verify(
    db: &impl Executor,
    vault: &Vault,
    column: &SealedColumn,
    depth: Depth,
    most: Option<u64>,
    observe: impl Fn(&Verification) + Sync,
) -> Result<Verification, Error> {
    let mut patience = Patience::new(PATIENCE);
    let target = patiently(|| Target::of(column, db)).await?;
    let mut found = Verification::new(column, depth);
    let (mut behind, mut rows): (Option<Key>, u32) = (None, BATCH);
    loop {
        let left = most.map_or(u64::MAX, |most| most.saturating_sub(found.cells));
        let asked = rows.min(u32::try_from(left).unwrap_or(u32::MAX));
        if asked == 0 {
            return Ok(found);
        }
        let read = read(db, depth, &target, behind.as_ref(), asked).await;
        let took_too_long = read.as_ref().is_err_and(RotationProblem::is_cancelled);
        let Some(cells) = patience.bear(read).await? else {
            rows = if took_too_long { (asked / 2).max(1) } else { rows };
            continue;
        };
        patience.renew();
        let bytes = check(vault, column, &target, &cells, &mut found)?;
        observe(&found);
        let Some((_, last)) = cells.last().filter(|_| cells.len() >= asked as usize) else {
            return Ok(found);
        };
        behind = Some(last.clone());
        rows = if bytes > MOST_BYTES { (rows / 2).max(1) } else { rows };
    }
}

/// The next cells, with the keys of their rows.
async fn read(
    db: &impl Executor,
    depth: Depth,
    target: &Target,
    behind: Option<&Key>,
    rows: u32,
) -> Result<Vec<(Row, Key)>, RotationProblem> {
    let Target { table, column, keys, cells, .. } = target;
    let cell = match depth {
        Depth::Quick => cells.quick(column),
        Depth::Full => format!("t.{column}"),
    };
    let bound: Vec<Bound> = behind.map(|key| keys.bind(key)).unwrap_or_default();
    let filter = behind.map(|_| format!("and {}", keys.compared(">", 1))).unwrap_or_default();
    let sql = format!(
        "select {}, {}, {cell} from {table} as t where t.{column} is not null {filter} order by {} fetch first {rows} rows with ties",
        keys.selected(),
        target.tenant_text(),
        keys.order(),
    );
    // sql: names are quoted, keys are parameters, the size of a batch is a number
    let rows = db.query_typed(&sql, &params(&bound)).await.map_err(Step::Read.failed())?;
    let keyed = |row: Row| keys.of(&row).map(|key| (row, key));
    rows.into_iter().map(keyed).collect::<Result<_, _>>().map_err(|error| Step::Read.unreadable(error))
}

/// Looks at cells; returns their bytes.
fn check(
    vault: &Vault,
    column: &SealedColumn,
    target: &Target,
    cells: &[(Row, Key)],
    found: &mut Verification,
) -> Result<usize, RotationProblem> {
    let (behind, unreadable) = (target.keys.len(), |error| Step::Read.unreadable(error));
    let mut bytes = 0;
    for (row, key) in cells {
        let tenant: Option<String> = row.try_get(behind).map_err(unreadable)?;
        let envelope = target.cells.envelope(row, behind + 1).map_err(unreadable)?;
        let envelope = envelope.expect("cells that are NULL are not selected");
        bytes += envelope.as_ref().map_or(0, Vec::len);
        let named = envelope.as_ref().ok().filter(|bytes| bytes.first() == Some(&0xc1));
        let named = named.and_then(|bytes| key_of(bytes));
        let checked = envelope.and_then(|envelope| {
            in_place(column, key, tenant.as_deref(), |place| match found.depth {
                Depth::Quick => vault.check_key(&column.spec, &envelope, place),
                Depth::Full => vault.check(&column.spec, &envelope, place),
            })
        });
        found.note(key, named, checked);
    }
    Ok(bytes)
}

fn missing_as_text<S: serde::Serializer>(keys: &BTreeSet<KeyId>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(keys.iter().map(ToString::to_string))
}
