//! Metric families as plain numbers, so that no other crate needs to know the metrics library.
//!
//! Names follow Prometheus: base units (`_seconds`, `_bytes`, `_ratio`), `_total` on counters and on nothing else.

use std::time::Duration;

/// All samples of one metric name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) samples: Samples,
}

/// The samples, which say by themselves what type the family has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Samples {
    Gauge(Vec<(Labels, f64)>),
    Counter(Vec<(Labels, f64)>),
    Histogram(Vec<(Labels, Distribution)>),
}

/// A value that can go up and down.
pub fn gauge<L: Into<Labels>, N: Into<Number>>(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (L, N)>,
) -> Family {
    Family { name, help, samples: Samples::Gauge(plain(samples)) }
}

/// A value that only grows, counted since the start of what is counted; its name ends in `_total`.
pub fn counter<L: Into<Labels>, N: Into<Number>>(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (L, N)>,
) -> Family {
    Family { name, help, samples: Samples::Counter(plain(samples)) }
}

/// A distribution over buckets; its name carries the unit and no other suffix.
pub fn histogram<L: Into<Labels>>(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (L, Distribution)>,
) -> Family {
    let samples = samples.into_iter().map(|(labels, value)| (labels.into(), value)).collect();
    Family { name, help, samples: Samples::Histogram(samples) }
}

fn plain<L: Into<Labels>, N: Into<Number>>(samples: impl IntoIterator<Item = (L, N)>) -> Vec<(Labels, f64)> {
    samples.into_iter().map(|(labels, value)| (labels.into(), value.into().0)).collect()
}

/// The label names and values of one sample, in order of name; values may hold any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(pub(crate) Vec<(&'static str, String)>);

impl Labels {
    /// For a family with a single sample.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

impl<V: Into<String>, const N: usize> From<[(&'static str, V); N]> for Labels {
    fn from(pairs: [(&'static str, V); N]) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
        pairs.sort_unstable_by_key(|(name, _)| *name); // one order, so that equal label sets compare equal
        Self(pairs)
    }
}

/// A number on its way to Prometheus, where all are floating point; a [`Duration`] becomes seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub(crate) f64);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<u64> for Number {
    #[expect(clippy::cast_precision_loss, reason = "the format has no other numbers; exact up to 2^53")]
    fn from(value: u64) -> Self {
        Self(value as f64)
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Self {
        Self(u8::from(value).into())
    }
}

impl From<Duration> for Number {
    fn from(value: Duration) -> Self {
        Self(value.as_secs_f64())
    }
}

/// Counted observations by bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Upper bound and how many observations are at or below it.
    pub(crate) cumulative: Vec<(f64, u64)>,
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl Distribution {
    /// Takes the count of each bucket alone (not cumulative), as atomic counters hold them.
    ///
    /// `bounds` are ascending upper bounds; `counts` has one entry a bound and may have one more for what lies
    /// above the last. Entries beyond that are ignored. `sum` is the sum of all observations, in base units.
    pub fn of_counts(bounds: &[f64], counts: &[u64], sum: impl Into<Number>) -> Self {
        let mut count = 0;
        let cumulative = bounds.iter().zip(counts).map(|(bound, bucket)| {
            count += bucket;
            (*bound, count)
        });
        let cumulative = cumulative.collect();
        count += counts.get(bounds.len()).unwrap_or(&0);
        Self { cumulative, count, sum: sum.into().0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_counts_become_cumulative_and_the_overflow_is_counted() {
        let got = Distribution::of_counts(&[0.1, 1.0], &[2, 3, 4], 9.5);
        assert_eq!(got, Distribution { cumulative: vec![(0.1, 2), (1.0, 5)], count: 9, sum: 9.5 });
    }

    #[test]
    fn labels_in_another_order_are_the_same_labels() {
        assert_eq!(Labels::from([("b", "1"), ("a", "2")]), Labels::from([("a", "2"), ("b", "1")]));
    }
}
