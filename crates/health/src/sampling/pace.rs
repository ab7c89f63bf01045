//! How often a part that is slow to answer is asked.

use std::time::Duration;

/// A part that takes this long is asked half as often the next time, and half as often again.
const SLOW: Duration = Duration::from_secs(1);

/// At least every sixteenth time.
const LONGEST_REST: u32 = 15;

/// How many rounds a part rests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Rounds between two runs.
    rest: u32,
    /// Rounds that are left of them.
    left: u32,
}

impl Pace {
    /// Whether this round is one of rest.
    pub(crate) fn rests(&mut self) -> bool {
        let rests = self.left > 0;
        self.left = self.left.saturating_sub(1);
        rests
    }

    pub(crate) fn took(&mut self, took: Duration) {
        self.rest = if took < SLOW { 0 } else { (self.rest * 2 + 1).min(LONGEST_REST) };
        self.left = self.rest;
    }

    /// In how many rounds a run is due.
    pub(crate) fn rounds(self) -> u32 {
        self.rest + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_part_rests_longer_each_time_and_a_quick_one_not_at_all() {
        let mut pace = Pace::default();
        for rest in [1, 3, 7, 15, 15] {
            assert!(!pace.rests());
            pace.took(SLOW);
            for _ in 0..rest {
                assert!(pace.rests(), "{rest}");
            }
        }
        assert!(!pace.rests());
        pace.took(Duration::ZERO);
        assert!(!pace.rests());
        assert_eq!(pace.rounds(), 1);
    }
}
