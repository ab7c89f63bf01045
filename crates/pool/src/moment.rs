//! The pool's clock.

use std::ops::Add;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A moment as one number. The standard library's are two, and taking one from another costs more than looking at the
/// clock does; a statement that is counted does it half a dozen times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// In the past of all moments, so that none of them is zero.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(nanos(START.elapsed()).saturating_add(1))
    }

    /// Zero if it was later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    /// As a number that is greater than zero and grows with time.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// Of such a number; `None` of zero.
    pub(crate) fn of_number(number: u64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }
}

/// At most 584 years, which a process does not see.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_one_after_the_other() {
        let earlier = Moment::now();
        let later = earlier + Duration::from_millis(5);
        assert!(earlier.number() > 0 && Moment::of_number(earlier.number()) == Some(earlier));
        assert_eq!(Moment::of_number(0), None);
        assert_eq!((later.since(earlier), earlier.since(later)), (Duration::from_millis(5), Duration::ZERO));
        assert!(Moment::now() >= earlier && later + Duration::MAX > later);
    }
}
