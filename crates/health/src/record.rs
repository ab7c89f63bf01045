//! What is remembered of a probe, and when its state changes. No clock, no task: the scheduler hands in each run.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::probe::{Schedule, Status};
use crate::run::{Moment, Run, Runs};

/// Whether a probe's subject counts as working, after hysteresis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// No run has ended yet; counts as not working.
    Starting,
    /// Working, until `fails_to_down` runs in a row failed.
    Up,
    /// Not working, until `oks_to_up` runs in a row were good.
    Down,
}

impl State {
    /// The word used in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// All that is remembered of one probe; replaced as a whole after each run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The state after hysteresis.
    pub state: State,
    /// Since when it is in this state.
    pub since: Moment,
    /// The latest run; `None` until the first one ended.
    pub last_run: Option<Run>,
    /// When a run last passed or warned.
    pub last_success: Option<SystemTime>,
    /// How many runs in a row agree with the latest one on good or failed.
    pub consecutive: u32,
    /// Changes between up and down; the first verdict is none.
    pub transitions: u64,
    /// Runs so far, by ending.
    pub runs: Runs,
}

impl Record {
    /// A probe that has not run yet.
    #[must_use]
    pub fn starting(at: Moment) -> Self {
        Self {
            state: State::Starting,
            since: at,
            last_run: None,
            last_success: None,
            consecutive: 0,
            transitions: 0,
            runs: Runs::default(),
        }
    }

    /// The record after one more run.
    #[must_use]
    pub fn after(&self, run: Run, schedule: &Schedule) -> Self {
        let ok = run.ending.status() != Status::Fail;
        let consecutive = if self.last_ok() == Some(ok) { self.consecutive.saturating_add(1) } else { 1 };
        let state = next_state(self.state, ok, consecutive, schedule);
        Self {
            state,
            since: if state == self.state { self.since } else { run.at },
            last_success: if ok { Some(run.at.wall) } else { self.last_success },
            consecutive,
            transitions: self.transitions + u64::from(is_transition(self.state, state)),
            runs: self.runs.and(run.ending),
            last_run: Some(run),
        }
    }

    /// How old the latest result is; `None` until there is one.
    #[must_use]
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.last_run.as_ref().map(|run| now.saturating_duration_since(run.at.instant))
    }

    fn last_ok(&self) -> Option<bool> {
        self.last_run.as_ref().map(|run| run.ending.status() != Status::Fail)
    }
}

/// The first result decides at once: there is no earlier verdict that a single stray result could upset.
fn next_state(state: State, ok: bool, consecutive: u32, schedule: &Schedule) -> State {
    match (state, ok) {
        (State::Starting, true) => State::Up,
        (State::Starting, false) => State::Down,
        (State::Up, false) if consecutive >= schedule.fails_to_down.get() => State::Down,
        (State::Down, true) if consecutive >= schedule.oks_to_up.get() => State::Up,
        (unchanged, _) => unchanged,
    }
}

fn is_transition(from: State, to: State) -> bool {
    from != State::Starting && from != to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Outcome;

    fn told(outcomes: &[Outcome]) -> Record {
        let start = Record::starting(Moment::now());
        outcomes.iter().fold(start, |record, outcome| {
            let run = Run::answered(Moment::now(), Duration::from_millis(1), outcome.clone());
            record.after(run, &Schedule::default())
        })
    }

    fn ok() -> Outcome {
        Outcome::pass()
    }

    fn bad() -> Outcome {
        Outcome::fail("db_unreachable")
    }

    #[test]
    fn the_first_result_decides_and_is_no_transition() {
        assert_eq!((told(&[]).state, told(&[]).transitions), (State::Starting, 0));
        assert_eq!((told(&[ok()]).state, told(&[ok()]).transitions), (State::Up, 0));
        assert_eq!((told(&[bad()]).state, told(&[bad()]).transitions), (State::Down, 0));
    }

    #[test]
    fn two_failures_leave_it_up_and_the_third_takes_it_down() {
        assert_eq!(told(&[ok(), bad(), bad()]).state, State::Up);
        let down = told(&[ok(), bad(), bad(), bad()]);
        assert_eq!((down.state, down.transitions, down.consecutive), (State::Down, 1, 3));
    }

    #[test]
    fn one_good_run_leaves_it_down_and_the_second_brings_it_up() {
        assert_eq!(told(&[bad(), ok()]).state, State::Down);
        let up = told(&[bad(), ok(), ok()]);
        assert_eq!((up.state, up.transitions), (State::Up, 1));
    }

    #[test]
    fn flapping_each_run_never_changes_the_state() {
        let flapping: Vec<_> = (0..60).map(|i| if i % 2 == 0 { ok() } else { bad() }).collect();
        let record = told(&flapping);
        assert_eq!((record.state, record.transitions), (State::Up, 0));
    }

    #[test]
    fn a_warning_counts_as_good() {
        let record = told(&[Outcome::warn("slow"), bad(), Outcome::warn("slow")]);
        assert_eq!((record.state, record.consecutive), (State::Up, 1));
        assert!(record.last_success.is_some());
    }

    #[test]
    fn timeouts_and_panics_count_as_failures_and_keep_their_names() {
        let now = Moment::now();
        let took = Duration::from_millis(500);
        let schedule = Schedule::default();
        let record = told(&[ok()]).after(Run::timed_out(now, took), &schedule);
        let record = record.after(Run::panicked(now, took), &schedule);
        let record = record.after(Run::timed_out(now, took), &schedule);
        assert_eq!(record.state, State::Down);
        assert_eq!(record.runs, Runs { pass: 1, timed_out: 2, panicked: 1, ..Runs::default() });
        assert_eq!(record.last_run.and_then(|run| run.output), Some("timeout"));
    }
}
