//! What every peer does in its turn; a file a job.

mod checkout;
mod cold;
mod point;

use std::fmt;
use std::str::FromStr;

use anyhow::bail;
use serde::{Serialize, Serializer};

pub(crate) use self::checkout::checkout;
pub(crate) use self::cold::cold;
pub(crate) use self::point::point;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Takes a session out of the pool and gives it back, in one task.
    Checkout,
    /// Reads single rows by their key, in so many tasks.
    Point { tasks: usize },
    /// Opens a pool and reads the first row.
    Cold,
}

impl Job {
    pub(crate) const ALL: [Self; 5] = [
        Self::Checkout,
        Self::Point { tasks: 1 },
        Self::Point { tasks: 16 },
        Self::Point { tasks: 64 },
        Self::Cold,
    ];

    /// How many tasks work at the same time.
    pub(crate) fn tasks(self) -> usize {
        if let Self::Point { tasks } = self { tasks } else { 1 }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkout => f.write_str("checkout"),
            Self::Point { tasks } => write!(f, "point-{tasks}"),
            Self::Cold => f.write_str("cold"),
        }
    }
}

impl FromStr for Job {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "checkout" => return Ok(Self::Checkout),
            "cold" => return Ok(Self::Cold),
            _ => {}
        }
        match text.strip_prefix("point-").and_then(|tasks| tasks.parse().ok()) {
            Some(tasks @ 1..=64) => Ok(Self::Point { tasks }),
            _ => bail!("is none of checkout, point-1 to point-64, cold"),
        }
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
        assert!("point-65".parse::<Job>().is_err(), "there are not so many connections");
    }
}
