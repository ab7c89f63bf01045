//! One part of the figures: the latest reading, or why there is none, and how old it may get.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use pgkeel_catalog::Skipped;
use tokio::time::Instant;

use crate::probe::Status;
use crate::run::Moment;
use crate::sampling::pace::Pace;

/// The place where a sampler leaves a part and from which everyone reads it.
#[derive(Debug)]
pub(crate) struct Section<T> {
    pub(crate) name: &'static str,
    every: Duration,
    state: ArcSwap<State<T>>,
    pace: Mutex<Pace>,
}

/// What is known after an attempt; replaced as a whole.
#[derive(Debug)]
struct State<T> {
    latest: Option<Arc<Taken<T>>>,
    /// The one before: rates need two.
    previous: Option<Arc<Taken<T>>>,
    trouble: Option<Trouble>,
    attempted: Option<Instant>,
}

/// A reading.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    pub(crate) value: T,
    pub(crate) at: Moment,
    pub(crate) took: Duration,
}

/// Why the latest attempt brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It cannot be had here, and that is no fault.
    Skipped { reason: &'static str, remedy: String },
    /// The server was asked and did not answer this.
    Failed(&'static str),
    /// The server could not be asked.
    Unreachable(&'static str),
}

impl<T> Section<T> {
    pub(crate) fn new(name: &'static str, every: Duration) -> Self {
        let nothing = State { latest: None, previous: None, trouble: None, attempted: None };
        Self { name, every, state: ArcSwap::from_pointee(nothing), pace: Mutex::default() }
    }

    /// Whether this round is one of rest, because earlier ones were slow.
    pub(crate) fn rests(&self) -> bool {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).rests()
    }

    pub(crate) fn found(&self, value: T, took: Duration) {
        self.paced(took);
        let taken = Arc::new(Taken { value, at: Moment::now(), took });
        let previous = self.state.load().latest.clone();
        self.replace(Some(taken), previous, None);
    }

    /// What was known is thrown away: it is not to be had any more.
    pub(crate) fn skipped(&self, skipped: &Skipped) {
        self.skipped_because(skipped.reason.slug(), &skipped.remedy);
    }

    pub(crate) fn skipped_because(&self, reason: &'static str, remedy: &str) {
        self.replace(None, None, Some(Trouble::Skipped { reason, remedy: remedy.to_owned() }));
    }

    pub(crate) fn failed(&self, slug: &'static str, took: Duration) {
        self.paced(took);
        self.keep(Trouble::Failed(slug));
    }

    pub(crate) fn unreachable(&self, slug: &'static str) {
        self.keep(Trouble::Unreachable(slug));
    }

    fn keep(&self, trouble: Trouble) {
        let before = self.state.load();
        self.replace(before.latest.clone(), before.previous.clone(), Some(trouble));
    }

    fn replace(
        &self,
        latest: Option<Arc<Taken<T>>>,
        previous: Option<Arc<Taken<T>>>,
        trouble: Option<Trouble>,
    ) {
        let attempted = Some(Instant::now());
        self.state.store(Arc::new(State { latest, previous, trouble, attempted }));
    }

    fn paced(&self, took: Duration) {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).took(took);
    }

    /// Three rounds without a word are too many.
    fn stale_after(&self) -> Duration {
        self.every * 3 * self.pace.lock().unwrap_or_else(PoisonError::into_inner).rounds()
    }

    /// The part as it stands at this instant.
    pub(crate) fn look(&self, now: Instant) -> Sight<T> {
        let state = self.state.load_full();
        let limit = self.stale_after();
        let since = |then: Instant| now.saturating_duration_since(then);
        let age = state.latest.as_ref().map(|latest| since(latest.at.instant));
        let unattended = state.attempted.is_none_or(|attempted| since(attempted) > limit);
        let is_old = age.is_some_and(|age| age > limit);
        Sight { name: self.name, state, age, stale: is_old, unattended }
    }
}

