//! One rotation that workers share: begun once, cut into ranges, ended by whoever is done last.

use std::time::Duration;

use pgkeel_connect::{Ident, Type};
use pgkeel_crypto::KeyId;
use tokio_postgres::Row;

use super::RotationProblem;
use super::bound::{Bound, params};
use super::inspect::Target;
use super::key::Key;
use super::problem::Step;
use super::state::RotationState;
use super::task::Task;
use crate::Executor;

/// So many passes a rotation takes at most: two are usual, as the last one finds nothing.
const MOST_PASSES: i32 = 5;

/// Also if somebody else is faster: there is one under way then.
const BEGIN: &str = "insert into pgkeel.rotation (column_id, to_key, started_by, task, other_column)
    values ($1, $2, $3, $4, $5) on conflict (column_id) where finished_at is null do nothing";

const UNDER_WAY: &str = "select id, to_key, concat_ws(' ', task, other_column) from pgkeel.rotation
    where column_id = $1 and finished_at is null";

const LOOK: &str = "select state, pass, ranges, is_cut, frontier,
        (select count(*) from pgkeel.rotation_range as range
            where range.rotation_id = job.id and range.pass = job.pass and range.is_done) as done
    from pgkeel.rotation as job where id = $1";

/// The lowest range that nobody works on.
const TAKE: &str = "with free as (
        select rotation_id, pass, number from pgkeel.rotation_range
        where rotation_id = $1 and pass = $2 and not is_done
            and (heartbeat_at is null or heartbeat_at < clock_timestamp() - make_interval(secs => $3))
        order by number limit 1 for update skip locked
    )
    update pgkeel.rotation_range as range
    set owner = $4, lease = range.lease + 1, heartbeat_at = clock_timestamp()
    from free where range.rotation_id = free.rotation_id and range.pass = free.pass and range.number = free.number
    returning range.number, range.lease, range.cursor, range.until";

/// Cuts the next range off, unless somebody else has cut one meanwhile.
const CUT: &str = "with job as (
        update pgkeel.rotation set frontier = $4, is_cut = $4::text[] is null, ranges = ranges + 1
        where id = $1 and pass = $2 and ranges = $3 and not is_cut and state = 'running'
        returning id, pass, ranges
    )
    insert into pgkeel.rotation_range (rotation_id, pass, number, cursor, until, owner)
    select id, pass, ranges, $5, $4, $6 from job
    returning number, lease, cursor, until";

/// A worker that still has the lease gives it back.
const GIVE_BACK: &str = "update pgkeel.rotation_range set heartbeat_at = null
    where rotation_id = $1 and pass = $2 and number = $3 and lease = $4 and not is_done";

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
        select job.id, case when total.rewritten + total.cas_lost = 0 then 'finished'
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
    pub(super) done: i64,
    frontier: Option<Vec<String>>,
}

/// A part of the table that is leased to this worker.
pub(super) struct Range {
    pub(super) pass: i32,
    pub(super) number: i32,
    pub(super) lease: i64,
    /// The last key that is done.
    pub(super) cursor: Option<Key>,
    pub(super) until: Option<Key>,
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

    /// A range that nobody works on: given back, or of a worker that has not been heard of for so long.
    pub(super) async fn take(
        self,
        db: &impl Executor,
        target: &Target,
        looked: &Looked,
        lease: Duration,
        owner: &str,
    ) -> Result<Option<Range>, RotationProblem> {
        let params = [
            (&self.id as _, Type::INT8),
            (&looked.pass as _, Type::INT4),
            (&lease.as_secs_f64() as _, Type::FLOAT8),
            (&owner as _, Type::TEXT),
        ];
        let row = db.query_opt_typed(TAKE, &params).await.map_err(Step::Claim.failed())?;
        row.map(|row| self.range(target, looked.pass, &row)).transpose()
    }

    /// The next range of so many rows; `None` if somebody else was faster.
    pub(super) async fn cut(
        self,
        db: &impl Executor,
        target: &Target,
        looked: &Looked,
        rows: u32,
        owner: &str,
    ) -> Result<Option<Range>, RotationProblem> {
        let frontier = looked.frontier.as_ref().map(|texts| self.key(target, texts)).transpose()?;
        let until = end_of_range(db, target, frontier.as_ref(), rows).await?;
        let until = until.map(|key| key.to_texts());
        let params = [
            (&self.id as _, Type::INT8),
            (&looked.pass as _, Type::INT4),
            (&looked.ranges as _, Type::INT4),
            (&until as _, Type::TEXT_ARRAY),
            (&looked.frontier as _, Type::TEXT_ARRAY),
            (&owner as _, Type::TEXT),
        ];
        let row = db.query_opt_typed(CUT, &params).await.map_err(Step::Claim.failed())?;
        row.map(|row| self.range(target, looked.pass, &row)).transpose()
    }

    pub(super) async fn give_back(self, db: &impl Executor, range: &Range) -> Result<(), RotationProblem> {
        let params = [
            (&self.id as _, Type::INT8),
            (&range.pass as _, Type::INT4),
            (&range.number as _, Type::INT4),
            (&range.lease as _, Type::INT8),
        ];
        db.execute_typed(GIVE_BACK, &params).await.map_err(Step::Claim.failed())?;
        Ok(())
    }

    /// Whether it was this call that ended the pass, and perhaps the rotation.
    pub(super) async fn end_pass(self, db: &impl Executor, pass: i32) -> Result<bool, RotationProblem> {
        let params = [(&self.id as _, Type::INT8), (&pass as _, Type::INT4), (&MOST_PASSES as _, Type::INT4)];
        Ok(db.execute_typed(END_PASS, &params).await.map_err(Step::EndPass.failed())? > 0)
    }

    fn range(self, target: &Target, pass: i32, row: &Row) -> Result<Range, RotationProblem> {
        type Columns = (i32, i64, Option<Vec<String>>, Option<Vec<String>>);
        let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        let (number, lease, cursor, until): Columns =
            read().map_err(|error| Step::Claim.unreadable(error))?;
        let key = |texts: Option<Vec<String>>| texts.map(|texts| self.key(target, &texts)).transpose();
        Ok(Range { pass, number, lease, cursor: key(cursor)?, until: key(until)? })
    }

    fn key(self, target: &Target, texts: &[String]) -> Result<Key, RotationProblem> {
        target.keys.parse(texts).ok_or(RotationProblem::State { id: self.id, what: "a primary key" })
    }
}

/// The key of the row that is so many rows behind another one; `None` if there are fewer.
async fn end_of_range(
    db: &impl Executor,
    target: &Target,
    behind: Option<&Key>,
    rows: u32,
) -> Result<Option<Key>, RotationProblem> {
    let (keys, table) = (&target.keys, &target.table);
    let filter = behind.map(|_| format!("where {}", keys.compared(">", 1))).unwrap_or_default();
    let sql = format!(
        "select {} from {table} as t {filter} order by {} offset {} limit 1",
        keys.selected(),
        keys.order(),
        rows.saturating_sub(1)
    );
    let bound: Vec<Bound> = behind.map(|key| keys.bind(key)).unwrap_or_default();
    // sql: names are quoted, keys are parameters, the size of a range is a number
    let row = db.query_opt_typed(&sql, &params(&bound)).await.map_err(Step::Claim.failed())?;
    row.map(|row| keys.of(&row)).transpose().map_err(|error| Step::Claim.unreadable(error))
}
