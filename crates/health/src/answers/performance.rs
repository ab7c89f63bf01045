//! `/api/v1/health/database/performance`: what the database did since the last look, and what its sessions do.

use crate::answers::facts;
use crate::answers::parts::{Parts, not_sampled};
use crate::http::{Ask, Problem, Reply};
use crate::sampling::{Figures, Rates, of_activity, of_rates};

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let Some(figures) = ask.monitor.figures() else { return Ok(not_sampled(ask)?.reply(ask)) };
    let mut parts = Parts::new();
    show(&mut parts, figures);
    Ok(parts.verdict(ask, "database".into())?.reply(ask))
}

/// The parts that change with every statement.
pub(crate) fn show(parts: &mut Parts, figures: &Figures) {
    let (server, activity) = (parts.look(&figures.server), parts.look(&figures.activity));
    let server = server.current();
    let findings = activity.current().map(|sessions| of_activity(sessions, server)).unwrap_or_default();
    parts.show(&activity, |sessions| facts::activity(&sessions.activity, server), findings);
    if let Some(hidden) = activity.current().and_then(|sessions| sessions.hidden.as_ref()) {
        parts.skip("activity", hidden.reason.slug(), Some(&hidden.remedy));
    }

    let database = parts.look(&figures.database);
    let rates = database.pair().and_then(|(before, after)| Rates::between(before, after));
    let rates = rates.as_ref();
    parts.show(&database, |database| facts::database(database, rates), of_rates(rates));

    let checkpoints = parts.look(&figures.checkpoints);
    parts.show(&checkpoints, facts::checkpoints, Vec::new());
    let wal = parts.look(&figures.wal);
    parts.show(&wal, facts::wal, Vec::new());
}
