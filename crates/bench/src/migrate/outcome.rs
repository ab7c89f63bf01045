use std::fmt;
use std::time::Duration;

use pgkeel_bench_turns::{Interval, Limit};

use super::Contender;

/// How long each peer took, round by round.
#[derive(Debug)]
pub(crate) struct Outcome {
    files: usize,
    peers: Vec<(Contender, Vec<f64>)>,
}

impl Outcome {
    pub(crate) fn new(peers: &[Contender], files: usize) -> Self {
        Self { files, peers: peers.iter().map(|peer| (*peer, Vec::new())).collect() }
    }

    pub(crate) fn add(&mut self, peer: Contender, took: Duration) {
        let times = self.peers.iter_mut().filter(|(name, _)| *name == peer);
        times.for_each(|(_, times)| times.push(took.as_secs_f64() * 1e3));
    }

    fn of(&self, peer: Contender) -> &[f64] {
        self.peers.iter().find(|(name, _)| *name == peer).map_or(&[], |(_, times)| times)
    }

    /// The time of ours that it is compared with over this peer's, within each round.
    fn ratio(&self, peer: Contender) -> Option<Interval> {
        let pairs = self.of(peer.ours()?).iter().zip(self.of(peer));
        Interval::of(pairs.map(|(ours, peer)| ours / peer))
    }
}

/// How long pgkeel may take beside this peer: no longer than the tools that it stands beside, twice as long as the engine
/// alone, which takes no lock, looks at nothing and logs nothing.
fn limit(peer: Contender) -> Option<Limit> {
    match peer {
        Contender::Refinery => Some(Limit::AtMost(2.0)),
        Contender::SqlxCli | Contender::Dbmate => Some(Limit::AtMost(1.0)),
        Contender::Keel | Contender::Pgkeel | Contender::Sqlx => None,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = format!("{} files", self.files);
        writeln!(f, "{what:<16}{:>30}   ours / peer", "milliseconds")?;
        for (peer, times) in &self.peers {
            let Some(took) = Interval::of(times.iter().copied()) else { continue };
            write!(f, "  {peer:<14}{:>30}", format!("{took:.0}"))?;
            if let Some(ratio) = self.ratio(*peer) {
                write!(f, "   {ratio}")?;
                if let Some(limit) = limit(*peer) {
                    write!(f, ", {limit} {}", limit.verdict(ratio))?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_within_rounds() {
        let mut outcome = Outcome::new(&[Contender::Keel, Contender::Refinery], 3);
        for (keel, refinery) in [(20, 10), (60, 40), (10, 10)] {
            outcome.add(Contender::Keel, Duration::from_millis(keel));
            outcome.add(Contender::Refinery, Duration::from_millis(refinery));
        }
        assert!((outcome.ratio(Contender::Refinery).unwrap().median - 1.5).abs() < 1e-9);
        assert!(outcome.ratio(Contender::Dbmate).is_none());
    }

    #[test]
    fn programs_are_compared_with_the_program() {
        let mut outcome = Outcome::new(&[Contender::Keel, Contender::Pgkeel, Contender::SqlxCli], 3);
        for (peer, millis) in [(Contender::Keel, 10), (Contender::Pgkeel, 30), (Contender::SqlxCli, 20)] {
            outcome.add(peer, Duration::from_millis(millis));
        }
        assert!((outcome.ratio(Contender::SqlxCli).unwrap().median - 1.5).abs() < 1e-9);
        assert!(outcome.ratio(Contender::Pgkeel).is_none());
    }
}
