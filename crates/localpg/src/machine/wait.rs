//! Bounded waiting for something that only shows when one looks.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Short beside a server start (about 20 ms), long beside one look (microseconds).
pub(crate) const PACE: Duration = Duration::from_millis(3);

/// Looks until there is something to see, at least once and at most for about `bound`.
pub(crate) fn until<T>(bound: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if begun.elapsed() >= bound {
            return None;
        }
        thread::sleep(PACE);
    }
}

/// A moment after which several steps together have taken too long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(bound: Duration) -> Self {
        Self(Instant::now() + bound)
    }

    /// What is left for the next step; zero once it has passed.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_once_even_without_time() {
        assert_eq!(until(Duration::ZERO, || Some(1)), Some(1));
        assert_eq!(until(Duration::ZERO, || None::<u8>), None);
    }
}
