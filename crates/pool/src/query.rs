//! A statement as its caller gave it.

use std::panic::Location;

use pgkeel_connect::EncodedParams;
use tokio_postgres::types::ToSql;

use crate::gather::Gather;

/// Where in the caller's code something was asked for.
pub(crate) type Site = Option<&'static Location<'static>>;

/// Neither its text nor its parameters may be shown as they are, so it has no `Debug`.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [&'a (dyn ToSql + Sync)],
    /// Parameters that came with their types, in their stead: then the statement is run without preparing it.
    pub(crate) typed: Option<&'a EncodedParams>,
    /// `None` of what the pool runs by itself.
    pub(crate) site: Site,
    /// Where rows go that are given away as they come.
    pub(crate) gather: Option<&'a dyn Gather>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(sql: &'a str, params: &'a [&'a (dyn ToSql + Sync)], site: Site) -> Self {
        Self { sql, params, typed: None, site, gather: None }
    }

    /// A statement of the pool's own.
    pub(crate) fn own(sql: &'a str, params: &'a [&'a (dyn ToSql + Sync)]) -> Self {
        Self::new(sql, params, None)
    }

    /// A statement that is not prepared.
    pub(crate) fn typed(sql: &'a str, params: &'a EncodedParams, site: Site) -> Self {
        Self { sql, params: &[], typed: Some(params), site, gather: None }
    }

    /// The same, its rows given away as they come.
    pub(crate) fn into(self, gather: &'a dyn Gather) -> Self {
        Self { gather: Some(gather), ..self }
    }
}
