//! What the expansions of pgkeel-macros name. No public interface: it fits the version of that crate that is asked for.

#[cfg(feature = "json")]
pub use serde::de::DeserializeOwned;
pub use tokio_postgres::types::{FromSqlOwned, ToSql};

pub use crate::row::{CellMismatch, Cells, FieldName, FromRow, Plan};
pub use crate::{Param, ParamName, Sql};
