//! Where all tenants are: a line a tenant, and how many are at which version.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::page::Page;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::{Status, TenantEvent, Tenants};

struct Row {
    schema: String,
    at: Option<i64>,
    state: String,
}

pub(super) async fn run(mut page: Page<'_, '_>, tenants: &Tenants, check: bool) -> Exit {
    let mut rows = Vec::new();
    let told = |event: TenantEvent<'_, Status>| {
        if let TenantEvent::Ended { tenant, outcome } = &event {
            let schema = tenant.schema().name().to_owned();
            let at = outcome.as_ref().ok().and_then(|status| status.applied.last()).map(|row| row.version);
            let state = outcome.as_ref().map_or_else(|_| "cannot be read".to_owned(), state);
            rows.push(Row { schema, at, state });
        }
        page.ended_as(&event, |status| exit(status, check), |_| String::new(), json::status);
    };
    let done = tenants.status(told).await;
    if !page.is_json() {
        rows.sort_by(|one, other| one.schema.cmp(&other.schema));
        page.print(&table(&rows));
    }
    page.end(done)
}

fn exit(status: &Status, check: bool) -> Exit {
    let is_behind = !status.pending.is_empty() || !status.due.is_empty();
    match (status.conflicts.is_empty(), check && is_behind) {
        (false, _) => Exit::of(&status.conflicts),
        (true, true) => Exit::Pending,
        (true, false) => Exit::Done,
    }
}

/// What is to be known of a tenant besides its version.
fn state(status: &Status) -> String {
    let parts = [
        (status.pending.len(), "pending"),
        (status.due.len(), "due"),
        (status.interrupted.len(), "interrupted"),
        (status.conflicts.len(), "in conflict"),
    ];
    let parts =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}"));
    let running = status.holder.as_ref().map(|holder| format!("running: {holder}"));
    parts.chain(running).collect::<Vec<_>>().join(", ")
}

fn table(rows: &[Row]) -> String {
    let version = |at: Option<i64>| at.map_or_else(|| "none".to_owned(), |version| format!("V{version}"));
    let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let names = width(&|row| row.schema.chars().count());
    let versions = width(&|row| version(row.at).len());
    let (mut page, mut at) = (String::new(), BTreeMap::<Option<i64>, usize>::new());
    for row in rows {
        *at.entry(row.at).or_default() += 1;
        let line = format!("{:names$}  {:versions$}  {}", row.schema, version(row.at), row.state);
        let _ = writeln!(page, "{}", line.trim_end());
    }
    let census = at.iter().rev().map(|(at, number)| match at {
        Some(version) => format!("{number} at V{version}"),
        None => format!("{number} at none"),
    });
    let census = census.collect::<Vec<_>>().join(", ");
    let behind = rows.iter().filter(|row| row.state.contains("pending") || row.state.contains("due")).count();
    if !rows.is_empty() {
        let _ = writeln!(page, "{census}; {behind} behind");
    }
    page
}
