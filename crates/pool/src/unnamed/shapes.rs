//! The types of parameters and columns, by the text of their statement, for the whole pool.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::BytesMut;
use pgkeel_connect::{Error, TypedParam};
use tokio_postgres::Statement;
use tokio_postgres::types::{Oid, Type};

use crate::query::Query;
use crate::recent::Recent;

/// Of how many texts the types are kept: more than most programs have, and bounded for those that write values into them.
const MOST: usize = 1024;

/// What goes into a statement and what comes out of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    params: Vec<Type>,
    columns: Vec<Type>,
}

/// Whether the driver knows this type by heart. Others it asks the server for.
pub(super) fn is_built_in(oid: Oid) -> bool {
    Type::from_oid(oid).is_some()
}

impl Shape {
    pub(super) fn of(statement: &Statement) -> Self {
        let columns = statement.columns().iter().map(|column| column.type_().clone());
        Self { params: statement.params().to_vec(), columns: columns.collect() }
    }

    /// The parameters with their types, those that were declared if they were.
    pub(super) fn typed<'q>(&self, query: &Query<'q>) -> Result<Vec<TypedParam<'q>>, Error> {
        if let Some(declared) = query.typed {
            return Ok(declared.typed());
        }
        let (expected, found) = (self.params.len(), query.params.len());
        if expected != found {
            return Err(Error::ParameterCount { expected, found });
        }
        Ok(query.params.iter().copied().zip(self.params.iter().cloned()).collect())
    }

    /// Whether the driver cannot make one of these parameters into its type: then it has sent nothing. Those that came with
    /// their types fit them.
    pub(super) fn refuses(&self, query: &Query<'_>) -> bool {
        let mut typed = query.params.iter().zip(&self.params);
        typed.any(|(param, kind)| param.to_sql_checked(kind, &mut BytesMut::new()).is_err())
    }

    /// The columns' types that the driver does not know by heart.
    pub(super) fn custom(&self) -> impl Iterator<Item = Oid> {
        self.columns.iter().map(Type::oid).filter(|oid| !is_built_in(*oid))
    }

    pub(super) fn has_custom(&self) -> bool {
        self.custom().next().is_some()
    }

    /// Whether the driver had to ask for one.
    pub(super) fn was_looked_up(&self) -> bool {
        self.has_custom() || self.params.iter().any(|param| !is_built_in(param.oid()))
    }
}

/// Those of the most recently used texts.
pub(crate) struct Shapes(Recent<Arc<Shape>>);

impl Default for Shapes {
    fn default() -> Self {
        Self(Recent::at_most(MOST))
    }
}

impl Shapes {
    pub(super) fn get(&self, query: &Query<'_>) -> Option<Arc<Shape>> {
        self.0.get(&key(query))
    }

    /// The types of the parameters of this statement, none if they are not known.
    pub(crate) fn params(&self, query: &Query<'_>) -> Vec<Type> {
        self.get(query).map_or(Vec::new(), |shape| shape.params.clone())
    }

    pub(super) fn put(&self, query: &Query<'_>, shape: Arc<Shape>) {
        self.0.put(&key(query), shape);
    }

    pub(super) fn forget(&self, query: &Query<'_>) {
        self.0.forget(&key(query));
    }
}

/// A text means something else with other types declared, so these go behind it, and behind what no text has in it.
fn key<'q>(query: &Query<'q>) -> Cow<'q, str> {
    let Some(typed) = query.typed else { return query.sql.into() };
    let mut key = format!("{}\0", query.sql);
    for kind in typed.types() {
        let _ = write!(key, "{},", kind.oid());
    }
    key.into()
}
