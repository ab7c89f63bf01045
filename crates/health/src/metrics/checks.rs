//! What is known of the probes, as metric families.

use crate::metrics::family::{Family, counter, gauge};
use crate::monitor::Monitor;
use crate::probe::{Status, Weight};
use crate::readiness::Phase;
use crate::record::Record;
use crate::run::Runs;
use crate::standing::{Standing, Watched};
use crate::timestamp;

/// All families of the probes; empty ones are left out of the page later.
pub(crate) fn families(monitor: &Monitor) -> Vec<Family> {
    let all: Vec<_> = monitor.standings().collect();
    let each = |value: fn(&Record) -> Option<f64>| {
        let sample = |(watched, standing): &(&Watched, Standing)| {
            Some(([("check", watched.name.clone())], value(&standing.record)?))
        };
        all.iter().filter_map(sample).collect::<Vec<_>>()
    };
    let took = each(|record| record.last_run.as_ref().map(|run| run.took.as_secs_f64()));
    let success = each(|record| record.last_success.map(timestamp::unix_seconds));
    vec![
        gauge(
            "pgkeel_check_status",
            "Verdict of a check: 1 for the status it has, 0 for the others.",
            statuses(&all),
        ),
        gauge("pgkeel_check_duration_seconds", "How long the latest run of a check took.", took),
        gauge("pgkeel_check_last_success_timestamp_seconds", "When a run last passed or warned.", success),
        counter("pgkeel_check_runs_total", "Runs of a check by result.", runs(&all)),
        counter(
            "pgkeel_check_transitions_total",
            "Changes of a check between up and down.",
            transitions(&all),
        ),
        gauge("pgkeel_readiness", "Whether a component lets the process be ready.", readiness(monitor, &all)),
    ]
}

type All<'a> = [(&'a Watched, Standing)];

fn statuses(all: &All<'_>) -> Vec<([(&'static str, String); 2], bool)> {
    let words = [Status::Pass, Status::Warn, Status::Fail];
    let of = |(watched, standing): &(&Watched, Standing)| {
        let (name, now) = (watched.name.clone(), standing.status());
        words.map(|status| ([("check", name.clone()), ("status", status.word().to_owned())], status == now))
    };
    all.iter().flat_map(of).collect()
}

fn runs(all: &All<'_>) -> Vec<([(&'static str, String); 2], u64)> {
    let of = |(watched, standing): &(&Watched, Standing)| {
        let name = watched.name.clone();
        by_result(standing.record.runs)
            .map(|(result, count)| ([("check", name.clone()), ("result", result.to_owned())], count))
    };
    all.iter().flat_map(of).collect()
}

fn by_result(runs: Runs) -> [(&'static str, u64); 5] {
    let Runs { pass, warn, fail, timed_out, panicked } = runs;
    [("pass", pass), ("warn", warn), ("fail", fail), ("timeout", timed_out), ("panic", panicked)]
}

fn transitions(all: &All<'_>) -> Vec<([(&'static str, String); 1], u64)> {
    let of = |(watched, standing): &(&Watched, Standing)| {
        ([("check", watched.name.clone())], standing.record.transitions)
    };
    all.iter().map(of).collect()
}

fn readiness(monitor: &Monitor, all: &All<'_>) -> Vec<([(&'static str, String); 1], bool)> {
    let overall = ([("component", "overall".to_owned())], monitor.phase() == Phase::Ready);
    let required = all.iter().filter(|(watched, _)| watched.weight == Weight::Required);
    let of = |(watched, standing): &(&Watched, Standing)| {
        ([("component", watched.name.clone())], standing.is_up())
    };
    required.map(of).chain([overall]).collect()
}
