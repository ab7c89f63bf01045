//! The shape that all health answers share, in either vocabulary.

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answers::check;
use crate::http::{Ask, Problem, Reply, Vocabulary};
use crate::probe::Status;
use crate::standing::{Standing, Watched};

/// A status with its age, and what stands behind it.
#[derive(Debug)]
pub(crate) struct Verdict {
    status: Status,
    age: Option<Duration>,
    database: Option<bool>,
    output: Option<&'static str>,
    components: Map<String, Value>,
    checks: Map<String, Value>,
    more: Map<String, Value>,
    vocabulary: Vocabulary,
}

/// The answer as it is written. Callers from elsewhere get the first three members and nothing more.
#[derive(Serialize)]
struct Body {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'static str>,
    age_s: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    version: String,
    service_id: String,
    description: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    components: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    checks: Map<String, Value>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Verdict {
    /// Begins with a status and the age of what it rests on.
    pub(crate) fn new(ask: &Ask<'_>, status: Status, age: Option<Duration>) -> Result<Self, Problem> {
        let vocabulary = ask.vocabulary()?;
        let (components, checks, more) = (Map::new(), Map::new(), Map::new());
        Ok(Self { status, age, database: None, output: None, components, checks, more, vocabulary })
    }

    /// Says why it is not a pass, in a fixed slug.
    pub(crate) fn because(mut self, output: Option<&'static str>) -> Self {
        self.output = output;
        self
    }

    /// Says whether the database is connected, where there is one.
    pub(crate) fn database(mut self, connected: Option<bool>) -> Self {
        self.database = connected;
        self
    }

    pub(crate) fn component(&mut self, name: impl Into<String>, status: Status) {
        let word = self.vocabulary.word(status);
        self.components.insert(name.into(), word.into());
        self.status = self.status.max(status);
    }

    pub(crate) fn check(&mut self, watched: &Watched, standing: &Standing) {
        self.checks
            .insert(format!("{}:responseTime", watched.name), json!([check::entry(watched, standing)]));
    }

    /// Adds a member that only this answer has.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.into(), value);
        self
    }

    pub(crate) fn reply(self, ask: &Ask<'_>) -> Reply {
        let code = if self.status == Status::Fail { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let vocabulary = self.vocabulary;
        let body = Body {
            status: vocabulary.word(self.status),
            // The draft has no such member; its checks say the same.
            database: self.database.filter(|_| vocabulary == Vocabulary::Plain).map(connection_word),
            age_s: self.age.map(seconds),
            details: ask.details.then(|| self.details(ask)),
        };
        Reply::json(code, vocabulary.content_type(), &body)
    }

    fn details(self, ask: &Ask<'_>) -> Details {
        let about = ask.monitor.about().clone();
        Details {
            output: self.output.filter(|_| self.status != Status::Pass),
            version: about.version,
            service_id: about.service_id,
            description: about.description,
            components: self.components,
            checks: self.checks,
            more: self.more,
        }
    }
}

/// The words of the Python layer for whether the database answers.
pub(crate) fn connection_word(connected: bool) -> &'static str {
    if connected { "connected" } else { "disconnected" }
}

/// Seconds to the millisecond.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}
