//! The types of parameters and columns, by the text of their statement, for the whole pool.

use std::sync::Arc;

use bytes::BytesMut;
use pgkeel_connect::Error;
use tokio_postgres::Statement;
use tokio_postgres::types::{Oid, ToSql, Type};

use crate::recent::Recent;

/// Of how many texts the types are kept: more than most programs have, and bounded for those that write values into them.
const MOST: usize = 1024;

/// A parameter and its type, as the driver takes them.
pub(super) type Typed<'p> = (&'p (dyn ToSql + Sync), Type);

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

    /// The parameters with their types.
    pub(super) fn typed<'p>(&self, params: &[&'p (dyn ToSql + Sync)]) -> Result<Vec<Typed<'p>>, Error> {
        let (expected, found) = (self.params.len(), params.len());
        if expected != found {
            return Err(Error::ParameterCount { expected, found });
        }
        Ok(params.iter().copied().zip(self.params.iter().cloned()).collect())
    }

    /// Whether the driver cannot make one of these parameters into its type: then it has sent nothing.
    pub(super) fn refuses(&self, params: &[&(dyn ToSql + Sync)]) -> bool {
        let mut typed = params.iter().zip(&self.params);
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
    pub(super) fn get(&self, sql: &str) -> Option<Arc<Shape>> {
        self.0.get(sql)
    }

    /// The types of the parameters of this text, none if they are not known.
    pub(crate) fn params(&self, sql: &str) -> Vec<Type> {
        self.get(sql).map_or(Vec::new(), |shape| shape.params.clone())
    }

    pub(super) fn put(&self, sql: &str, shape: Arc<Shape>) {
        self.0.put(sql, shape);
    }

    pub(super) fn forget(&self, sql: &str) {
        self.0.forget(sql);
    }
}
