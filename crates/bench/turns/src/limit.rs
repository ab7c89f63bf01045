use std::fmt;

use crate::Interval;

/// What a figure has to reach.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_enums, reason = "there is no third side")]
pub enum Limit {
    /// So much, or more.
    AtLeast(f64),
    /// So much, or less.
    AtMost(f64),
}

impl Limit {
    /// A limit is met when the interval reaches it. `None` if there were too few rounds to tell.
    #[must_use]
    pub fn is_met_by(self, interval: Interval) -> Option<bool> {
        let reached = match self {
            Self::AtLeast(least) => interval.high >= least,
            Self::AtMost(most) => interval.low <= most,
        };
        interval.is_sure().then_some(reached)
    }

    /// The same in a word.
    #[must_use]
    pub fn verdict(self, interval: Interval) -> &'static str {
        match self.is_met_by(interval) {
            Some(true) => "met",
            Some(false) => "missed",
            None => "unsure",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least:.3}"),
            Self::AtMost(most) => write!(f, "≤ {most:.3}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_met_when_the_interval_reaches_it() {
        let interval = Interval { median: 0.95, low: 0.92, high: 0.975, confidence: 0.95 };
        assert_eq!(Limit::AtLeast(0.97).is_met_by(interval), Some(true));
        assert_eq!(Limit::AtLeast(0.98).is_met_by(interval), Some(false));
        assert_eq!(Limit::AtMost(0.93).is_met_by(interval), Some(true));
        assert_eq!(Limit::AtMost(0.91).is_met_by(interval), Some(false));
        assert_eq!(Limit::AtMost(0.93).is_met_by(Interval { confidence: 0.9, ..interval }), None);
    }
}
