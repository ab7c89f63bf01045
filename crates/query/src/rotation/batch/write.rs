//! What was made of a batch, written by one statement that changes nothing that has changed meanwhile.

use std::time::Duration;

use pgkeel_connect::Type;

use super::change::{Change, Maker};
use crate::Executor;
use crate::rotation::bound::{Bound, params};
use crate::rotation::inspect::Target;
use crate::rotation::key::Key;
use crate::rotation::plan::Written;
use crate::rotation::progress::Counts;
use crate::rotation::range::Range;
use crate::rotation::state::RotationState;
use crate::rotation::{FailureClass, RotationProblem, Step};

/// What is to be written of a batch.
pub(in crate::rotation) struct Worked<'b> {
    pub(in crate::rotation) changes: Vec<Change<'b>>,
    pub(in crate::rotation) failures: Vec<(&'b Key, FailureClass)>,
    pub(in crate::rotation) scanned: usize,
    pub(in crate::rotation) last: Option<&'b Key>,
}

impl Worked<'_> {
    pub(in crate::rotation) fn last_failure(&self) -> Option<FailureClass> {
        self.failures.last().map(|(_, class)| *class)
    }

    /// Makes the one change that a unique index does not let in a failure. `false` if it is not known which one that is.
    pub(in crate::rotation) fn give_up(&mut self) -> bool {
        let [one] = self.changes.as_slice() else { return false };
        self.failures.push((&one.cell.key, FailureClass::Duplicate));
        self.changes.clear();
        true
    }

    /// Writes the changes, where rows are as they were read; with it, how far the range is. Returns the rotation's state besides. `None` if the lease was
    /// taken away: then nothing is written.
    pub(in crate::rotation) async fn write(
        &self,
        db: &impl Executor,
        maker: &Maker<'_>,
        range: &Range,
        is_done: bool,
        lock_timeout: Duration,
    ) -> Result<Option<(Counts, RotationState)>, RotationProblem> {
        let &Maker { target, plan, job, .. } = maker;
        let of_rows: Vec<&Key> = self.changes.iter().map(|change| &change.cell.key).collect();
        let rows: Vec<_> = self.failures.iter().map(|(key, _)| literal(&key.to_texts())).collect();
        let classes: Vec<_> = self.failures.iter().map(|(_, class)| class.name()).collect();
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let cursor = self.last.or(range.cursor.as_ref()).map(Key::to_texts);
        let mut bound: Vec<Bound> = vec![
            (Box::new(job.id), Type::INT8),
            (Box::new(range.pass), Type::INT4),
            (Box::new(range.number), Type::INT4),
            (Box::new(range.lease), Type::INT8),
            (Box::new(format!("{}ms", lock_timeout.as_millis())), Type::TEXT),
            (Box::new(cursor), Type::TEXT_ARRAY),
            (Box::new(is_done), Type::BOOL),
            (Box::new(whole(self.scanned)), Type::INT8),
            (Box::new(whole(self.changes.len())), Type::INT8),
            (Box::new(rows), Type::TEXT_ARRAY),
            (Box::new(classes), Type::TEXT_ARRAY),
        ];
        let Written { arrays, set, is_old } = plan.written(target, &self.changes);
        let first_key = bound.len() + 1 + arrays.len();
        let places = (bound.len() + 1..first_key).map(|at| format!("${at}"));
        let places = places.chain([target.keys.arrays(first_key)]).collect::<Vec<_>>().join(", ");
        let (mut names, arrays): (Vec<_>, Vec<_>) = arrays.into_iter().unzip();
        names.push(target.keys.elements());
        let rows = Rows { arrays: places, elements: names.join(", "), set, is_old };
        bound.extend(arrays);
        bound.extend(target.keys.bind_all(&of_rows));
        // sql: names are quoted, all else are parameters
        let row =
            db.query_opt_typed(&rows.writing(target), &params(&bound)).await.map_err(Step::Write.failed())?;
        let Some(row) = row else { return Ok(None) };
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (rewritten, state): (i64, String) = read().map_err(|error| Step::Write.unreadable(error))?;
        let state = RotationState::from_name(&state);
        let state = state.ok_or(RotationProblem::State { id: job.id, what: "the state" })?;
        Ok(Some((self.counts(u64::try_from(rewritten).unwrap_or(0)), state)))
    }

    fn counts(&self, rewritten: u64) -> Counts {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let cas_lost = whole(self.changes.len()).saturating_sub(rewritten);
        Counts { scanned: whole(self.scanned), rewritten, cas_lost, failed: whole(self.failures.len()) }
    }
}

/// The rows of a statement that writes.
struct Rows {
    arrays: String,
    elements: String,
    set: String,
    is_old: String,
}

impl Rows {
    /// One statement, so one transaction, in which no answer of ours is waited for while rows are locked. `held` comes first, as all
    /// else is joined with it: it has the lease, and says how long a lock is waited for.
    fn writing(&self, target: &Target) -> String {
        let (Target { table, keys, .. }, Self { arrays, elements, set, is_old }) = (target, self);
        format!(
            "with held as materialized (
                select range.rotation_id, range.pass, range.number, job.state,
                    pg_catalog.set_config('lock_timeout', $5, true)
                from pgkeel.rotation_range as range join pgkeel.rotation as job on job.id = range.rotation_id
                where range.rotation_id = $1 and range.pass = $2 and range.number = $3 and range.lease = $4 and not range.is_done
                for update of range
            ), rewritten as (
                update {table} as t set {set}
                from held, unnest({arrays}) as v({elements})
                where {is_row_of} and {is_old}
                returning 1
            ), failed as (
                insert into pgkeel.rotation_failure (rotation_id, row_key, class, pass)
                select distinct on (v.row_key) held.rotation_id, v.row_key::text[], v.class, held.pass
                from held, unnest($10, $11) as v(row_key, class)
                on conflict (rotation_id, row_key) do update set class = excluded.class, pass = excluded.pass
            ), counted as (
                select count(*) as rows from rewritten
            )
            update pgkeel.rotation_range as range
            set cursor = $6, is_done = $7, scanned = range.scanned + $8, rewritten = range.rewritten + counted.rows,
                cas_lost = range.cas_lost + $9 - counted.rows, heartbeat_at = clock_timestamp()
            from held, counted
            where range.rotation_id = held.rotation_id and range.pass = held.pass and range.number = held.number
            returning counted.rows, held.state",
            is_row_of = keys.is_row_of(),
        )
    }
}

/// A list of texts as the server reads an array: each in quotes.
fn literal(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}
