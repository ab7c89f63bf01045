//! How long a turn lasts, and what is counted in it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// When a turn ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// When this has passed.
    Time(Duration),
    /// After so many operations.
    Count(u64),
}

impl Limit {
    /// The share of each if so many work, or if each lap is so many operations; rounded up.
    pub(crate) fn over(self, parts: u64) -> Self {
        match self {
            Self::Time(length) => Self::Time(length),
            Self::Count(count) => Self::Count(count.div_ceil(parts)),
        }
    }

    pub(crate) fn allows(self, done: u64, begun: Instant) -> bool {
        match self {
            Self::Time(length) => begun.elapsed() < length,
            Self::Count(count) => done < count,
        }
    }

    /// After which something is wrong; callgrind makes programs some fifty times slower.
    pub(crate) fn bound(self) -> Duration {
        match self {
            Self::Time(length) => length + Duration::from_secs(30),
            Self::Count(_) => Duration::from_mins(5),
        }
    }
}

/// Counts and times the laps of one task. One look at the clock a lap; none at all where laps are only counted, so that
/// callgrind does not see it.
#[derive(Debug)]
pub(crate) struct Laps {
    limit: Limit,
    begun: Instant,
    last: Instant,
    done: u64,
    nanos: Vec<u32>,
}

impl Laps {
    pub(crate) fn within(limit: Limit) -> Self {
        let now = Instant::now();
        Self { limit, begun: now, last: now, done: 0, nanos: Vec::with_capacity(1 << 16) }
    }

    /// Ends a lap, if one is under way. Whether there is another.
    #[inline]
    pub(crate) fn go_on(&mut self) -> bool {
        let goes_on = match self.limit {
            Limit::Count(count) => self.done < count,
            Limit::Time(length) => {
                let now = Instant::now();
                if self.done > 0 {
                    self.nanos.push(nanos(now - self.last));
                }
                self.last = now;
                now - self.begun < length
            }
        };
        self.done += u64::from(goes_on);
        goes_on
    }

    pub(crate) fn finish(self) -> Tally {
        Tally { operations: self.done, nanos: self.nanos }
    }
}

fn nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) operations: u64,
    /// How long each took, unless that is not known.
    nanos: Vec<u32>,
}

impl Tally {
    pub(crate) fn of_times(times: Vec<Duration>) -> Self {
        Self { operations: times.len() as u64, nanos: times.into_iter().map(nanos).collect() }
    }

    /// Each lap was a batch, so that nothing is known of single operations.
    pub(crate) fn into_batches(self, of: u64) -> Self {
        Self { operations: self.operations * of, nanos: Vec::new() }
    }

    /// All times together.
    pub(crate) fn time(&self) -> Duration {
        self.nanos.iter().map(|nanos| Duration::from_nanos(u64::from(*nanos))).sum()
    }

    /// The quantile of the times, in microseconds.
    fn micros(&mut self, per_cent: usize) -> Option<f64> {
        let index = self.nanos.len().checked_sub(1)? * per_cent / 100;
        Some(f64::from(*self.nanos.select_nth_unstable(index).1) / 1e3)
    }

    pub(crate) fn into_work(mut self, took: Duration, cpu: Duration) -> Work {
        Work {
            operations: self.operations,
            seconds: took.as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            p50_us: self.micros(50),
            p99_us: self.micros(99),
        }
    }
}

impl Extend<Self> for Tally {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, tallies: I) {
        for tally in tallies {
            self.operations += tally.operations;
            self.nanos.extend(tally.nanos);
        }
    }
}

/// What one peer got done in one turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
    /// Processor time of the client alone, user and system.
    pub(crate) cpu_seconds: f64,
    pub(crate) p50_us: Option<f64>,
    pub(crate) p99_us: Option<f64>,
}

impl Work {
    #[expect(clippy::cast_precision_loss, reason = "nobody does 2^53 operations in a turn")]
    fn count(&self) -> f64 {
        self.operations as f64
    }

    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() / self.seconds
    }

    /// Client microseconds an operation.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.count()
    }
}
