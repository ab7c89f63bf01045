//! How peers take turns.

use std::time::Duration;

use anyhow::Context as _;
use pgkeel_bench_turns::order;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::job::Job;
use crate::laps::{Limit, Work};
use crate::load::Meter;
use crate::peer::{Name, Sqlalchemy};
use crate::server::Server;
use crate::station::{self, Station};

/// The part of a turn that goes before it and is not counted, so that every peer finds its own caches warm.
const WARM_UP: f64 = 0.1;

/// One job: what each peer got done in each round.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) job: Job,
    pub(crate) peers: Vec<Name>,
    pub(crate) rounds: Vec<Round>,
}

/// A turn of each peer, in the order of `Measured::peers`, whatever the order of the turns was.
#[derive(Debug, Serialize)]
pub(crate) struct Round(pub(crate) Vec<Sample>);

#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) work: Work,
    /// The share of the machine that others took.
    pub(crate) others: f64,
}

impl Measured {
    /// What this peer got done, round by round; nothing if it had no part.
    pub(crate) fn of(&self, peer: Name) -> Option<impl Iterator<Item = &Sample>> {
        let index = self.peers.iter().position(|name| *name == peer)?;
        Some(self.rounds.iter().map(move |round| &round.0[index]))
    }
}

impl Round {
    /// The most that others took beside any peer.
    pub(crate) fn others(&self) -> f64 {
        self.0.iter().map(|sample| sample.others).fold(0.0, f64::max)
    }
}

/// Measures a job: all peers wait with open connections while one has its turn.
pub(crate) fn measure(
    job: Job,
    peers: &[Name],
    server: &Server,
    meter: &Meter,
    rounds: usize,
    length: Duration,
) -> anyhow::Result<Measured> {
    let peers = those_here(peers)?;
    let open = |peer: &Name| {
        station::open(job, *peer, server.database(), Runtime::new()?)
            .with_context(|| format!("making {peer} ready for {job}"))
    };
    let mut stations = peers.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;
    let rounds = (0..rounds).map(|round| {
        let mut samples: Vec<Option<Sample>> = stations.iter().map(|_| None).collect();
        for turn in order(round, peers.len()) {
            let done = sample(&mut *stations[turn], meter, length);
            samples[turn] = Some(done.with_context(|| format!("{job}, {}", peers[turn]))?);
        }
        Ok(Round(samples.into_iter().flatten().collect()))
    });
    let rounds = rounds.collect::<anyhow::Result<_>>()?;
    Ok(Measured { job, peers, rounds })
}

/// Without Python there is no SQLAlchemy, which is said.
fn those_here(peers: &[Name]) -> anyhow::Result<Vec<Name>> {
    let mut peers = peers.to_vec();
    if peers.contains(&Name::Sqlalchemy)
        && let Err(error) = Runtime::new()?.block_on(Sqlalchemy::install())
    {
        eprintln!("sqlalchemy is left out: {error:#}");
        peers.retain(|peer| *peer != Name::Sqlalchemy);
    }
    Ok(peers)
}

fn sample(station: &mut dyn Station, meter: &Meter, length: Duration) -> anyhow::Result<Sample> {
    station.sample(Limit::Time(length.mul_f64(WARM_UP)))?;
    let before = meter.read(station.child())?;
    let work = station.sample(Limit::Time(length))?;
    let after = meter.read(station.child())?;
    Ok(Sample { work, others: meter.others(before, after) })
}
