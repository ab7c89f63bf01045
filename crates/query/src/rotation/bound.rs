//! Parameters whose number and types are known at run time.

use pgkeel_connect::{Type, TypedParam};
use tokio_postgres::types::ToSql;

/// A parameter's value, with what it is declared as.
pub(super) type Bound = (Box<dyn ToSql + Send + Sync>, Type);

pub(super) fn params(bound: &[Bound]) -> Vec<TypedParam<'_>> {
    bound.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect()
}
