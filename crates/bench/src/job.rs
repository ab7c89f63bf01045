//! What every peer does in its turn; a file a job.

mod repeat;
mod batch;
mod checkout;
mod closure;
mod cold;
mod entity;
mod flight;
mod insert;
mod once;
mod point;
mod rows;
mod shared;

use std::fmt;
use std::str::FromStr;

use anyhow::bail;
use serde::{Serialize, Serializer};

pub(crate) use self::batch::{BATCH, Batch};
pub(crate) use self::checkout::checkout;
pub(crate) use self::closure::Closure;
pub(crate) use self::cold::cold;
pub(crate) use self::entity::Entity;
pub(crate) use self::flight::Flight;
pub(crate) use self::insert::Insert;
pub(crate) use self::once::Once;
pub(crate) use self::point::Point;
pub(crate) use self::repeat::repeat;
pub(crate) use self::rows::Rows;
pub(crate) use self::shared::Shared;

use crate::account::{ENTITIES, ENTITY, POINT, READ_OWN, WRITE_OWN};

/// The most that work at the same time; each of them has rows of its own to write to.
pub(crate) const MOST_TASKS: usize = 64;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Takes a session out of the pool and gives it back, in one task.
    Checkout,
    /// Reads single rows by their key, in so many tasks.
    Point { tasks: usize },
    /// The same with all that pgkeel can observe.
    Observed { tasks: usize },
    /// The same over few connections that all tasks share.
    Shared { tasks: usize },
    /// Reads single rows by their key, each by a statement whose text is new, in so many tasks.
    Once { tasks: usize },
    /// Reads a hundred rows by their keys, in one task.
    Batch,
    /// Writes and reads back in an ordinary transaction, in so many tasks.
    Closure { tasks: usize },
    /// The same, known beforehand.
    Flight { tasks: usize },
    /// Reads single rows by their key as structs, in so many tasks.
    Entity { tasks: usize },
    /// Inserts rows with two columns and an index by the repository, in so many tasks: sealed, or of random bytes.
    Insert { tasks: usize },
    /// Reads all rows as structs, in one task.
    Rows,
    /// Opens a pool and reads the first row.
    Cold,
}

impl Job {
    pub(crate) const ALL: [Self; 18] = [
        Self::Checkout,
        Self::Point { tasks: 1 },
        Self::Point { tasks: 16 },
        Self::Point { tasks: 64 },
        Self::Observed { tasks: 1 },
        Self::Observed { tasks: 16 },
        Self::Shared { tasks: 16 },
        Self::Once { tasks: 1 },
        Self::Batch,
        Self::Closure { tasks: 1 },
        Self::Closure { tasks: 16 },
        Self::Flight { tasks: 1 },
        Self::Flight { tasks: 16 },
        Self::Entity { tasks: 1 },
        Self::Entity { tasks: 16 },
        Self::Insert { tasks: 1 },
        Self::Rows,
        Self::Cold,
    ];

    /// How many tasks work at the same time.
    pub(crate) fn tasks(self) -> usize {
        match self {
            Self::Checkout | Self::Batch | Self::Rows | Self::Cold => 1,
            Self::Point { tasks }
            | Self::Observed { tasks }
            | Self::Shared { tasks }
            | Self::Once { tasks }
            | Self::Closure { tasks }
            | Self::Flight { tasks }
            | Self::Entity { tasks }
            | Self::Insert { tasks } => tasks,
        }
    }

    /// What is run in it, in this order, as far as it is known beforehand.
    pub(crate) fn statements(self) -> &'static [&'static str] {
        match self {
            Self::Closure { .. } | Self::Flight { .. } => &[WRITE_OWN, READ_OWN],
            Self::Once { .. } | Self::Insert { .. } => &[],
            Self::Entity { .. } => &[ENTITY],
            Self::Rows => &[ENTITIES],
            _ => &[POINT],
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkout => f.write_str("checkout"),
            Self::Point { tasks } => write!(f, "point-{tasks}"),
            Self::Observed { tasks } => write!(f, "observed-{tasks}"),
            Self::Shared { tasks } => write!(f, "shared-{tasks}"),
            Self::Once { tasks } => write!(f, "once-{tasks}"),
            Self::Batch => write!(f, "batch-{BATCH}"),
            Self::Closure { tasks } => write!(f, "closure-{tasks}"),
            Self::Flight { tasks } => write!(f, "flight-{tasks}"),
            Self::Entity { tasks } => write!(f, "entity-{tasks}"),
            Self::Insert { tasks } => write!(f, "insert-{tasks}"),
            Self::Rows => f.write_str("rows"),
            Self::Cold => f.write_str("cold"),
        }
    }
}

impl FromStr for Job {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbered = text.rsplit_once('-').map(|(name, number)| (name, number.parse()));
        Ok(match numbered {
            None if text == "checkout" => Self::Checkout,
            None if text == "cold" => Self::Cold,
            None if text == "rows" => Self::Rows,
            Some(("batch", Ok(BATCH))) => Self::Batch,
            Some(("point", Ok(tasks @ 1..=MOST_TASKS))) => Self::Point { tasks },
            Some(("observed", Ok(tasks @ 1..=MOST_TASKS))) => Self::Observed { tasks },
            Some(("shared", Ok(tasks @ 1..=MOST_TASKS))) => Self::Shared { tasks },
            Some(("once", Ok(tasks @ 1..=MOST_TASKS))) => Self::Once { tasks },
            Some(("closure", Ok(tasks @ 1..=MOST_TASKS))) => Self::Closure { tasks },
            Some(("entity", Ok(tasks @ 1..=MOST_TASKS))) => Self::Entity { tasks },
            Some(("insert", Ok(tasks @ 1..=MOST_TASKS))) => Self::Insert { tasks },
            Some(("flight", Ok(tasks @ 1..=MOST_TASKS))) => Self::Flight { tasks },
            _ => bail!(
                "is none of checkout, cold, rows, batch-{BATCH}, and of point-N, observed-N, shared-N, once-N, closure-N, \
                 flight-N, entity-N, insert-N with N tasks, 1 to {MOST_TASKS}"
            ),
        })
    }
}

impl Serialize for Job {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_as_it_is_written() {
        for job in Job::ALL {
            assert_eq!(job.to_string().parse::<Job>().unwrap(), job);
        }
    }

    #[test]
    fn what_is_no_job_is_refused() {
        // There are not so many connections; a batch is of one size.
        for text in ["point-65", "flight-0", "flight", "batch-10", "cold-", "cold-1", "-1", ""] {
            assert!(text.parse::<Job>().is_err(), "{text}");
        }
    }
}
