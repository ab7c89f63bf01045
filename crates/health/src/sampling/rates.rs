//! What happened between two readings of counters that only grow.

use std::time::Duration;

use pgkeel_catalog::Database;

use crate::sampling::section::Taken;

/// Fewer block requests than this say nothing about the cache.
const LEAST_BLOCKS: u64 = 10_000;

/// What the database did in an interval.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rates {
    pub(crate) interval: Duration,
    pub(crate) commits: f64,
    pub(crate) rollbacks: f64,
    /// `None` if no transaction ended.
    pub(crate) commit_ratio: Option<f64>,
    pub(crate) blocks_read: f64,
    pub(crate) blocks: u64,
    /// `None` if too few blocks were asked for.
    pub(crate) cache_hit_ratio: Option<f64>,
    pub(crate) rows_returned: f64,
    pub(crate) rows_fetched: f64,
    pub(crate) rows_written: f64,
    pub(crate) temp_bytes: f64,
    pub(crate) deadlocks: u64,
}

impl Rates {
    /// `None` if the counters were reset in between: by somebody, or by a crash.
    pub(crate) fn between(before: &Taken<Database>, after: &Taken<Database>) -> Option<Self> {
        let interval = after.at.instant.saturating_duration_since(before.at.instant);
        let (old, new) = (&before.value, &after.value);
        if interval.is_zero() || was_reset(old, new) {
            return None;
        }
        let grown = |count: fn(&Database) -> u64| count(new).checked_sub(count(old));
        let (commits, rollbacks) = (grown(|d| d.commits)?, grown(|d| d.rollbacks)?);
        let (hit, read) = (grown(|d| d.blocks_hit)?, grown(|d| d.blocks_read)?);
        let written = grown(|d| d.rows_inserted + d.rows_updated + d.rows_deleted)?;
        let per_second = |count: u64| float(count) / interval.as_secs_f64();
        Some(Self {
            interval,
            commits: per_second(commits),
            rollbacks: per_second(rollbacks),
            commit_ratio: ratio(commits, commits + rollbacks, 1),
            blocks_read: per_second(read),
            blocks: hit + read,
            cache_hit_ratio: ratio(hit, hit + read, LEAST_BLOCKS),
            rows_returned: per_second(grown(|d| d.rows_returned)?),
            rows_fetched: per_second(grown(|d| d.rows_fetched)?),
            rows_written: per_second(written),
            temp_bytes: per_second(grown(|d| d.temp_bytes)?),
            deadlocks: grown(|d| d.deadlocks)?,
        })
    }
}

/// Up to PostgreSQL 14 a database that nobody has used yet has no date and no counts; its first count brings the date.
fn was_reset(old: &Database, new: &Database) -> bool {
    let is_first_count = old.since.is_none() && old.commits + old.rollbacks + old.blocks_hit == 0;
    old.since != new.since && !is_first_count
}

/// `part` of `whole`, unless the whole is smaller than `least`.
pub(crate) fn ratio(part: u64, whole: u64, least: u64) -> Option<f64> {
    (whole >= least.max(1)).then(|| float(part) / float(whole))
}

/// A time as a part of another.
pub(crate) fn share(part: Duration, whole: Duration) -> Option<f64> {
    (!whole.is_zero()).then(|| part.as_secs_f64() / whole.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and only shown beyond")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_too_little_is_none() {
        assert_eq!(ratio(9, 10, 11), None);
        assert_eq!(ratio(0, 0, 0), None);
        assert_eq!(ratio(5, 10, 10), Some(0.5));
    }
}
