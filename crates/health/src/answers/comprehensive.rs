//! `/api/v1/health/database/comprehensive`: every part, with its status, its age and its most important figures.

use serde_json::{Value, json};

use crate::answers::parts::Parts;
use crate::answers::pool::Pool;
use crate::answers::verdict::seconds;
use crate::answers::{facts, performance, relations, slow_queries};
use crate::http::{Ask, Problem, Reply};
use crate::sampling::{Figures, of_indexes, of_statements};

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let mut parts = Parts::new();
    let connected = show_connection(&mut parts, ask);
    match ask.monitor.figures() {
        Some(figures) => show_figures(&mut parts, figures),
        None => parts.skip("figures", "not_sampled", None),
    }
    show_pools(&mut parts, ask);
    let scope = json!(["database", "this_process"]);
    Ok(parts.verdict(ask, scope)?.database(connected).reply(ask))
}

fn show_connection(parts: &mut Parts, ask: &Ask<'_>) -> Option<bool> {
    let Some((watched, standing)) = ask.monitor.database() else {
        parts.skip("connection", "not_checked", None);
        return None;
    };
    parts.count(standing.status(), standing.output());
    let facts = standing.record.last_run.as_ref().map(|run| run.facts.clone());
    let connection = json!({
        "check": watched.name,
        "status": standing.status(),
        "age_s": standing.age.map(seconds),
        "stale": standing.stale,
        "output": standing.output(),
        "facts": facts,
    });
    parts.add("connection", connection);
    Some(standing.is_up())
}

fn show_figures(parts: &mut Parts, figures: &Figures) {
    let server = parts.look(&figures.server);
    parts.show(&server, facts::server, Vec::new());
    performance::show(parts, figures);
    let size = parts.look(&figures.size);
    parts.show(&size, |bytes| facts::size(*bytes), Vec::new());
    let statements = parts.look(&figures.statements);
    let findings = statements.current().map(of_statements).unwrap_or_default();
    parts.show(&statements, slow_queries::summary, findings);
    slow_queries::mention_hidden(parts, &statements);
    let tables = parts.look(&figures.tables);
    parts.show(&tables, relations::summary_of_tables, Vec::new());
    let indexes = parts.look(&figures.indexes);
    let findings = indexes.current().map(of_indexes).unwrap_or_default();
    parts.show(&indexes, relations::summary_of_indexes, findings);
}

fn show_pools(parts: &mut Parts, ask: &Ask<'_>) {
    let pools: Vec<_> = Pool::all(ask.monitor).collect();
    for pool in &pools {
        parts.count(pool.status, Some("pool"));
    }
    let shown: Value = pools.iter().map(Pool::json).collect();
    parts.add("pools", shown);
}
