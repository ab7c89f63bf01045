//! An answer that is made of parts: each with its own status, age and figures, and all with what is missing.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::answers::verdict::{Verdict, seconds};
use crate::http::{Ask, Problem};
use crate::probe::Status;
use crate::sampling::{Finding, Section, Sight, Trouble};

/// The parts of one answer.
#[derive(Debug)]
pub(crate) struct Parts {
    now: Instant,
    status: Status,
    age: Option<Duration>,
    output: Option<&'static str>,
    shown: Map<String, Value>,
    skipped: Vec<Value>,
    findings: Vec<Value>,
}

impl Parts {
    pub(crate) fn new() -> Self {
        let (shown, skipped, findings) = (Map::new(), Vec::new(), Vec::new());
        Self { now: Instant::now(), status: Status::Pass, age: None, output: None, shown, skipped, findings }
    }

    /// The part as it stands; the same instant for all parts of an answer.
    pub(crate) fn look<T>(&self, section: &Section<T>) -> Sight<T> {
        section.look(self.now)
    }

    /// Shows a part, with what `figures` make of its latest reading.
    pub(crate) fn show<T>(
        &mut self,
        sight: &Sight<T>,
        figures: impl FnOnce(&T) -> Value,
        findings: Vec<Finding>,
    ) {
        let findings = if sight.current().is_some() { findings } else { Vec::new() };
        let status = if findings.is_empty() { sight.status() } else { sight.status().max(Status::Warn) };
        self.count(status, sight.output().or(findings.first().map(|finding| finding.slug)));
        self.age = self.age.max(sight.age);
        let mut part = json!({
            "status": status,
            "age_s": sight.age.map(seconds),
            "stale": sight.stale,
            "took_ms": sight.latest().map(|taken| seconds(taken.took * 1000)),
        });
        if let Some(output) = sight.output() {
            part["output"] = output.into();
        }
        if let Some(Trouble::Skipped { reason, .. }) = sight.trouble() {
            part["skipped"] = (*reason).into();
        }
        if let (Value::Object(part), Some(latest)) = (&mut part, sight.latest()) {
            match figures(&latest.value) {
                Value::Object(figures) => part.extend(figures),
                figures => drop(part.insert("value".into(), figures)),
            }
        }
        self.shown.insert(sight.name.into(), part);
        self.miss(sight);
        self.findings.extend(
            findings
                .into_iter()
                .map(|Finding { slug, text }| json!({ "part": sight.name, "slug": slug, "text": text })),
        );
    }

    /// Says of a part that it is missing, and why, without showing it.
    pub(crate) fn miss<T>(&mut self, sight: &Sight<T>) {
        match sight.trouble() {
            Some(Trouble::Skipped { reason, remedy }) => self.skip(sight.name, reason, Some(remedy)),
            Some(Trouble::Failed(slug) | Trouble::Unreachable(slug)) => self.skip(sight.name, slug, None),
            None => {}
        }
    }

    pub(crate) fn skip(&mut self, part: &str, reason: &str, remedy: Option<&str>) {
        self.skipped.push(json!({ "part": part, "reason": reason, "remedy": remedy }));
    }

    /// Adds something to a part that is shown.
    pub(crate) fn add(&mut self, name: &str, value: Value) {
        self.shown.insert(name.into(), value);
    }

    /// Lets something decide about the whole.
    pub(crate) fn count(&mut self, status: Status, output: Option<&'static str>) {
        if status > self.status {
            (self.status, self.output) = (status, output);
        }
    }

    /// Keeps the whole from being worse than this.
    pub(crate) fn at_worst(&mut self, status: Status) {
        self.status = self.status.min(status);
    }

    /// The answer, whose status is that of its worst part.
    pub(crate) fn verdict(self, ask: &Ask<'_>, scope: Value) -> Result<Verdict, Problem> {
        let mut verdict = Verdict::new(ask, self.status, self.age)?.because(self.output).with("scope", scope);
        for (name, part) in self.shown {
            verdict = verdict.with(&name, part);
        }
        Ok(verdict.with("findings", self.findings.into()).with("skipped", self.skipped.into()))
    }
}

/// The answer where nobody asks a database for figures.
pub(crate) fn not_sampled(ask: &Ask<'_>) -> Result<Verdict, Problem> {
    Ok(Verdict::new(ask, Status::Fail, None)?.because(Some("not_sampled")))
}
