//! A probe as everyone but the scheduler sees it: a name, its latest record, and what that means now.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::probe::{Schedule, Status, Weight};
use crate::record::{Record, State};
use crate::run::Moment;

/// What a probe watches, as the health+json draft classes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Database,
    Other,
}

/// The shared place where the scheduler leaves a probe's record and from which everyone reads it.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) name: String,
    pub(crate) subject: Subject,
    pub(crate) weight: Weight,
    pub(crate) schedule: Schedule,
    record: ArcSwap<Record>,
}

impl Watched {
    pub(crate) fn new(name: String, subject: Subject, weight: Weight, schedule: Schedule) -> Self {
        let record = ArcSwap::from_pointee(Record::starting(Moment::now()));
        Self { name, subject, weight, schedule, record }
    }

    pub(crate) fn record(&self) -> Arc<Record> {
        self.record.load_full()
    }

    pub(crate) fn replace(&self, record: Record) {
        self.record.store(Arc::new(record));
    }

    pub(crate) fn standing(&self, now: Instant) -> Standing {
        let record = self.record();
        let age = record.age(now);
        let stale = age.is_some_and(|age| age > self.schedule.stale_after());
        Standing { record, age, stale }
    }
}

/// What a record means at one instant: the same record is good news at first and no news later.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) record: Arc<Record>,
    pub(crate) age: Option<Duration>,
    pub(crate) stale: bool,
}

impl Standing {
    pub(crate) fn is_up(&self) -> bool {
        self.record.state == State::Up && !self.stale
    }

    /// An up probe whose latest run failed warns: it is on its way down or it had a hiccup.
    pub(crate) fn status(&self) -> Status {
        if !self.is_up() {
            return Status::Fail;
        }
        self.record.last_run.as_ref().map_or(Status::Fail, |run| run.ending.status().min(Status::Warn))
    }

    pub(crate) fn output(&self) -> Option<&'static str> {
        match (&self.record.last_run, self.stale) {
            (None, _) => Some("starting"),
            (Some(_), true) => Some("stale"),
            // The run was good, yet too few were: the reason it still counts as down is the earlier failures.
            (Some(run), false) if run.output.is_none() && !self.is_up() => Some("recovering"),
            (Some(run), false) => run.output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Outcome;
    use crate::run::Run;

    fn watched(outcomes: &[Outcome]) -> Watched {
        let watched = Watched::new("x".into(), Subject::Other, Weight::Required, Schedule::default());
        for outcome in outcomes {
            let run = Run::answered(Moment::now(), Duration::ZERO, outcome.clone());
            watched.replace(watched.record().after(run, &watched.schedule));
        }
        watched
    }

    #[test]
    fn before_the_first_result_it_fails_as_starting() {
        let standing = watched(&[]).standing(Instant::now());
        assert_eq!((standing.status(), standing.output()), (Status::Fail, Some("starting")));
    }

    #[test]
    fn a_single_failure_of_an_up_probe_warns_with_its_slug() {
        let standing = watched(&[Outcome::pass(), Outcome::fail("auth_failed")]).standing(Instant::now());
        assert_eq!((standing.status(), standing.output()), (Status::Warn, Some("auth_failed")));
    }

    #[test]
    fn a_single_pass_of_a_down_probe_is_still_a_failure() {
        let standing = watched(&[Outcome::fail("x"), Outcome::pass()]).standing(Instant::now());
        assert_eq!((standing.status(), standing.output()), (Status::Fail, Some("recovering")));
    }

    #[test]
    fn an_old_pass_is_a_failure() {
        let later = Instant::now() + Schedule::default().stale_after() + Duration::from_secs(1);
        let standing = watched(&[Outcome::pass()]).standing(later);
        assert_eq!((standing.status(), standing.output()), (Status::Fail, Some("stale")));
    }
}
