//! One run of a probe, as the scheduler reports it.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::Instant;

use crate::probe::{Outcome, Status};

/// How one run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The probe answered pass.
    Pass,
    /// The probe answered warn.
    Warn,
    /// The probe answered fail.
    Fail,
    /// The probe did not answer within its timeout.
    TimedOut,
    /// The probe panicked.
    Panicked,
}

impl Ending {
    /// The status this ending counts as.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Pass => Status::Pass,
            Self::Warn => Status::Warn,
            Self::Fail | Self::TimedOut | Self::Panicked => Status::Fail,
        }
    }
}

/// A point in time on both clocks: the steady one for ages, the wall clock for people.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Moment {
    /// Steady; ages are measured with it.
    pub instant: Instant,
    /// Wall clock; shown in answers.
    pub wall: SystemTime,
}

impl Moment {
    /// Reads both clocks.
    #[must_use]
    pub fn now() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }
}

/// One run of a probe: when it ended, how, and after how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    /// When the run ended.
    pub at: Moment,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The slug that says why it was not a pass.
    pub output: Option<&'static str>,
    /// What the probe saw; null when nothing.
    pub facts: Value,
}

impl Run {
    /// A run in which the probe answered.
    #[must_use]
    pub fn answered(at: Moment, took: Duration, outcome: Outcome) -> Self {
        let Outcome { status, output, facts } = outcome;
        let ending = match status {
            Status::Pass => Ending::Pass,
            Status::Warn => Ending::Warn,
            Status::Fail => Ending::Fail,
        };
        Self { at, took, ending, output, facts }
    }

    /// A run that outlasted the timeout.
    #[must_use]
    pub fn timed_out(at: Moment, took: Duration) -> Self {
        Self { at, took, ending: Ending::TimedOut, output: Some("timeout"), facts: Value::Null }
    }

    /// A run that panicked.
    #[must_use]
    pub fn panicked(at: Moment, took: Duration) -> Self {
        Self { at, took, ending: Ending::Panicked, output: Some("panicked"), facts: Value::Null }
    }
}

/// How often a probe has ended in which way since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Runs {
    /// Runs that passed.
    pub pass: u64,
    /// Runs that warned.
    pub warn: u64,
    /// Runs that failed.
    pub fail: u64,
    /// Runs that outlasted the timeout.
    pub timed_out: u64,
    /// Runs that panicked.
    pub panicked: u64,
}

impl Runs {
    pub(crate) fn and(mut self, ending: Ending) -> Self {
        let slot = match ending {
            Ending::Pass => &mut self.pass,
            Ending::Warn => &mut self.warn,
            Ending::Fail => &mut self.fail,
            Ending::TimedOut => &mut self.timed_out,
            Ending::Panicked => &mut self.panicked,
        };
        *slot += 1;
        self
    }
}
