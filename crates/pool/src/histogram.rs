use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds: from less than a round trip to longer than anybody waits.
const BOUNDS: [u64; 20] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 60_000_000,
];

/// Counts times by bucket.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// The last is for what lies above the last bound.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Recorder {
    pub(crate) fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Takes over what another one has counted.
    pub(crate) fn add(&self, other: &Self) {
        for (count, more) in self.counts.iter().zip(&other.counts) {
            count.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.micros.fetch_add(other.micros.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Histogram {
        Histogram {
            counts: std::array::from_fn(|bucket| self.counts[bucket].load(Ordering::Relaxed)),
            sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
        }
    }
}

/// How often something took how long, since the pool was made.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Upper bounds of the buckets, ascending.
    pub fn bounds() -> impl ExactSizeIterator<Item = Duration> {
        BOUNDS.into_iter().map(Duration::from_micros)
    }

    /// How many times lie in each bucket alone; one entry more than there are bounds, for what lies above the last.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many times were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All times together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The upper bound of the bucket that the `quantile` (0 to 1) lies in, `None` of no times at all;
    /// [`Duration::MAX`] above the last bound.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let total = self.count();
        #[expect(clippy::cast_precision_loss, reason = "a quantile of 2^53 times may be off by one")]
        let reached = |seen: u64| seen as f64 >= quantile * total as f64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            *count > 0 && reached(seen)
        })?;
        Some(BOUNDS.get(bucket).map_or(Duration::MAX, |micros| Duration::from_micros(*micros)))
    }
}

/// Takes the times of two as those of one.
impl AddAssign for Histogram {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("sum", &self.sum)
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .finish_non_exhaustive()
    }
}

/// How long things took in one pool so far.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PoolTimes {
    /// Getting a session, whatever came of it; one that was free at once counts as no time.
    pub wait: Histogram,
    /// Opening a connection.
    pub connect: Histogram,
    /// Holding a session.
    pub held: Histogram,
    /// Cleaning a session that came back with something left open.
    pub reset: Histogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_the_bucket_that_holds_them() {
        let recorder = Recorder::default();
        for micros in [0, 10, 11, 1_000, 70_000_000] {
            recorder.record(Duration::from_micros(micros));
        }
        let seen = recorder.snapshot();
        assert_eq!((seen.counts[0], seen.counts[1], seen.counts[6], seen.counts[20]), (2, 1, 1, 1));
        assert_eq!((seen.count(), seen.sum()), (5, Duration::from_micros(70_001_021)));
        assert_eq!(seen.quantile(0.5), Some(Duration::from_micros(25)));
        assert_eq!(seen.quantile(1.0), Some(Duration::MAX));
        assert_eq!(Recorder::default().snapshot().quantile(0.5), None);
        let (mut twice, again) = (seen, Recorder::default());
        twice += seen;
        again.add(&recorder);
        again.add(&recorder);
        assert_eq!((twice.count(), twice), (10, again.snapshot()));
    }
}
