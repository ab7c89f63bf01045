//! What pgkeel has to reach, and whether it did.

use std::fmt;

use pgkeel_bench_turns::{Interval, Limit};

use crate::job::Job;
use crate::laps::Work;
use crate::peer::Name;
use crate::rounds::Measured;

/// What is compared, round by round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// pgkeel's rate over this peer's.
    RateOver(Name),
    /// Client processor time of an operation, in microseconds.
    CpuMicros,
    /// The milliseconds that pgkeel's median operation takes longer than this peer's.
    MillisOver(Name),
    /// pgkeel's 99th percentile of an operation over this peer's.
    TailOver(Name),
}

impl Figure {
    /// Its median and interval; `None` if a peer had no part.
    pub(crate) fn of(self, measured: &Measured) -> Option<Interval> {
        let keel = measured.of(Name::Keel)?.map(|sample| &sample.work);
        match self {
            Self::CpuMicros => Interval::of(keel.map(Work::cpu_us)),
            Self::RateOver(peer) => {
                let pairs = keel.zip(measured.of(peer)?.map(|sample| &sample.work));
                Interval::of(pairs.map(|(keel, peer)| keel.rate() / peer.rate()))
            }
            Self::MillisOver(peer) => {
                let pairs = keel.zip(measured.of(peer)?.map(|sample| &sample.work));
                let more = pairs.map(|(keel, peer)| Some((keel.p50_us? - peer.p50_us?) / 1e3));
                Interval::of(more.collect::<Option<Vec<_>>>()?)
            }
            Self::TailOver(peer) => {
                let pairs = keel.zip(measured.of(peer)?.map(|sample| &sample.work));
                let ratios = pairs.map(|(keel, peer)| Some(keel.p99_us? / peer.p99_us?));
                Interval::of(ratios.collect::<Option<Vec<_>>>()?)
            }
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateOver(peer) => write!(f, "rate over {peer}"),
            Self::CpuMicros => f.write_str("client CPU µs"),
            Self::MillisOver(peer) => write!(f, "ms more than {peer}"),
            Self::TailOver(peer) => write!(f, "p99 over {peer}"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) job: Job,
    pub(crate) figure: Figure,
    pub(crate) limit: Limit,
}

const POINT_1: Job = Job::Point { tasks: 1 };
const POINT_16: Job = Job::Point { tasks: 16 };
const POINT_64: Job = Job::Point { tasks: 64 };
const ENTITY_1: Job = Job::Entity { tasks: 1 };
const ENTITY_16: Job = Job::Entity { tasks: 16 };

/// All of them, on default settings unless the job is about others.
pub(crate) const BARS: [Bar; 34] = [
    at_least(Job::Checkout, Name::Deadpool, 1.0 / 1.5), // At most 1.5 times as long.
    at_least(Job::Checkout, Name::Sqlx, 40.0),
    at_least(POINT_1, Name::Raw, 0.97),
    at_least(POINT_1, Name::Sqlx, 1.8),
    at_least(POINT_1, Name::Sqlalchemy, 19.0),
    at_least(POINT_16, Name::Raw, 0.97),
    at_least(POINT_16, Name::Sqlx, 1.8),
    at_least(POINT_16, Name::Sqlalchemy, 19.0),
    Bar { job: POINT_16, figure: Figure::CpuMicros, limit: Limit::AtMost(9.5) },
    at_least(POINT_64, Name::Deadpool, 0.97),
    at_least(POINT_64, Name::Sqlx, 1.8),
    at_least(POINT_64, Name::Sqlalchemy, 19.0),
    at_least(Job::Observed { tasks: 1 }, Name::Raw, 0.97),
    at_least(Job::Observed { tasks: 16 }, Name::Raw, 0.97),
    at_least(Job::Shared { tasks: 16 }, Name::Raw, 1.4),
    at_least(Job::Batch, Name::KeelPlain, 2.4),
    at_least(Job::Closure { tasks: 1 }, Name::Raw, 0.97),
    at_least(Job::Closure { tasks: 16 }, Name::Raw, 0.97),
    at_least(Job::Flight { tasks: 1 }, Name::Raw, 1.6),
    at_least(Job::Flight { tasks: 16 }, Name::Raw, 1.6),
    at_least(ENTITY_1, Name::KeelPlain, 0.98),
    at_least(ENTITY_1, Name::Sqlx, 1.0),
    at_least(ENTITY_1, Name::SeaOrm, 1.0),
    at_least(ENTITY_1, Name::Diesel, 1.0),
    at_least(ENTITY_16, Name::KeelPlain, 0.95),
    at_least(ENTITY_16, Name::Sqlx, 1.0),
    at_least(ENTITY_16, Name::SeaOrm, 1.0),
    at_least(ENTITY_16, Name::Diesel, 1.0),
    at_least(Job::Insert { tasks: 1 }, Name::KeelPlain, 1.0 / 1.08), // Sealing takes at most 8 % besides.
    at_least(Job::Rows, Name::Raw, 0.95),
    at_least(Job::Rows, Name::Sqlx, 1.0),
    at_least(Job::Rows, Name::SeaOrm, 1.0),
    at_least(Job::Rows, Name::Diesel, 1.0),
    Bar { job: Job::Cold, figure: Figure::MillisOver(Name::Raw), limit: Limit::AtMost(1.5) },
];

const fn at_least(job: Job, peer: Name, least: f64) -> Bar {
    Bar { job, figure: Figure::RateOver(peer), limit: Limit::AtLeast(least) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_is_about_peers_that_do_the_job() {
        for Bar { job, figure, .. } in BARS {
            assert!(Job::ALL.contains(&job));
            match figure {
                Figure::RateOver(peer) | Figure::MillisOver(peer) | Figure::TailOver(peer) => {
                    assert!(peer.does(job), "{peer} in {job}");
                }
                Figure::CpuMicros => {}
            }
        }
    }
}
