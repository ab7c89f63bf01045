//! Statements of tables and columns that are known by their names alone.

mod name;
mod column;
mod select;

pub use self::column::{NamedColumn, NamedOrder, col};
pub use self::name::{IntoName, IntoNames, IntoTable, Name};
pub use self::select::{NamedSelect, q};

use crate::relation::Blend;

/// Stands for the entity in a [`Filter`](crate::Filter) of columns that are known by their names alone: see [`col`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Named;

#[diagnostic::do_not_recommend]
impl Blend<Self> for Named {
    type Out = Self;
}
