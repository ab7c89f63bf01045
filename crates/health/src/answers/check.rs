//! One entry of the `checks` member: the members of the health+json draft, and beside them what it has no name for.

use serde::Serialize;
use serde_json::Value;

use crate::answers::verdict::seconds;
use crate::probe::Status;
use crate::standing::{Standing, Subject, Watched};
use crate::timestamp::rfc3339;

/// A probe's record as JSON.
#[derive(Serialize)]
pub(crate) struct Entry {
    #[serde(rename = "componentId")]
    component_id: String,
    #[serde(rename = "componentType")]
    component_type: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    #[serde(rename = "observedValue")]
    observed_value: Option<f64>,
    #[serde(rename = "observedUnit")]
    observed_unit: &'static str,
    time: Option<String>,
    age_s: Option<f64>,
    stale: bool,
    state: &'static str,
    since: String,
    consecutive: u32,
    transitions: u64,
    last_success: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    facts: Value,
}

pub(crate) fn entry(watched: &Watched, standing: &Standing) -> Entry {
    let (record, run) = (&standing.record, standing.record.last_run.as_ref());
    let status = standing.status();
    Entry {
        component_id: watched.name.clone(),
        component_type: component_type(watched.subject),
        status,
        output: standing.output().filter(|_| status != Status::Pass),
        observed_value: run.map(|run| seconds(run.took * 1000)),
        observed_unit: "ms",
        time: run.map(|run| rfc3339(run.at.wall)),
        age_s: standing.age.map(seconds),
        stale: standing.stale,
        state: record.state.word(),
        since: rfc3339(record.since.wall),
        consecutive: record.consecutive,
        transitions: record.transitions,
        last_success: record.last_success.map(rfc3339),
        facts: run.map(|run| run.facts.clone()).unwrap_or_default(),
    }
}

/// The classes of the draft, section 4.2.
fn component_type(subject: Subject) -> &'static str {
    match subject {
        Subject::Database => "datastore",
        Subject::Other => "component",
    }
}
