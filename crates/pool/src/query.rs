//! A statement as its caller gave it.

use std::panic::Location;

use tokio_postgres::types::ToSql;

/// Where in the caller's code something was asked for.
pub(crate) type Site = Option<&'static Location<'static>>;

/// Neither its text nor its parameters may be shown as they are, so it has no `Debug`.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [&'a (dyn ToSql + Sync)],
    /// `None` of what the pool runs by itself.
    pub(crate) site: Site,
}

impl<'a> Query<'a> {
    /// A statement of the pool's own.
    pub(crate) fn own(sql: &'a str, params: &'a [&'a (dyn ToSql + Sync)]) -> Self {
        Self { sql, params, site: None }
    }
}
