//! What an operator should look at: a word, and a sentence with the object and the number.

use std::time::Duration;

use pgkeel_catalog::{Index, Server};

use crate::sampling::figures::Sessions;
use crate::sampling::rates::{Rates, ratio};
use crate::sampling::{Kept, SlowStatements};

/// Of the sessions that are not kept back for superusers.
const MANY_CONNECTIONS: f64 = 0.8;

/// A transaction this old keeps vacuum from removing rows, and often holds locks that others need.
const LONG_TRANSACTION: Duration = Duration::from_mins(5);

/// A session that does nothing in a transaction for this long has usually forgotten it.
const LONG_IDLE: Duration = Duration::from_mins(1);

/// Below this a database that fits into memory is worth a look.
const LOW_HIT_RATIO: f64 = 0.99;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) slug: &'static str,
    pub(crate) text: String,
}

fn finding(slug: &'static str, text: String) -> Finding {
    Finding { slug, text }
}

pub(crate) fn of_activity(sessions: &Sessions, server: Option<&Server>) -> Vec<Finding> {
    let activity = &sessions.activity;
    let full = server.and_then(|server| {
        let free_for_all = u64::from(usable(server));
        let used = ratio(activity.sessions, free_for_all, 1)?;
        (used >= MANY_CONNECTIONS).then(|| {
            let text = format!(
                "{} of {free_for_all} connections that any role may have are used; the next burst may be refused",
                activity.sessions
            );
            finding("connections_nearly_used_up", text)
        })
    });
    let old = activity.oldest_transaction.filter(|age| *age >= LONG_TRANSACTION).map(|age| {
        let text = format!(
            "a transaction has been open for {} s; vacuum cannot remove what it may see",
            age.as_secs()
        );
        finding("long_transaction", text)
    });
    let idle = activity.longest_idle_in_transaction.filter(|age| *age >= LONG_IDLE).map(|age| {
        let text = format!("a session has done nothing for {} s inside a transaction", age.as_secs());
        finding("idle_in_transaction", text)
    });
    [full, old, idle].into_iter().flatten().collect()
}

/// The sessions that any role may have.
pub(crate) fn usable(server: &Server) -> u32 {
    server.max_connections.saturating_sub(server.superuser_reserved + server.reserved)
}

pub(crate) fn of_rates(rates: Option<&Rates>) -> Vec<Finding> {
    let Some(rates) = rates else { return Vec::new() };
    let cold = rates.cache_hit_ratio.filter(|ratio| *ratio < LOW_HIT_RATIO).map(|ratio| {
        let share = ratio * 100.0;
        finding(
            "cache_hit_low",
            format!("{share:.1} % of {} blocks were found in the server's cache", rates.blocks),
        )
    });
    let deadlocks = (rates.deadlocks > 0).then(|| {
        finding("deadlocks", format!("the server broke {} deadlocks since the last look", rates.deadlocks))
    });
    [cold, deadlocks].into_iter().flatten().collect()
}

pub(crate) fn of_indexes(indexes: &Kept<Index>) -> Vec<Finding> {
    let broken: Vec<_> = indexes.rows.iter().filter(|index| !index.is_valid).collect();
    let first = broken.first().map(|index| {
        let text = format!(
            "{} indexes are not valid, \"{}\".\"{}\" first: each is being built, or is left over from a build that failed \
             and only costs writes",
            broken.len(),
            index.schema,
            index.name
        );
        finding("invalid_index", text)
    });
    first.into_iter().collect()
}

pub(crate) fn of_statements(slow: &SlowStatements) -> Vec<Finding> {
    let evicted = slow.evicted.filter(|evicted| *evicted > 0).map(|evicted| {
        let text = format!(
            "the server threw statistics of {evicted} statements away for lack of room; raise pg_stat_statements.max"
        );
        finding("statements_evicted", text)
    });
    evicted.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates {
            interval: Duration::from_secs(15),
            commits: 1.0,
            rollbacks: 0.0,
            commit_ratio: None,
            blocks_read: 0.0,
            blocks: 20_000,
            cache_hit_ratio: Some(0.995),
            rows_returned: 0.0,
            rows_fetched: 0.0,
            rows_written: 0.0,
            temp_bytes: 0.0,
            deadlocks: 0,
        }
    }

    #[test]
    fn a_cold_cache_and_deadlocks_are_found_and_good_figures_are_not() {
        assert!(of_rates(None).is_empty() && of_rates(Some(&rates())).is_empty());
        let bad = Rates { cache_hit_ratio: Some(0.5), deadlocks: 2, ..rates() };
        let slugs: Vec<_> = of_rates(Some(&bad)).into_iter().map(|finding| finding.slug).collect();
        assert_eq!(slugs, ["cache_hit_low", "deadlocks"]);
    }
}