/// What a part means at one instant.
#[derive(Debug)]
pub(crate) struct Sight<T> {
    pub(crate) name: &'static str,
    state: Arc<State<T>>,
    pub(crate) age: Option<Duration>,
    /// Whether the figures are too old to be relied on.
    pub(crate) stale: bool,
    /// Whether nobody has tried for too long, or ever.
    unattended: bool,
}

impl<T> Sight<T> {
    pub(crate) fn latest(&self) -> Option<&Taken<T>> {
        self.state.latest.as_deref()
    }

    /// The latest two readings.
    pub(crate) fn pair(&self) -> Option<(&Taken<T>, &Taken<T>)> {
        Some((self.state.previous.as_deref()?, self.state.latest.as_deref()?))
    }

    /// The latest reading if it says how things are, as metrics must.
    pub(crate) fn current(&self) -> Option<&T> {
        let usable = self.state.trouble.is_none() && !self.stale;
        self.latest().filter(|_| usable).map(|taken| &taken.value)
    }

    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.state.trouble.as_ref()
    }

    /// A part that one server does not have is no failure, one that it refused is a warning; figures that grew old
    /// because nobody could ask are a failure.
    pub(crate) fn status(&self) -> Status {
        match self.trouble() {
            _ if self.unattended => Status::Fail,
            Some(Trouble::Failed(_)) => Status::Warn,
            Some(Trouble::Unreachable(_)) if self.latest().is_some() && !self.stale => Status::Warn,
            Some(Trouble::Unreachable(_)) => Status::Fail,
            None if self.stale => Status::Fail,
            Some(Trouble::Skipped { .. }) | None => Status::Pass,
        }
    }

    /// Why it does not pass.
    pub(crate) fn output(&self) -> Option<&'static str> {
        match self.trouble() {
            _ if self.state.attempted.is_none() => Some("starting"),
            _ if self.unattended => Some("stale"),
            Some(Trouble::Failed(slug) | Trouble::Unreachable(slug)) => Some(slug),
            Some(Trouble::Skipped { .. }) => None,
            None => self.stale.then_some("stale"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(1);

    fn told<T>(section: &Section<T>, later: u64) -> (Status, Option<&'static str>, bool) {
        let sight = section.look(Instant::now() + Duration::from_secs(later));
        (sight.status(), sight.output(), sight.current().is_some())
    }

    #[test]
    fn a_part_starts_passes_and_grows_old() {
        let section = Section::new("x", EVERY);
        assert_eq!(told(&section, 0), (Status::Fail, Some("starting"), false));
        section.found(1, Duration::ZERO);
        assert_eq!(told(&section, 0), (Status::Pass, None, true));
        assert_eq!(told(&section, 4), (Status::Fail, Some("stale"), false));
        assert!(section.look(Instant::now()).pair().is_none());
        section.found(2, Duration::ZERO);
        assert_eq!(section.look(Instant::now()).pair().map(|(a, b)| (a.value, b.value)), Some((1, 2)));
    }

    #[test]
    fn trouble_keeps_the_figures_and_says_so_and_a_slow_part_may_get_older() {
        let section = Section::new("x", EVERY);
        section.found(1, Duration::from_secs(2));
        assert_eq!(told(&section, 4), (Status::Pass, None, true));
        section.failed("timeout", Duration::ZERO);
        assert_eq!(told(&section, 0), (Status::Warn, Some("timeout"), false));
        section.unreachable("db_unreachable");
        assert_eq!(told(&section, 0), (Status::Warn, Some("db_unreachable"), false));
        assert_eq!(section.look(Instant::now()).latest().map(|taken| taken.value), Some(1));
        section.skipped_because("switched_off", "");
        assert_eq!(told(&section, 0), (Status::Pass, None, false));
        assert!(section.look(Instant::now()).latest().is_none());
        section.unreachable("db_unreachable");
        assert_eq!(told(&section, 0).0, Status::Fail);
    }
}
