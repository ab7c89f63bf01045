//! How far a check is that takes minutes.

use std::time::{Duration, Instant};

use pgkeel_testkit::is_soak;

/// How often it is told.
const EVERY: Duration = Duration::from_secs(10);

/// Tells on the way of a full run how much of a whole is done, and at its end in what time.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    whole: usize,
    done: usize,
    begun: Instant,
    told: Instant,
}

impl Progress {
    /// Of so many of these.
    pub(crate) fn of(whole: usize, what: &'static str) -> Self {
        let now = Instant::now();
        Self { what, whole, done: 0, begun: now, told: now }
    }

    /// More of them are done.
    pub(crate) fn add(&mut self, more: usize) {
        self.is_at(self.done + more);
    }

    /// So many of them are done.
    pub(crate) fn is_at(&mut self, done: usize) {
        self.done = done;
        if self.done >= self.whole || self.told.elapsed() >= EVERY {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.told = Instant::now();
        if is_soak() {
            let Self { what, whole, done, begun, .. } = self;
            println!("{done} of {whole} {what} in {:.1} s", begun.elapsed().as_secs_f64());
        }
    }
}
