//! What the expansions of pgkeel-macros name. No public interface: it fits the version of that crate that is asked for.

#[cfg(feature = "json")]
pub use serde::de::DeserializeOwned;
pub use tokio_postgres::types::{FromSqlOwned, ToSql};

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::Sql;
pub use crate::bind::{Bind, BindType, Param, ParamName};
pub use crate::entity::{Column, ColumnFacts, Entity, EntityFacts, Listed, Role, list_of};
pub use crate::input::field::Offer;
pub use crate::input::set::{Field, listed};
pub use crate::repository::{Keyed, SoftDelete, Tenanted, Versioned};
pub use crate::row::{CellMismatch, Cells, FieldName, FromRow, Plan};
#[cfg(feature = "sealed")]
pub use crate::sealed::{IndexFacts, Registered, SealedFacts, SealedRow, SealedValues};
pub use crate::statement::{Filter, NewRow, Values};
pub use crate::{__if_sealed as if_sealed, __sealed as sealed, __slow as slow};
#[cfg(feature = "sealed")]
pub use {inventory, pgkeel_crypto as crypto};

/// What is written for sealed columns, if this crate has them.
#[cfg(feature = "sealed")]
#[doc(hidden)]
#[macro_export]
macro_rules! __sealed {
    ($($written:tt)*) => { $($written)* };
}

#[cfg(not(feature = "sealed"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sealed {
    ($($written:tt)*) => {
        ::core::compile_error!("`sealed` takes the feature `sealed` of pgkeel-query: `pgkeel-query = { …, features = [\"sealed\"] }`");
    };
}

/// The same where nothing is said if it has not.
#[cfg(feature = "sealed")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sealed {
    ($($written:tt)*) => { $($written)* };
}

#[cfg(not(feature = "sealed"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sealed {
    ($($written:tt)*) => {};
}

/// A blind index that is slow, if this crate has them.
#[cfg(feature = "slow")]
#[doc(hidden)]
#[macro_export]
macro_rules! __slow {
    ($index:expr, $memory_kib:expr, $iterations:expr, $lanes:expr) => {
        $index.slow($crate::__macro::crypto::Cost::new($memory_kib, $iterations, $lanes))
    };
}

#[cfg(not(feature = "slow"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __slow {
    ($($written:tt)*) => {
        ::core::compile_error!(
            "`cost` takes the feature `slow` of pgkeel-query: `pgkeel-query = { …, features = [\"slow\"] }`"
        )
    };
}
