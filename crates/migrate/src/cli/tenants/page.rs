//! The answer about many tenants: a line or an object each as it ends, and how it went with all of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::screen::{Screen, in_full};
use crate::cli::{json as answers, text};
use crate::{Error, Migrations, Report, Tenant, TenantEvent, TenantsReport, Verification, VerifyError};

pub(super) struct Page<'s, 'a> {
    screen: &'s mut Screen<'a>,
    migrations: &'s Migrations,
    /// How many have been told.
    told: usize,
    /// How many there was something to do for.
    changed: usize,
    /// How many are not what they are compared with.
    differing: usize,
    worst: Exit,
    /// Whether the answer is a script of SQL.
    pub(super) is_script: bool,
}

/// What can go wrong with a tenant.
pub(super) trait Trouble {
    fn exit(&self) -> Exit;
    /// For people.
    fn complain(&self, screen: &mut Screen<'_>, tenant: &Tenant, migrations: &Migrations);
    /// For programs.
    fn to_json(&self) -> Value;
}

impl Trouble for Error {
    fn exit(&self) -> Exit {
        Exit::from(self)
    }

    fn complain(&self, screen: &mut Screen<'_>, tenant: &Tenant, migrations: &Migrations) {
        screen.complain(Some(tenant), self, Some(migrations));
    }

    fn to_json(&self) -> Value {
        answers::error(self, &in_full(self))["error"].take()
    }
}

impl Trouble for VerifyError {
    fn exit(&self) -> Exit {
        Exit::from(self)
    }

    fn complain(&self, screen: &mut Screen<'_>, tenant: &Tenant, migrations: &Migrations) {
        match self {
            Self::Migrate(error) => error.complain(screen, tenant, migrations),
            error => screen.say(&format!("migrate: {tenant}: {}", in_full(error))),
        }
    }

    fn to_json(&self) -> Value {
        answers::verify_error(self, &in_full(self))["error"].take()
    }
}

impl<'s, 'a> Page<'s, 'a> {
    pub(super) fn new(screen: &'s mut Screen<'a>, migrations: &'s Migrations) -> Self {
        Self { screen, migrations, told: 0, changed: 0, differing: 0, worst: Exit::Done, is_script: false }
    }

    pub(super) fn is_json(&self) -> bool {
        self.screen.json
    }

    /// For verbs that run files. With whom there was nothing to do is but counted.
    pub(super) fn ran(&mut self, event: &TenantEvent<'_, Report>, nothing: &str) {
        if let TenantEvent::Ended { outcome: Ok(report), .. } = event
            && report.done.is_empty()
        {
            let told = |_: &Report| String::new();
            return self.ended(event, told, answers::report);
        }
        self.changed += usize::from(matches!(event, TenantEvent::Ended { outcome: Ok(_), .. }));
        self.ended(event, |report| text::report(report, nothing), answers::report);
    }

    pub(super) fn verified(&mut self, event: &TenantEvent<'_, Verification, VerifyError>) {
        if let TenantEvent::Ended { outcome: Ok(verification), .. } = event
            && !verification.is_clean()
        {
            self.differing += 1;
        }
        let exit = |it: &Verification| if it.is_clean() { Exit::Done } else { Exit::Differs };
        self.ended_as(event, exit, ToString::to_string, Verification::to_json);
    }

    pub(super) fn ended<T, E: Trouble>(
        &mut self,
        event: &TenantEvent<'_, T, E>,
        told: impl FnOnce(&T) -> String,
        to_json: impl FnOnce(&T) -> Value,
    ) {
        self.ended_as(event, |_| Exit::Done, told, to_json);
    }

    /// For verbs whose answer may be bad news.
    pub(super) fn ended_as<T, E: Trouble>(
        &mut self,
        event: &TenantEvent<'_, T, E>,
        exit: impl FnOnce(&T) -> Exit,
        told: impl FnOnce(&T) -> String,
        to_json: impl FnOnce(&T) -> Value,
    ) {
        let (tenant, outcome) = match event {
            TenantEvent::Happened { tenant, event } => return self.screen.event_of(tenant, *event),
            TenantEvent::Ended { tenant, outcome } => (tenant, outcome),
        };
        let exit = outcome.as_ref().map_or_else(Trouble::exit, exit);
        self.worst = self.worst.worse(exit);
        if let Err(error) = outcome {
            error.complain(self.screen, tenant, self.migrations);
        }
        if self.screen.json {
            let mut object = json!({ "schema": tenant.schema().name(), "exit": exit as u8 });
            match outcome {
                Ok(done) => object["result"] = to_json(done),
                Err(error) => object["error"] = error.to_json(),
            }
            let before = if self.told == 0 { "{\"schemas\": [\n" } else { ",\n" };
            self.screen.print(&format!("{before}{object}"));
        } else if let Ok(done) = outcome {
            let text = told(done);
            if self.is_script {
                // A name may have several lines, and is written so that it has one.
                self.screen.print(&format!("-- {:?}\n{text}\n", tenant.schema().name()));
            } else {
                let lines = text.lines().map(|line| format!("{tenant}: {line}\n"));
                self.screen.print(&lines.collect::<String>());
            }
        }
        self.told += 1;
    }

    pub(super) fn print(&mut self, text: &str) {
        self.screen.print(text);
    }

    /// How it went with all.
    pub(super) fn end(self, done: Result<TenantsReport, Error>) -> Exit {
        let report = match done {
            Ok(report) => report,
            Err(error) => return self.screen.fail(&error, None),
        };
        let worst = if report.left > 0 { self.worst.worse(Exit::Failed) } else { self.worst };
        let TenantsReport { well, failed, left, .. } = report;
        if self.screen.json {
            let begin = if self.told == 0 { "{\"schemas\": [" } else { "" };
            let sum =
                json!({ "well": well, "failed": failed, "left": left, "exit": worst as u8 }).to_string();
            self.screen.print(&format!("{begin}\n], {}\n", &sum[1..]));
            return worst;
        }
        let comment = if self.is_script { "-- " } else { "" };
        let well = well - self.differing;
        let mut line = format!("{comment}{}: {well} well", text::count(report.tenants(), "schema"));
        if self.changed > 0 {
            let _ = write!(line, ", {} of them changed", self.changed);
        }
        for (number, what) in [(self.differing, "different"), (failed, "failed"), (left, "not begun")] {
            if number > 0 {
                let _ = write!(line, ", {number} {what}");
            }
        }
        self.screen.print(&format!("{line}\n"));
        worst
    }
}
