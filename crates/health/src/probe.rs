//! What a check is, and what one run of it may say.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// A boxed future that can move between threads; it keeps [`Probe`] usable as a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One check that the scheduler runs again and again in the background.
///
/// A run that outlasts [`Schedule::timeout`] or panics is a failed run. Runs of one probe never overlap, so a probe
/// may keep a connection of its own behind a plain mutex. A run must not block its thread: that can stop every timer
/// of the runtime, the one of its own timeout included.
pub trait Probe: Send + Sync + 'static {
    /// Names the check in answers and metric labels: lower case letters, digits, `_` and `-`, unique in a monitor.
    fn name(&self) -> &str;

    /// Says how often the probe runs and how many results change the verdict; one second, by default.
    fn schedule(&self) -> Schedule {
        Schedule::default()
    }

    /// Says what a failure means for readiness; a probe is required unless it says otherwise.
    fn weight(&self) -> Weight {
        Weight::Required
    }

    /// Looks once.
    ///
    /// # Cancellation
    /// The future is dropped at its timeout and when the scheduler stops. It must leave nothing behind that would
    /// harm the next run.
    fn run(&self) -> BoxFuture<'_, Outcome>;
}

/// How often a probe runs, how long it may take, and how many equal results in a row change its state.
///
/// With the defaults a dead database is seen within 4 s: it dies just after a good run, and three runs start at
/// 1, 2 and 3 s and end half a second later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// From the start of one run to the start of the next; default 1 s.
    pub interval: Duration,
    /// The longest a run may take before it counts as failed; default 500 ms.
    pub timeout: Duration,
    /// Failed runs in a row until an `Up` probe is `Down`; default 3.
    pub fails_to_down: NonZeroU32,
    /// Good runs in a row until a `Down` probe is `Up`; default 2.
    pub oks_to_up: NonZeroU32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            fails_to_down: NonZeroU32::MIN.saturating_add(2),
            oks_to_up: NonZeroU32::MIN.saturating_add(1),
        }
    }
}

impl Schedule {
    /// The age at which a result says nothing any more: two whole rounds were missed, with a second to spare.
    ///
    /// It is reached when a probe blocks its thread, so that not even its timeout can fire.
    #[must_use]
    pub fn stale_after(&self) -> Duration {
        (self.interval + self.timeout) * 2 + Duration::from_secs(1)
    }
}

/// What a probe that is down means for the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// The process is not ready without it.
    Required,
    /// The process stays ready; the overall answer warns.
    Advisory,
}

/// The three words of the health+json draft, from best to worst.
///
/// See <https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06#section-3.1>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the draft names these three and no more")]
pub enum Status {
    /// As it should be.
    Pass,
    /// It works, and someone should look.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// The word of the draft: `pass`, `warn` or `fail`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one run of a probe found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub(crate) status: Status,
    pub(crate) output: Option<&'static str>,
    pub(crate) facts: Value,
}

impl Outcome {
    /// All is well.
    #[must_use]
    pub fn pass() -> Self {
        Self { status: Status::Pass, output: None, facts: Value::Null }
    }

    /// It works, but `slug` says what an operator should look at.
    #[must_use]
    pub fn warn(slug: &'static str) -> Self {
        Self { status: Status::Warn, output: Some(slug), facts: Value::Null }
    }

    /// It does not work; `slug` says why in one fixed word such as `db_unreachable`.
    ///
    /// The type keeps driver texts out: they name hosts, users and databases, and would reach anyone who asks.
    /// Log the text instead.
    #[must_use]
    pub fn fail(slug: &'static str) -> Self {
        Self { status: Status::Fail, output: Some(slug), facts: Value::Null }
    }

    /// Adds what was seen (a version, a role, a number); shown only where details are shown.
    #[must_use]
    pub fn with_facts(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }

    /// Tells which of the three words this outcome is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }
}
