//! The median of a sample, and how far that may be from the median of what it was drawn from.

use std::fmt;

/// How sure an interval has to be.
const CONFIDENCE: f64 = 0.95;

/// A median with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The middle of the sample.
    pub median: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The probability that it holds the true median: 0.95 or a little more, less if there are fewer than 6 values.
    pub confidence: f64,
}

impl Interval {
    /// Without an assumption about the distribution: of `n` values the one of rank `r` and that of rank `n + 1 - r` hold
    /// the median between them unless fewer than `r` of `n` tosses of a coin show heads, or fewer than `r` tails (David
    /// and Nagaraja, "Order Statistics", third edition, chapter 7). Takes the largest such `r`; `None` of no values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (low, high) = (*values.first()?, *values.last()?);
        let median = f64::midpoint(values[(count - 1) / 2], values[count / 2]);
        let widest = Self { median, low, high, confidence: confidence(count, 1) };
        let ranks = (1..=count / 2).map(|rank| Self {
            median,
            low: values[rank - 1],
            high: values[count - rank],
            confidence: confidence(count, rank),
        });
        Some(ranks.take_while(|interval| interval.is_sure()).last().unwrap_or(widest))
    }

    /// Whether there were enough values.
    #[must_use]
    pub fn is_sure(self) -> bool {
        self.confidence >= CONFIDENCE
    }
}

/// The probability that of so many tosses at least `rank` show heads and at least `rank` tails.
#[expect(clippy::cast_precision_loss, reason = "counts of rounds")]
fn confidence(count: usize, rank: usize) -> f64 {
    let (mut ways, mut tail) = (0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX)), 0.0);
    for heads in 0..rank {
        tail += ways;
        ways *= (count - heads) as f64 / (heads + 1) as f64;
    }
    (1.0 - 2.0 * tail).max(0.0)
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().unwrap_or(3);
        let Self { median, low, high, confidence } = self;
        write!(f, "{median:.places$} [{low:.places$}, {high:.places$}]")?;
        if !self.is_sure() {
            write!(f, " ({:.0} %)", confidence * 100.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_first(count: u32) -> Interval {
        Interval::of((1..=count).map(f64::from)).unwrap()
    }

    #[test]
    fn ranks_are_those_of_the_published_tables() {
        for (count, low, high) in [(6, 1.0, 6.0), (10, 2.0, 9.0), (20, 6.0, 15.0), (30, 10.0, 21.0)] {
            let interval = of_first(count);
            assert_eq!((interval.low, interval.high), (low, high), "of {count}");
            assert!(interval.is_sure());
        }
        assert!((of_first(30).confidence - 0.9572).abs() < 1e-4);
    }

    #[test]
    fn few_values_give_their_range_and_say_how_sure_it_is() {
        let interval = of_first(3);
        assert_eq!((interval.low, interval.median, interval.high), (1.0, 2.0, 3.0));
        assert_eq!(interval.to_string(), "2.000 [1.000, 3.000] (75 %)");
        assert!(Interval::of([]).is_none() && of_first(1).confidence == 0.0);
    }
}
