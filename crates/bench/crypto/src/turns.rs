use std::fmt;
use std::time::Instant;

use pgkeel_bench_turns::{Interval, Limit, order};

/// Several ways to do something, which take turns.
pub(crate) struct Contest<'a> {
    what: &'static str,
    ways: Vec<Way<'a>>,
    ratios: Vec<Ratio>,
}

struct Way<'a> {
    name: &'static str,
    /// How many operations a call does.
    operations: usize,
    work: Box<dyn FnMut() + 'a>,
}

/// How long one takes beside another.
pub(crate) struct Ratio {
    one: &'static str,
    other: &'static str,
    limit: Limit,
}

impl Ratio {
    pub(crate) fn of(one: &'static str, other: &'static str, limit: Limit) -> Self {
        Self { one, other, limit }
    }
}

impl<'a> Contest<'a> {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, ways: Vec::new(), ratios: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, operations: usize, work: impl FnMut() + 'a) {
        self.ways.push(Way { name, operations, work: Box::new(work) });
    }

    pub(crate) fn compare(&mut self, ratio: Ratio) {
        self.ratios.push(ratio);
    }

    /// Nothing but this one, if it is one of these.
    pub(crate) fn run_alone(&mut self, name: &str, count: usize) {
        self.ways.iter_mut().filter(|way| way.name == name).for_each(|way| _ = way.nanos(count));
    }

    /// Rounds in which each has a turn of `count` operations. One turn of each goes before and is not counted.
    pub(crate) fn measure(&mut self, rounds: usize, count: usize) -> Outcome<'_> {
        self.ways.iter_mut().for_each(|way| _ = way.nanos(count));
        let mut nanos: Vec<Vec<f64>> = self.ways.iter().map(|_| Vec::with_capacity(rounds)).collect();
        for round in 0..rounds {
            for turn in order(round, self.ways.len()) {
                nanos[turn].push(self.ways[turn].nanos(count));
            }
        }
        let names = self.ways.iter().map(|way| way.name);
        Outcome { what: self.what, nanos: names.zip(nanos).collect(), ratios: &self.ratios }
    }
}

impl Way<'_> {
    /// What an operation took, on average over a turn of so many.
    #[expect(clippy::cast_precision_loss, reason = "few operations")]
    fn nanos(&mut self, count: usize) -> f64 {
        let calls = count.div_ceil(self.operations);
        let begun = Instant::now();
        (0..calls).for_each(|_| (self.work)());
        begun.elapsed().as_secs_f64() * 1e9 / (calls * self.operations) as f64
    }
}

/// What each took, round by round.
pub(crate) struct Outcome<'c> {
    what: &'static str,
    nanos: Vec<(&'static str, Vec<f64>)>,
    ratios: &'c [Ratio],
}

impl Outcome<'_> {
    fn of(&self, name: &str) -> &[f64] {
        self.nanos.iter().find(|(known, _)| *known == name).map_or(&[], |(_, nanos)| nanos)
    }

    /// Within each round, so that what slows a round down slows both.
    fn ratio(&self, ratio: &Ratio) -> Option<Interval> {
        let pairs = self.of(ratio.one).iter().zip(self.of(ratio.other));
        Interval::of(pairs.map(|(one, other)| one / other))
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>24}", self.what, "nanoseconds")?;
        for (name, nanos) in &self.nanos {
            let Some(took) = Interval::of(nanos.iter().copied()) else { continue };
            writeln!(f, "  {name:<20}{:>24}", format!("{took:.0}"))?;
        }
        for ratio in self.ratios {
            let Some(found) = self.ratio(ratio) else { continue };
            let (what, limit) = (format!("{} / {}", ratio.one, ratio.other), ratio.limit);
            writeln!(f, "  {what:<20}{:>24}, {limit} {}", found.to_string(), limit.verdict(found))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_within_rounds_and_for_an_operation() {
        let mut contest = Contest::new("nothing");
        let (mut ones, mut tens) = (0, 0);
        contest.add("one", 1, || ones += 1);
        contest.add("ten", 10, || tens += 1);
        contest.measure(7, 100);
        drop(contest);
        assert_eq!((ones, tens), (8 * 100, 8 * 10));

        let ratios = [Ratio::of("a", "b", Limit::AtMost(1.0))];
        let nanos = vec![("a", vec![20.0, 60.0, 10.0]), ("b", vec![10.0, 40.0, 10.0])];
        let outcome = Outcome { what: "", nanos, ratios: &ratios };
        assert!((outcome.ratio(&ratios[0]).unwrap().median - 1.5).abs() < 1e-9);
    }
}
