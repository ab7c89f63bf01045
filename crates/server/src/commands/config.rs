//! `pgkeel config`: every setting with its value and where it came from.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_connect::settings::Effective;

use crate::failure::Failure;
use crate::settings::{self, DatabaseChoice, Flags};

pub(crate) fn run(flags: &Flags, json: bool) -> Result<ExitCode, Failure> {
    let mut resolved = settings::read(flags)?;
    let order: Vec<&str> = settings::all().map(|about| about.name).collect();
    resolved.effective.sort_by_key(|row| order.iter().position(|name| *name == row.name));
    let rule = match &resolved.value.database {
        DatabaseChoice::Named { rule, .. } => rule.to_string(),
        DatabaseChoice::Private { .. } => "none; so the private PostgreSQL is used".to_owned(),
    };
    let page = if json {
        as_json(&resolved.effective, &rule, &resolved.notices)
    } else {
        as_text(&resolved.effective, &rule, &resolved.notices)
    };
    std::io::stdout().write_all(page.as_bytes()).context("printing the settings")?;
    Ok(ExitCode::SUCCESS)
}

fn as_text(settings: &[Effective], rule: &str, notices: &[String]) -> String {
    let width = |length: fn(&Effective) -> usize| settings.iter().map(length).max().unwrap_or(0);
    let (names, values) = (width(|row| row.name.len()), width(|row| row.value.len()));
    let rows = settings
        .iter()
        .map(|Effective { name, value, origin, .. }| format!("{name:names$}  {value:values$}  {origin}\n"));
    let notices = notices.iter().map(|notice| format!("\nnotice: {notice}\n"));
    let rule = std::iter::once(format!("\nThe rule that named the database: {rule}\n"));
    rows.chain(rule).chain(notices).collect()
}

fn as_json(settings: &[Effective], rule: &str, notices: &[String]) -> String {
    let rows: Vec<_> = settings
        .iter()
        .map(|row| serde_json::json!({ "name": row.name, "value": row.value, "source": row.origin.to_string() }))
        .collect();
    let page = serde_json::json!({ "settings": rows, "database_rule": rule, "notices": notices });
    format!("{page:#}\n")
}
