//! Where answers go. A reader that has gone is no reason to stop migrating, so nothing here fails.

use std::io::Write;

use serde_json::Value;

use super::exit::Exit;
use super::{excerpt, json, text};
use crate::{Error, Event, Migrations, Tenant, VerifyError};

pub(crate) struct Screen<'a> {
    pub(crate) out: &'a mut (dyn Write + Send),
    pub(crate) err: &'a mut (dyn Write + Send),
    pub(crate) json: bool,
    pub(crate) detail: bool,
    /// For whose schema alone the verb is.
    pub(crate) tenant: Option<Tenant>,
    /// The words that make it a dry run, if it is one.
    pub(crate) dry_run: &'static str,
}

impl Screen<'_> {
    pub(crate) fn answer(&mut self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) {
        let page = if self.json { format!("{:#}\n", json()) } else { text() };
        self.print(&page);
    }

    /// A part of the answer.
    pub(crate) fn print(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// A line besides the answer.
    pub(crate) fn say(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}").and_then(|()| self.err.flush());
    }

    /// What happens with one of many tenants, which is told when it has ended.
    pub(crate) fn event_of(&mut self, tenant: &Tenant, event: Event<'_>) {
        let line = text::event(event, false).filter(|_| !matches!(event, Event::Done(_)));
        if let Some(line) = line {
            self.say(&format!("{tenant}: {line}"));
        }
    }

    /// A file that has run is part of the answer, unless that is one JSON document; all else never is.
    pub(crate) fn event(&mut self, event: Event<'_>, is_dry_run: bool) {
        let Some(line) = text::event(event, is_dry_run) else { return };
        let is_answer = matches!(event, Event::Done(_)) && !self.json;
        let place = if is_answer { &mut *self.out } else { &mut *self.err };
        let _ = writeln!(place, "{line}").and_then(|()| place.flush());
    }

    /// What happens in a shadow is never part of the answer.
    pub(crate) fn progress(&mut self, event: Event<'_>) {
        if let Some(line) = text::event(event, false) {
            let _ = writeln!(self.err, "in a shadow: {line}").and_then(|()| self.err.flush());
        }
    }

    /// Says what went wrong with comparing schemas.
    pub(crate) fn fail_to_verify(&mut self, error: &VerifyError) -> Exit {
        if let VerifyError::Migrate(error) = error {
            return self.fail(error, None);
        }
        let message = in_full(error);
        let _ = writeln!(self.err, "migrate: {message}");
        if self.json {
            self.answer(String::new, || json::verify_error(error, &message));
        }
        Exit::from(error)
    }

    /// Says what went wrong, where, and what to do next.
    pub(crate) fn fail(&mut self, error: &Error, migrations: Option<&Migrations>) -> Exit {
        self.complain(None, error, migrations);
        if self.json {
            self.answer(String::new, || json::error(error, &in_full(error)));
        }
        Exit::from(error)
    }

    /// As [`fail`](Self::fail), for people alone; `of` says of which tenant it is, if there are several.
    pub(crate) fn complain(&mut self, of: Option<&Tenant>, error: &Error, migrations: Option<&Migrations>) {
        let whose = of.map_or_else(String::new, |tenant| format!("{tenant}: "));
        let _ = writeln!(self.err, "migrate: {whose}{}", in_full(error));
        if let Some(excerpt) = error.file().zip(migrations).and_then(|(file, all)| excerpt::of(file, all)) {
            let _ = write!(self.err, "{excerpt}");
        }
        if let Some(detail) = error.server().and_then(|server| server.detail()).filter(|_| self.detail) {
            let _ = writeln!(self.err, "detail: {detail}");
        }
        if let Some(hint) = error.server().and_then(|server| server.hint()) {
            let _ = writeln!(self.err, "hint: {hint}");
        }
        if let Some(next) = text::next(error, of.or(self.tenant.as_ref()), self.dry_run) {
            let _ = writeln!(self.err, "next: {next}");
        }
    }
}

/// An error with its causes.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}
