//! Who has which session, and since when: to find those that were forgotten, and to end those that must end.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use pgkeel_connect::{Canceller, Connection, Killer};

use crate::moment::Moment;

/// All sessions that were opened and are not gone.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Weak<Entry>>>);

/// One session.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) killer: Killer,
    pub(crate) canceller: Canceller,
    loan: Mutex<Option<Loan>>,
}

#[derive(Debug)]
struct Loan {
    since: Moment,
    site: Option<&'static Location<'static>>,
    /// Whether it was told that it lasts too long.
    told: bool,
}

impl Ledger {
    pub(crate) fn enter(&self, connection: &Connection) -> Arc<Entry> {
        let (killer, canceller) = (connection.killer(), connection.canceller());
        let entry = Arc::new(Entry { killer, canceller, loan: Mutex::default() });
        let mut entries = lock(&self.0);
        entries.retain(|entry| entry.strong_count() > 0);
        entries.push(Arc::downgrade(&entry));
        entry
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }

    /// Tells of each session that has been held for so long, once; returns how many are new.
    pub(crate) fn tell_of_long_loans(&self, threshold: Duration) -> usize {
        self.entries().iter().filter(|entry| entry.is_news(threshold)).count()
    }
}

impl Entry {
    pub(crate) fn lend(&self, since: Moment, site: Option<&'static Location<'static>>) {
        *lock(&self.loan) = Some(Loan { since, site, told: false });
    }

    /// It came back.
    pub(crate) fn end_loan(&self) {
        let Some(loan) = lock(&self.loan).take() else { return };
        if loan.told {
            let held_s = loan.since.elapsed().as_secs_f64();
            tracing::info!(
                taken_at = loan.site.map(ToString::to_string),
                held_s,
                "a session came back after all"
            );
        }
    }

    fn is_news(&self, threshold: Duration) -> bool {
        let mut loan = lock(&self.loan);
        let Some(loan) = loan.as_mut().filter(|loan| !loan.told && loan.since.elapsed() >= threshold) else {
            return false;
        };
        loan.told = true;
        let held_s = loan.since.elapsed().as_secs_f64();
        tracing::warn!(
            taken_at = loan.site.map(ToString::to_string),
            held_s,
            "a session is held for long; is it still needed?"
        );
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
