//! `/api/v1/health/database`: whether the database answers.

use crate::answers::verdict::Verdict;
use crate::http::{Ask, Problem, Reply};
use crate::probe::Status;

/// Without a database probe nobody has seen a database, and "connected" would be a guess.
pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let Some((watched, standing)) = ask.monitor.database() else {
        let verdict = Verdict::new(ask, Status::Fail, None)?.database(Some(false));
        return Ok(verdict.because(Some("not_checked")).reply(ask));
    };
    let verdict = Verdict::new(ask, standing.status(), standing.age)?;
    let mut verdict = verdict.database(Some(standing.is_up())).because(standing.output());
    verdict.check(watched, &standing);
    Ok(verdict.reply(ask))
}
