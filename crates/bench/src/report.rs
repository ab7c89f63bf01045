//! What is printed.

use std::fmt::Write as _;

use pgkeel_bench_turns::Interval;

use crate::bar::{BARS, Figure};
use crate::job::Job;
use crate::laps::Work;
use crate::peer::Name;
use crate::rounds::{Measured, Sample};

/// Rounds in which others took more than this of the machine are listed.
const NOISY: f64 = 0.1;

/// A row a peer.
pub(crate) fn of_job(measured: &Measured) -> String {
    let mut text = format!(
        "{:<16}{:>12}{:>10}{:>10}{:>10}{:>8}   keel / peer\n",
        measured.job.to_string(),
        "a second",
        "CPU µs",
        "p50 µs",
        "p99 µs",
        "others"
    );
    for peer in &measured.peers {
        text += &row(measured, *peer).unwrap_or_default();
    }
    text + &noise(measured)
}

fn row(measured: &Measured, peer: Name) -> Option<String> {
    let median = |figure: fn(&Sample) -> Option<f64>| {
        let values = measured.of(peer)?.map(figure).collect::<Option<Vec<_>>>()?;
        Some(Interval::of(values)?.median)
    };
    let shown = |value: Option<f64>, places| value.map_or("-".into(), |value| format!("{value:.places$}"));
    let rate = shown(median(|sample| Some(sample.work.rate())), 0);
    let cpu = shown(median(|sample| Some(sample.work.cpu_us())), 2);
    let p50 = shown(median(|Sample { work: Work { p50_us, .. }, .. }| *p50_us), 1);
    let p99 = shown(median(|Sample { work: Work { p99_us, .. }, .. }| *p99_us), 1);
    let others = shown(median(|sample| Some(sample.others * 100.0)), 1);
    let ratio = if peer == Name::Keel { String::new() } else { ratios(measured, peer)? };
    Some(format!("  {peer:<14}{rate:>12}{cpu:>10}{p50:>10}{p99:>10}{others:>6} %   {ratio}\n"))
}

fn ratios(measured: &Measured, peer: Name) -> Option<String> {
    let mut text = Figure::RateOver(peer).of(measured)?.to_string();
    let more = match measured.job {
        Job::Cold => Figure::MillisOver(peer),
        Job::Shared { .. } => Figure::TailOver(peer),
        _ => return Some(text),
    };
    write!(text, "; {} {more}", more.of(measured)?).ok()?;
    Some(text)
}

fn noise(measured: &Measured) -> String {
    let rounds = measured.rounds.iter().enumerate().filter(|(_, round)| round.others() > NOISY);
    let listed: Vec<String> =
        rounds.map(|(index, round)| format!("{} ({:.0} %)", index + 1, round.others() * 100.0)).collect();
    if listed.is_empty() {
        return String::new();
    }
    let count = listed.len();
    format!("  others took over {:.0} % in {count} rounds: {}\n", NOISY * 100.0, listed.join(", "))
}

/// A row a bar whose job and peer were measured.
pub(crate) fn of_bars(all: &[Measured]) -> String {
    let mut text = String::from("bars\n");
    for bar in BARS {
        let measured = all.iter().find(|measured| measured.job == bar.job);
        let Some(interval) = measured.and_then(|measured| bar.figure.of(measured)) else { continue };
        let verdict = bar.limit.verdict(interval);
        let (job, figure, limit) = (bar.job.to_string(), bar.figure.to_string(), bar.limit.to_string());
        let _ = writeln!(text, "  {job:<13}{figure:<22}{limit:<10}{verdict:<8}{interval}");
    }
    text
}
