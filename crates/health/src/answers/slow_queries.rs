//! `/api/v1/health/database/slow-queries`: statements that take long, as the server and as this process saw them.

use serde_json::{Value, json};

use crate::answers::advice;
use crate::answers::facts::{rounded, time};
use crate::answers::parts::Parts;
use crate::answers::slow_client::{self, Repeated};
use crate::answers::verdict::seconds;
use crate::http::{Ask, Problem, Reply};
use crate::probe::Status;
use crate::sampling::{Figures, Sight, SlowStatement, SlowStatements, ratio, share};

/// What PostgreSQL is built with unless somebody insists; stands in until the server has said.
const USUAL_BLOCK: u32 = 8192;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let mut parts = Parts::new();
    let (mut queries, mut recommendations) = (Vec::new(), Vec::new());
    match ask.monitor.figures() {
        Some(figures) => add_server_side(&mut parts, figures, &mut queries, &mut recommendations),
        None => not_sampled(&mut parts),
    }
    for statement in slow_client::repeated(ask.monitor) {
        recommendations.extend(advice::on_client(&statement));
        queries.push(client_row(&statement));
    }
    // What this process saw is there, however the server is.
    if ask.monitor.statements().next().is_some() {
        parts.at_worst(Status::Warn);
    }
    parts.add("queries", queries.into());
    parts.add("recommendations", recommendations.into());
    Ok(parts.verdict(ask, json!(["database", "this_process"]))?.reply(ask))
}

fn not_sampled(parts: &mut Parts) {
    parts.skip("statements", "not_sampled", None);
    parts.count(Status::Fail, Some("not_sampled"));
}

fn add_server_side(
    parts: &mut Parts,
    figures: &Figures,
    queries: &mut Vec<Value>,
    recommendations: &mut Vec<String>,
) {
    let server = parts.look(&figures.server);
    let block = u64::from(server.latest().map_or(USUAL_BLOCK, |server| server.value.block_size));
    let statements = parts.look(&figures.statements);
    parts.show(&statements, summary, Vec::new());
    mention_hidden(parts, &statements);
    if let Some(slow) = statements.latest().map(|taken| &taken.value) {
        queries.extend(slow.top.iter().map(|statement| server_row(slow, statement, block)));
        recommendations
            .extend(slow.top.iter().flat_map(|statement| advice::on_server(slow, statement, block)));
    }
}

/// The statements as a whole, for this answer and for that of all parts.
pub(crate) fn summary(slow: &SlowStatements) -> Value {
    json!({
        "threshold_s": seconds(slow.threshold),
        "slow": slow.top.len(),
        "total_s": seconds(slow.total_time),
        "since": time(slow.since),
        "evicted": slow.evicted,
        "hidden": slow.hidden.as_ref().map_or(0, |(count, _)| *count),
    })
}

/// Says that there are statements that the role may not see.
pub(crate) fn mention_hidden(parts: &mut Parts, statements: &Sight<SlowStatements>) {
    if let Some((_, skipped)) = statements.current().and_then(|slow| slow.hidden.as_ref()) {
        parts.skip("statements", skipped.reason.slug(), Some(&skipped.remedy));
    }
}

/// A number of a statement goes as text: it has more digits than numbers in JavaScript.
fn server_row(slow: &SlowStatements, statement: &SlowStatement, block: u64) -> Value {
    let figures = &statement.figures;
    json!({
        "source": "server",
        "id": figures.id.to_string(),
        "text": statement.text,
        "calls": figures.calls,
        "total_s": seconds(figures.total),
        "mean_s": seconds(figures.mean()),
        "slowest_s": seconds(figures.slowest),
        "share": share(figures.total, slow.total_time).map(rounded),
        "rows": figures.rows,
        "rows_a_call": ratio(figures.rows, figures.calls, 1).map(rounded),
        "cache_hit_ratio": ratio(figures.blocks_hit, figures.blocks_hit + figures.blocks_read, 1).map(rounded),
        "temp_bytes": figures.temp_blocks_written * block,
        "since": time(slow.since),
    })
}

fn client_row(statement: &Repeated) -> Value {
    json!({
        "source": "client",
        "pool": statement.pool,
        "text": statement.text,
        "calls": statement.runs,
        "failed": statement.failed,
        "total_s": seconds(statement.total),
        "mean_s": seconds(statement.mean()),
        "slowest_s": seconds(statement.slowest),
        "slowest_params": statement.params,
        "slowest_at": statement.site,
        "rows": statement.rows,
        "waited_for_session_s": seconds(statement.waited),
        "last": time(Some(statement.last)),
    })
}
