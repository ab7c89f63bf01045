//! What the expansions of pgkeel-macros name. No public interface: it fits the version of that crate that is asked for.

#[cfg(feature = "json")]
pub use serde::de::DeserializeOwned;
pub use tokio_postgres::types::{FromSqlOwned, ToSql};

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::Sql;
pub use crate::bind::{Param, ParamName};
pub use crate::entity::{Column, ColumnFacts, Entity, EntityFacts, Listed, Role, list_of};
pub use crate::input::field::Offer;
pub use crate::input::set::{Field, listed};
pub use crate::repository::{Keyed, SoftDelete, Tenanted, Versioned};
pub use crate::row::{CellMismatch, Cells, FieldName, FromRow, Plan};
pub use crate::statement::{Filter, NewRow, Values};
