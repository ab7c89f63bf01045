use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use super::scope::{Alias, Scope, Source};
use crate::entity::Entity;
use crate::row::{CellMismatch, Cells, FromRow, Plan};

/// Says that rows of joined tables are read as a tuple of their entities, in which those that may be missing are `Option`s.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Whole;

/// Says that the rows of a statement of `S` are whole: they have all columns, as no others were selected.
#[diagnostic::on_unimplemented(
    message = "columns were selected already",
    label = "not of whole rows",
    note = "tables are joined before columns are selected"
)]
pub trait WholeOf<S> {}

impl<E: Entity> WholeOf<E> for E {}
impl<E: Entity, const N: usize> WholeOf<Alias<E, N>> for E {}
impl<S> WholeOf<S> for Whole {}

/// What a statement of `Self` becomes with one more table, `J`, which may be an `Option`.
#[diagnostic::on_unimplemented(
    message = "no more tables are joined to `{Self}`",
    label = "of six tables, or not of tables"
)]
pub trait Grow<J> {
    /// The tables with it.
    type With: Tables + Scope;
    /// The tables with it, in rows that all those before may be missing from.
    type Beside: Tables + Scope;
}

impl<E: Source, J: Side> Grow<J> for E {
    type With = (E, J);
    type Beside = (Option<E>, J);
}

/// A table of a statement, or an `Option` of one.
pub trait Side {
    /// What its part of a row is read as.
    type Row: FromRow;
    /// No public interface.
    #[doc(hidden)]
    type Entity: Entity;
    /// No public interface: the same, if it may be missing.
    #[doc(hidden)]
    type Outer: Side;
}

#[diagnostic::do_not_recommend]
impl<E: Source> Side for E {
    type Row = E::Entity;
    type Entity = E::Entity;
    type Outer = Option<E>;
}

#[diagnostic::do_not_recommend]
impl<E: Source> Side for Option<E> {
    type Row = Option<E::Entity>;
    type Entity = E::Entity;
    type Outer = Self;
}

/// Tables that are joined: a tuple of up to six.
pub trait Tables {
    /// What a row is read as.
    type Row: Send;

    /// No public interface.
    #[doc(hidden)]
    fn resolve(plan: &mut Plan<'_>);

    /// No public interface.
    #[doc(hidden)]
    fn from_row(cells: &mut Cells<'_>) -> Result<Self::Row, CellMismatch>;
}

macro_rules! tables {
    ($($($kind:ident)+;)+) => {$(
        impl<$($kind),+> Scope for ($($kind,)+) {}

        impl<$($kind: Side),+> Tables for ($($kind,)+) {
            type Row = ($($kind::Row,)+);

            fn resolve(plan: &mut Plan<'_>) {
                let mut first = 0;
                $(first = plan.part::<$kind::Entity>(first, $kind::Row::resolve);)+
                plan.expect_end(type_name::<Self::Row>(), first);
            }

            fn from_row(cells: &mut Cells<'_>) -> Result<Self::Row, CellMismatch> {
                Ok(($($kind::Row::from_row(cells)?,)+))
            }
        }
    )+};
}

tables! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

macro_rules! grow {
    ($($($kind:ident)+;)+) => {$(
        impl<$($kind: Side,)+ J: Side> Grow<J> for ($($kind,)+) {
            type With = ($($kind,)+ J);
            type Beside = ($($kind::Outer,)+ J);
        }
    )+};
}

grow! {
    A B;
    A B C;
    A B C D;
    A B C D E;
}

/// What rows of a statement of `S` are read as: what its second type says ([`FromRow`]), or the entities of joined tables
/// ([`Whole`]).
#[diagnostic::on_unimplemented(
    message = "rows of a statement of `{S}` cannot be read as `{Self}`",
    label = "neither a struct with `#[derive(FromRow)]` nor a tuple of columns"
)]
pub trait Output<S> {
    /// The type of a row.
    type Row;
    /// No public interface.
    #[doc(hidden)]
    type Read: FromRow;

    /// No public interface.
    #[doc(hidden)]
    fn one(read: Self::Read) -> Self::Row;

    /// No public interface.
    #[doc(hidden)]
    fn all(read: Vec<Self::Read>) -> Vec<Self::Row>;
}

#[diagnostic::do_not_recommend]
impl<S, R: FromRow> Output<S> for R {
    type Row = R;
    type Read = R;

    fn one(read: R) -> R {
        read
    }

    fn all(read: Vec<R>) -> Vec<R> {
        read
    }
}

#[diagnostic::do_not_recommend]
impl<S: Tables> Output<S> for Whole {
    type Row = S::Row;
    type Read = JoinedRow<S>;

    fn one(read: JoinedRow<S>) -> S::Row {
        read.0
    }

    fn all(read: Vec<JoinedRow<S>>) -> Vec<S::Row> {
        read.into_iter().map(|read| read.0).collect()
    }
}

/// A row of joined tables, as it is read. No public interface.
pub struct JoinedRow<S: Tables>(S::Row, PhantomData<fn() -> S>);

impl<S: Tables> FromRow for JoinedRow<S> {
    fn resolve(plan: &mut Plan<'_>) {
        S::resolve(plan);
    }

    fn from_row(cells: &mut Cells<'_>) -> Result<Self, CellMismatch> {
        Ok(Self(S::from_row(cells)?, PhantomData))
    }
}

impl<S: Tables> fmt::Debug for JoinedRow<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinedRow")
    }
}
