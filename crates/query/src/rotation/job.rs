//! One rotation that workers share: begun once, cut into ranges, ended by whoever is done last.

use pgkeel_connect::{Ident, Type};
use pgkeel_crypto::KeyId;

use super::state::RotationState;
use super::task::Task;
use super::{RotationProblem, Step};
use crate::Executor;

/// So many passes a rotation takes at most: two are usual, as the last one finds nothing. Of a unique index one more, which only looks.
const MOST_PASSES: i32 = 5;

/// Also if somebody else is faster: there is one under way then.
const BEGIN: &str = "insert into pgkeel.rotation (column_id, to_key, started_by, task, other_column)
    values ($1, $2, $3, $4, $5) on conflict (column_id) where finished_at is null do nothing";

const UNDER_WAY: &str = "select id, to_key, concat_ws(' ', task, other_column) from pgkeel.rotation
    where column_id = $1 and finished_at is null";

const LOOK: &str = "select state, pass, ranges, is_cut, frontier,
        (select count(*) from pgkeel.rotation_range as range
            where range.rotation_id = job.id and range.pass = job.pass and range.is_done) as done,
        (select coalesce(sum(range.scanned), 0)::int8 from pgkeel.rotation_range as range
            where range.rotation_id = job.id and range.pass = job.pass and not range.is_done) as begun
    from pgkeel.rotation as job where id = $1";

/// Once all ranges of a pass are done. A range that was cut off after this statement began makes the numbers differ, however
/// long it waited for the row.
const END_PASS: &str = "with job as (
        select id, pass from pgkeel.rotation as job
        where id = $1 and pass = $2 and state = 'running' and is_cut and ranges = (
            select count(*) from pgkeel.rotation_range as range
            where range.rotation_id = job.id and range.pass = job.pass and range.is_done)
        for update
    ), ranges as (
        delete from pgkeel.rotation_range as range using job
        where range.rotation_id = job.id and range.pass = job.pass
        returning range.scanned, range.rewritten, range.cas_lost
    ), total as (
        select coalesce(sum(scanned), 0)::int8 as scanned, coalesce(sum(rewritten), 0)::int8 as rewritten,
            coalesce(sum(cas_lost), 0)::int8 as cas_lost
        from ranges
    ), ended as (
        select job.id, case when total.rewritten + total.cas_lost = 0 and job.pass >= $4 then 'finished'
            when job.pass >= $3 then 'unsettled' else 'running' end as state
        from job, total
    ), mended as (
        delete from pgkeel.rotation_failure as failure using job, ended
        where failure.rotation_id = job.id and failure.pass < job.pass and ended.state <> 'running'
    )
    update pgkeel.rotation as rotation
    set scanned = rotation.scanned + total.scanned, rewritten = rotation.rewritten + total.rewritten,
        cas_lost = rotation.cas_lost + total.cas_lost, state = ended.state,
        finished_at = case when ended.state <> 'running' then clock_timestamp() end,
        pass = case when ended.state = 'running' then rotation.pass + 1 else rotation.pass end,
        frontier = null, ranges = case when ended.state = 'running' then 0 else rotation.ranges end,
        is_cut = ended.state <> 'running'
    from ended, total where rotation.id = ended.id";

/// A rotation of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) id: i64,
    pub(super) to_key: KeyId,
}

/// How far a rotation is.
pub(super) struct Looked {
    pub(super) state: RotationState,
    pub(super) pass: i32,
    pub(super) ranges: i32,
    pub(super) is_cut: bool,
    /// Ranges.
    pub(super) done: i64,
    /// Rows that were read of others.
    pub(super) begun: i64,
    pub(super) frontier: Option<Vec<String>>,
}

impl Job {
    /// Joins the rotation of this column that is under way, or begins one.
    pub(super) async fn open(
        db: &impl Executor,
        column: &(i64, String),
        task: Task<'_>,
        to_key: KeyId,
        owner: &str,
    ) -> Result<Self, RotationProblem> {
        let (number, name) = column;
        let (key, kind) = (to_key.to_string(), task.kind().name());
        let other = task.other_column().map(Ident::name);
        let params = [
            (number as _, Type::INT8),
            (&key as _, Type::TEXT),
            (&owner as _, Type::TEXT),
            (&kind as _, Type::TEXT),
            (&other as _, Type::TEXT),
        ];
        // One that ends between the two statements leaves none under way: then there is one more to begin.
        for _ in 0..3 {
            db.execute_typed(BEGIN, &params).await.map_err(Step::Open.failed())?;
            let found = db.query_opt_typed(UNDER_WAY, &params[..1]).await.map_err(Step::Open.failed())?;
            let Some(row) = found else { continue };
            let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            let (id, key, under_way): (i64, String, String) =
                read().map_err(|error| Step::Open.unreadable(error))?;
            let asked = [Some(kind), other].into_iter().flatten().collect::<Vec<_>>().join(" ");
            if under_way != asked {
                let column = name.clone();
                return Err(RotationProblem::OtherTask { id, column, under_way, asked });
            }
            let under_way = key.parse().map_err(|_| RotationProblem::State { id, what: "the key" })?;
            if under_way != to_key {
                let column = name.clone();
                return Err(RotationProblem::OtherRotation { id, column, under_way, asked: to_key });
            }
            return Ok(Self { id, to_key });
        }
        Err(RotationProblem::NoRotation { id: 0 })
    }

    pub(super) async fn look(self, db: &impl Executor) -> Result<Looked, RotationProblem> {
        let found = db.query_opt_typed(LOOK, &[(&self.id, Type::INT8)]).await.map_err(Step::Look.failed())?;
        let row = found.ok_or(RotationProblem::NoRotation { id: self.id })?;
        let read = || {
            Ok((
                row.try_get::<_, String>(0)?,
                Looked {
                    state: RotationState::Running,
                    pass: row.try_get(1)?,
                    ranges: row.try_get(2)?,
                    is_cut: row.try_get(3)?,
                    frontier: row.try_get(4)?,
                    done: row.try_get(5)?,
                    begun: row.try_get(6)?,
                },
            ))
        };
        let (state, looked) = read().map_err(|error| Step::Look.unreadable(error))?;
        let state = RotationState::from_name(&state);
        Ok(Looked {
            state: state.ok_or(RotationProblem::State { id: self.id, what: "the state" })?,
            ..looked
        })
    }

    /// Whether it was this call that ended the pass, and perhaps the rotation.
    pub(super) async fn end_pass(
        self,
        db: &impl Executor,
        pass: i32,
        least: i32,
    ) -> Result<bool, RotationProblem> {
        let params = [
            (&self.id as _, Type::INT8),
            (&pass as _, Type::INT4),
            (&MOST_PASSES as _, Type::INT4),
            (&least as _, Type::INT4),
        ];
        Ok(db.execute_typed(END_PASS, &params).await.map_err(Step::EndPass.failed())? > 0)
    }
}
