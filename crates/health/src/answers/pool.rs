//! `/api/v1/health/database/connection-pool`: the pools of this process, as they are now.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::{Value, json};

use crate::answers::verdict::Verdict;
use crate::http::{Ask, Problem, Reply};
use crate::monitor::Monitor;
use crate::probe::Status;
use crate::view::View;

pub(crate) fn answer(ask: &Ask<'_>) -> Result<Reply, Problem> {
    let pools: Vec<_> = Pool::all(ask.monitor).collect();
    let status = pools.iter().map(|pool| pool.status).max().unwrap_or(Status::Pass);
    let shown: Value = pools.iter().map(Pool::json).collect();
    let verdict = Verdict::new(ask, status, Some(Duration::ZERO))?;
    Ok(verdict.with("scope", "this_process".into()).with("pools", shown).reply(ask))
}

/// What one pool said of itself.
pub(crate) struct Pool<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: Status,
    figures: Value,
}

impl<'a> Pool<'a> {
    pub(crate) fn all(monitor: &'a Monitor) -> impl Iterator<Item = Self> {
        monitor.views().map(Self::read)
    }

    /// A view that panics says nothing about its pool, so it warns and does not fail.
    fn read(view: &'a dyn View) -> Self {
        let name = view.name();
        let (status, figures) = catch_unwind(AssertUnwindSafe(|| view.json())).unwrap_or_else(|_panic| {
            tracing::error!(view = name, "view panicked");
            (Status::Warn, json!({ "output": "view_panicked" }))
        });
        Self { name, status, figures }
    }

    pub(crate) fn json(&self) -> Value {
        let mut shown = json!({ "name": self.name, "status": self.status });
        match (&mut shown, &self.figures) {
            (Value::Object(shown), Value::Object(figures)) => {
                shown.extend(figures.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            (shown, Value::Null) => return shown.take(),
            (shown, other) => shown["figures"] = other.clone(),
        }
        shown
    }
}
