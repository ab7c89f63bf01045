//! `/api/v1/health/`: the worst of all components.

use tokio::time::Instant;

use crate::answers::pool::Pool;
use crate::answers::verdict::Verdict;
use crate::http::{Ask, Problem, Reply};
use crate::monitor::Monitor;
use crate::probe::{Status, Weight};
use crate::readiness::Phase;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let monitor = ask.monitor;
    let now = Instant::now();
    let oldest = monitor.standings().filter_map(|(_, standing)| standing.age).max();
    let connected = monitor.database().map(|(_, standing)| standing.is_up());
    let verdict = Verdict::new(ask, Status::Pass, oldest.or(monitor.pulse().age(now)))?;
    let mut verdict = verdict.database(connected).because(output(monitor));
    verdict.component("live", pass_if(monitor.pulse().is_alive(now)));
    verdict.component("ready", pass_if(monitor.phase() == Phase::Ready));
    for (watched, standing) in monitor.standings() {
        verdict.component(&watched.name, weighed(watched.weight, standing.status()));
        verdict.check(watched, &standing);
    }
    for pool in Pool::all(monitor) {
        verdict.component(format!("pool:{}", pool.name), pool.status);
    }
    Ok(verdict.reply(ask))
}

/// What ails first: the phase if the process is not ready, else the first check that does not pass.
fn output(monitor: &Monitor) -> Option<&'static str> {
    match monitor.phase() {
        Phase::Starting => Some("starting"),
        Phase::Draining => Some("draining"),
        Phase::Ready | Phase::NotReady => monitor.standings().find_map(|(_, standing)| standing.output()),
    }
}

fn weighed(weight: Weight, status: Status) -> Status {
    match weight {
        Weight::Required => status,
        Weight::Advisory => status.min(Status::Warn),
    }
}

fn pass_if(well: bool) -> Status {
    if well { Status::Pass } else { Status::Fail }
}
