//! `/api/v1/health/ready`: whether the process wants traffic.

use crate::answers::verdict::Verdict;
use crate::http::{Ask, Problem, Reply};
use crate::probe::{Status, Weight};
use crate::readiness::Phase;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let phase = ask.monitor.phase();
    let status = if phase == Phase::Ready { Status::Pass } else { Status::Fail };
    let connected = ask.monitor.database().map(|(_, standing)| standing.is_up());
    let required = || ask.monitor.standings().filter(|(watched, _)| watched.weight == Weight::Required);
    let oldest = required().filter_map(|(_, standing)| standing.age).max();
    let mut verdict = Verdict::new(ask, status, oldest)?.database(connected).because(Some(phase.word()));
    for (watched, standing) in required() {
        verdict.check(watched, &standing);
    }
    Ok(verdict.with("phase", phase.word().into()).reply(ask))
}
