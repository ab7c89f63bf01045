//! What a session is like before a file runs there, looked at once for many files: of what is as it should be from the beginning
//! it is cheaper to see that it still is so than to set it each time.

use futures_util::future::join3;
use tokio_postgres::SimpleQueryRow;

use super::session::{CLEAN, Limits, Session, set};
use crate::state::log::Literal;
use crate::{Error, Step};

/// All that decides what the rows of history and log mean, and that they get there.
const DECISIVE: [&str; 7] = [
    "session_authorization",
    "role",
    "search_path",
    "client_encoding",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
];

/// What has to be set before a transaction begins, or before the server reads what is said there.
const BEFORE: [&str; 4] = [
    "default_transaction_isolation",
    "default_transaction_read_only",
    "client_encoding",
    "standard_conforming_strings",
];

#[derive(Debug)]
pub(crate) struct Defaults(Vec<Setting>);

#[derive(Debug)]
struct Setting {
    name: &'static str,
    /// What files find.
    value: String,
    /// Whether the session has that value when all is reset.
    is_default: bool,
}

impl Setting {
    fn is_before(&self) -> bool {
        BEFORE.contains(&self.name)
    }
}

impl Defaults {
    /// Makes the session as new, and looks what that changes.
    pub(crate) async fn look(session: &Session, limits: Limits) -> Result<Self, Error> {
        let settings = session.settings(limits);
        let others = settings.iter().map(|(name, _)| *name).filter(|name| !DECISIVE.contains(name));
        let names: Vec<&'static str> = DECISIVE.into_iter().chain(others).collect();
        let each: Vec<String> =
            names.iter().map(|name| format!("pg_catalog.current_setting('{name}')")).collect();
        let look = format!("select {}", each.join(", "));
        let (first, (mut reset, mut set)) = (format!("{CLEAN}; {look}"), (None, None));
        // In one flight, in this order.
        let (looked, renewed, looked_again) = join3(
            session.step(Step::Check, session.first_row(&first, &mut reset)),
            session.forget(limits),
            session.step(Step::Check, session.first_row(&look, &mut set)),
        )
        .await;
        looked.and(renewed).and(looked_again)?;
        let settings = names.iter().enumerate().map(|(column, name)| {
            let value = cell(set.as_ref(), column);
            Setting { name, is_default: cell(reset.as_ref(), column) == value, value }
        });
        Ok(Self(settings.collect()))
    }

    /// Statements that set what the session does not begin with, and a transaction has to.
    pub(crate) fn set_before(&self) -> Vec<String> {
        let settings = self.0.iter().filter(|setting| !setting.is_default && setting.is_before());
        settings.map(|Setting { name, value, .. }| format!("set {name} = {}", Literal(value))).collect()
    }

    /// Expressions that set what else the session does not begin with.
    pub(crate) fn set(&self) -> Vec<String> {
        let settings = self.0.iter().filter(|setting| !setting.is_default && !setting.is_before());
        settings.map(|setting| set(setting.name, &setting.value)).collect()
    }

    /// Whether the rest of what files find is so, on a session where all was reset: that leaves the role, and goes back to
    /// what the server's configuration says by now.
    pub(crate) fn is_new(&self) -> String {
        conditions(self.0.iter().filter(|setting| setting.is_default || setting.is_before()))
    }

    /// Whether all is so that decides what the rows of history and log mean.
    pub(crate) fn is_plain(&self) -> String {
        conditions(self.0.iter().filter(|setting| DECISIVE.contains(&setting.name)))
    }
}

fn cell(row: Option<&SimpleQueryRow>, column: usize) -> String {
    row.and_then(|row| row.try_get(column).ok().flatten()).unwrap_or_default().to_owned()
}

fn conditions<'a>(settings: impl Iterator<Item = &'a Setting>) -> String {
    let is_so = |Setting { name, value, .. }: &Setting| {
        format!("pg_catalog.current_setting('{name}') operator(pg_catalog.=) {}", Literal(value))
    };
    settings.map(is_so).collect::<Vec<_>>().join(" and ")
}
