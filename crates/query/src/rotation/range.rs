//! Ranges of a table's primary key: cut off as workers come for them, and leased to one at a time.

use std::time::Duration;

use pgkeel_connect::Type;
use tokio_postgres::Row;

use super::bound::{Bound, params};
use super::inspect::Target;
use super::job::{Job, Looked};
use super::key::Key;
use super::{RotationProblem, Step};
use crate::Executor;

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
