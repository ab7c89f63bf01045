//! A batch of rows: read without a lock, and worked on here.

mod change;
mod write;

use pgkeel_crypto::{Error, Secret};

use self::change::Refused;
pub(super) use self::change::{Change, Maker, in_place, index_key};
use self::write::Worked;
use super::bound::params;
use super::inspect::Target;
use super::key::Key;
use super::range::Range;
use super::{RotationProblem, Step};
use crate::Executor;

/// A row, as far as its task goes.
pub(super) struct Cell {
    pub(super) key: Key,
    pub(super) tenant: Option<String>,
    pub(super) envelope: Option<Result<Vec<u8>, Error>>,
    /// What the other column of the task has.
    pub(super) other: Secret<Option<Vec<u8>>>,
    /// The version of the row, for tasks that compare no values.
    pub(super) version: Option<String>,
}

impl Cell {
    /// The envelope of a row that has one.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn sealed(&self) -> Result<&[u8], Error> {
        let envelope = self.envelope.as_ref().expect("rows without one are not selected");
        envelope.as_deref().map_err(Error::clone)
    }

    /// What is read of the plaintext column.
    pub(super) fn plaintext(&self) -> &[u8] {
        self.other.expose().as_deref().expect("rows without plaintext are not selected")
    }

    /// The envelope, of a row that has one that can be read.
    pub(super) fn as_read(&self) -> Option<&[u8]> {
        self.envelope.as_ref()?.as_deref().ok()
    }

    fn bytes(&self) -> usize {
        self.as_read().map_or(0, <[u8]>::len) + self.other.expose().as_ref().map_or(0, Vec::len)
    }
}

/// Rows in the order of their keys.
pub(super) struct Batch(Vec<Cell>);

impl Batch {
    /// The next ones of a range that there may be something to do with.
    pub(super) async fn read(
        db: &impl Executor,
        maker: &Maker<'_>,
        range: &Range,
        header: [u8; 8],
        rows: u32,
    ) -> Result<Self, RotationProblem> {
        let &Maker { target, plan, only_looks, .. } = maker;
        let Target { table, column, keys, cells, .. } = target;
        let (filter, mut bound) = plan.filter(target, header, only_looks);
        let mut filters = vec![filter];
        for (key, operator) in [(&range.cursor, ">"), (&range.until, "<=")] {
            if let Some(key) = key {
                filters.push(keys.compared(operator, bound.len() + 1));
                bound.extend(keys.bind(key));
            }
        }
        let filter = filters.join(" and ");
        let sql = format!(
            "select {}, {}, t.{column}, {} from {table} as t where {filter} order by {} fetch first {rows} rows with ties",
            keys.selected(),
            target.tenant_text(),
            plan.selected(),
            keys.order(),
        );
        // sql: names are quoted, keys and headers are parameters, the size of a batch is a number
        let rows = db.query_typed(&sql, &params(&bound)).await.map_err(Step::Read.failed())?;
        let cell = |row: &tokio_postgres::Row| {
            let behind = keys.len();
            Ok(Cell {
                key: keys.of(row)?,
                tenant: row.try_get(behind)?,
                envelope: cells.envelope(row, behind + 1)?,
                other: Secret::new(row.try_get(behind + 2)?),
                version: row.try_get(behind + 3)?,
            })
        };
        let read: Result<_, tokio_postgres::Error> = rows.iter().map(cell).collect();
        read.map(Self).map_err(|error| Step::Read.unreadable(error))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key of the last row.
    pub(super) fn last(&self) -> Option<Key> {
        self.0.last().map(|cell| cell.key.clone())
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(Cell::bytes).sum()
    }

    /// What becomes of all rows.
    ///
    /// # Errors
    /// If the worker has to end.
    pub(super) fn work(&self, maker: &Maker<'_>) -> Result<Worked<'_>, RotationProblem> {
        let last = self.0.last().map(|cell| &cell.key);
        let mut worked = Worked {
            changes: Vec::with_capacity(self.0.len()),
            failures: Vec::new(),
            scanned: self.0.len(),
            last,
        };
        for cell in &self.0 {
            match maker.change(cell) {
                Ok(change) => worked.changes.extend(change),
                Err(Refused::Row(class)) => worked.failures.push((&cell.key, class)),
                Err(Refused::All(problem)) => return Err(problem),
            }
        }
        Ok(worked)
    }
}
