//! A batch of cells: read, sealed anew here, and written by one statement that changes nothing that has changed meanwhile.

use std::time::Duration;

use pgkeel_connect::Type;
use pgkeel_crypto::{Error, Place, Vault};

use super::bound::{Bound, params};
use super::cells::key_of;
use super::inspect::Target;
use super::job::{Job, Range};
use super::key::Key;
use super::problem::Step;
use super::progress::Counts;
use super::state::RotationState;
use super::{FailureClass, RotationProblem, SealedColumn};
use crate::Executor;

/// A row whose cell is not sealed as it would be now.
struct Cell {
    key: Key,
    tenant: Option<String>,
    envelope: Result<Vec<u8>, Error>,
}

/// Cells in the order of their keys.
pub(super) struct Batch(Vec<Cell>);

/// What became of a batch.
pub(super) struct Resealed<'b> {
    /// Key, envelope as it was, and as it is to be.
    rewrites: Vec<(&'b Key, &'b Vec<u8>, Vec<u8>)>,
    failures: Vec<(&'b Key, FailureClass)>,
    last: Option<&'b Key>,
}

impl Batch {
    /// The next ones of a range that do not begin with this header.
    pub(super) async fn read(
        db: &impl Executor,
        target: &Target,
        range: &Range,
        header: [u8; 8],
        rows: u32,
    ) -> Result<Self, RotationProblem> {
        let Target { table, column, keys, cells, .. } = target;
        let mut bound: Vec<Bound> = vec![cells.prefixes(header)];
        let mut filters = vec![format!("t.{column} is not null and {} <> all($1)", cells.prefix(column))];
        for (key, operator) in [(&range.cursor, ">"), (&range.until, "<=")] {
            if let Some(key) = key {
                filters.push(keys.compared(operator, bound.len() + 1));
                bound.extend(keys.bind(key));
            }
        }
        let filter = filters.join(" and ");
        let sql = format!(
            "select {}, {}, t.{column} from {table} as t where {filter} order by {} limit {rows}",
            keys.selected(),
            target.tenant_text(),
            keys.order(),
        );
        // sql: names are quoted, keys and headers are parameters, the size of a batch is a number
        let rows = db.query_typed(&sql, &params(&bound)).await.map_err(Step::Read.failed())?;
        let cell = |row| {
            let (tenant, envelope) = (keys.len(), keys.len() + 1);
            Ok(Cell {
                key: keys.of(row)?,
                tenant: row.try_get(tenant)?,
                envelope: cells.envelope(row, envelope)?,
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
        self.0.iter().map(|cell| cell.envelope.as_ref().map_or(0, Vec::len)).sum()
    }

    /// Seals all anew that open.
    ///
    /// # Errors
    /// If the vault seals under another key than the rotation's by now, or has no randomness.
    pub(super) fn reseal(
        &self,
        vault: &Vault,
        column: &SealedColumn,
        job: Job,
    ) -> Result<Resealed<'_>, RotationProblem> {
        let last = self.0.last().map(|cell| &cell.key);
        let mut done = Resealed { rewrites: Vec::with_capacity(self.0.len()), failures: Vec::new(), last };
        for cell in &self.0 {
            let sealed = cell.envelope.as_ref().map_err(Error::clone).and_then(|old| {
                let new = in_place(column, &cell.key, cell.tenant.as_deref(), |place| {
                    vault.reseal(&column.spec, old, place)
                });
                new.map(|new| (old, new))
            });
            match sealed {
                Ok((old, Some(new))) => {
                    let found = key_of(&new).expect("what is sealed names its key");
                    if found != job.to_key {
                        return Err(RotationProblem::OtherPrimary { to_key: job.to_key, found });
                    }
                    done.rewrites.push((&cell.key, old, new));
                }
                // It is as the vault would seal it by now, and was not when the batch was read.
                Ok((old, None)) => {
                    let found = key_of(old).expect("what was sealed names its key");
                    return Err(RotationProblem::OtherPrimary { to_key: job.to_key, found });
                }
                Err(error @ Error::NoRandomness(_)) => return Err(RotationProblem::NotSealed(error)),
                Err(error) => done.failures.push((&cell.key, FailureClass::of(&error))),
            }
        }
        Ok(done)
    }
}

/// Does what takes the place of a column's cell: with what its values are bound to, and nothing else.
pub(super) fn in_place<R>(
    column: &SealedColumn,
    key: &Key,
    tenant: Option<&str>,
    call: impl FnOnce(Place<'_>) -> R,
) -> R {
    let tenant = tenant.filter(|_| column.spec.is_tenant_bound());
    key.with_row_id(|row| {
        let place = if column.spec.is_row_bound() { Place::row(row) } else { Place::any_row() };
        call(tenant.map_or(place, |tenant| place.tenant(tenant)))
    })
}

impl Resealed<'_> {
    pub(super) fn last_failure(&self) -> Option<FailureClass> {
        self.failures.last().map(|(_, class)| *class)
    }

    /// Writes what was sealed anew, where cells are as they were read; with it, how far the range is. Returns the rotation's state besides. `None` if the lease was
    /// taken away: then nothing is written.
    pub(super) async fn write(
        &self,
        db: &impl Executor,
        target: &Target,
        job: Job,
        range: &Range,
        is_done: bool,
        lock_timeout: Duration,
    ) -> Result<Option<(Counts, RotationState)>, RotationProblem> {
        let scanned = self.rewrites.len() + self.failures.len();
        let of_rows: Vec<&Key> = self.rewrites.iter().map(|(key, ..)| *key).collect();
        let rows: Vec<_> = self.failures.iter().map(|(key, _)| literal(&key.to_texts())).collect();
        let classes: Vec<_> = self.failures.iter().map(|(_, class)| class.name()).collect();
        let counted = i64::try_from(scanned).unwrap_or(i64::MAX);
        let failed = i64::try_from(self.failures.len()).unwrap_or(i64::MAX);
        let cursor = self.last.or(range.cursor.as_ref()).map(Key::to_texts);
        let mut bound: Vec<Bound> = vec![
            (Box::new(job.id), Type::INT8),
            (Box::new(range.pass), Type::INT4),
            (Box::new(range.number), Type::INT4),
            (Box::new(range.lease), Type::INT8),
            (Box::new(format!("{}ms", lock_timeout.as_millis())), Type::TEXT),
            (Box::new(cursor), Type::TEXT_ARRAY),
            (Box::new(is_done), Type::BOOL),
            (Box::new(counted), Type::INT8),
            (Box::new(failed), Type::INT8),
            (Box::new(rows), Type::TEXT_ARRAY),
            (Box::new(classes), Type::TEXT_ARRAY),
            target.cells.bind(self.rewrites.iter().map(|(_, old, _)| *old)),
            target.cells.bind(self.rewrites.iter().map(|(_, _, new)| new)),
        ];
        let sql = writing(target, bound.len() + 1);
        bound.extend(target.keys.bind_all(&of_rows));
        // sql: names are quoted, all else are parameters
        let row = db.query_opt_typed(&sql, &params(&bound)).await.map_err(Step::Write.failed())?;
        let Some(row) = row else { return Ok(None) };
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (rewritten, state): (i64, String) = read().map_err(|error| Step::Write.unreadable(error))?;
        let state = RotationState::from_name(&state);
        let state = state.ok_or(RotationProblem::State { id: job.id, what: "the state" })?;
        Ok(Some((self.counts(u64::try_from(rewritten).unwrap_or(0)), state)))
    }

    fn counts(&self, rewritten: u64) -> Counts {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (sealed, failed) = (whole(self.rewrites.len()), whole(self.failures.len()));
        Counts { scanned: sealed + failed, rewritten, cas_lost: sealed.saturating_sub(rewritten), failed }
    }
}

/// One statement, so one transaction, in which no answer of ours is waited for while rows are locked. `held` comes first, as all
/// else is joined with it: it has the lease, and says how long a lock is waited for.
fn writing(target: &Target, first_key: usize) -> String {
    let Target { table, column, keys, cells, .. } = target;
    format!(
        "with held as materialized (
            select range.rotation_id, range.pass, range.number, job.state,
                pg_catalog.set_config('lock_timeout', $5, true)
            from pgkeel.rotation_range as range join pgkeel.rotation as job on job.id = range.rotation_id
            where range.rotation_id = $1 and range.pass = $2 and range.number = $3 and range.lease = $4 and not range.is_done
            for update of range
        ), rewritten as (
            update {table} as t set {column} = v.new
            from held, unnest($12, $13, {arrays}) as v(old, new, {elements})
            where {is_row_of} and {is_old}
            returning 1
        ), failed as (
            insert into pgkeel.rotation_failure (rotation_id, row_key, class, pass)
            select held.rotation_id, v.row_key::text[], v.class, held.pass
            from held, unnest($10, $11) as v(row_key, class)
            on conflict (rotation_id, row_key) do update set class = excluded.class, pass = excluded.pass
        ), counted as (
            select count(*) as rows from rewritten
        )
        update pgkeel.rotation_range as range
        set cursor = $6, is_done = $7, scanned = range.scanned + $8, rewritten = range.rewritten + counted.rows,
            cas_lost = range.cas_lost + $8 - $9 - counted.rows, heartbeat_at = clock_timestamp()
        from held, counted
        where range.rotation_id = held.rotation_id and range.pass = held.pass and range.number = held.number
        returning counted.rows, held.state",
        arrays = keys.arrays(first_key),
        elements = keys.elements(),
        is_row_of = keys.is_row_of(),
        is_old = cells.is_old(column),
    )
}

/// A list of texts as the server reads an array: each in quotes.
fn literal(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}
