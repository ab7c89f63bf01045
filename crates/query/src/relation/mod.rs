//! Statements of several tables, and what is computed in them: expressions with their types, joins, groups, subqueries.
//!
//! An [`Expr`] is a flat list of pieces: literals, columns, values, conditions, whole statements. What it is of (`E`) says which
//! statements it has a place in; where several tables are mixed, that is [`Joined`], and looked at when the statement is
//! written.

mod piece;
mod scope;
mod place;
mod nullable;
mod kind;
mod expr;
mod compare;
mod arithmetic;
mod literal;
mod aggregate;
mod function;
mod projection;
mod whole;
mod clauses;
mod check;
mod join;
mod group;
mod subquery;
mod combine;
mod common;
mod window;
mod frame;

pub use self::aggregate::{
    Averaged, Ordered, Summed, array_agg, avg, bool_and, bool_or, count, count_distinct, count_of, max, min,
    string_agg, sum,
};
pub use self::arithmetic::Alike;
pub use self::check::BadStatement;
pub(crate) use self::check::{check, check_conditions};
pub(crate) use self::clauses::Clauses;
pub use self::combine::Combined;
pub use self::expr::{Expr, Expression};
pub use self::frame::FrameEnd;
pub use self::function::{Moment, Unit, coalesce, date_trunc, length, lower, now, upper};
pub use self::kind::{Aggregate, Exact, Kind, Plain};
pub use self::literal::{CastType, Literal, value};
pub use self::nullable::Nullable;
pub(crate) use self::piece::{Piece, Pieces, write_column};
#[doc(hidden)]
pub use self::place::{At, Maybe, Only, Unseen};
pub use self::place::{Holds, Reads};
#[doc(hidden)]
pub use self::projection::Selected;
pub use self::projection::{OutputName, Projection, named};
pub(crate) use self::scope::TableRef;
pub use self::scope::{Alias, Anywhere, Blend, Joined, Scope, Source};
pub use self::subquery::{exists, scalar};
#[doc(hidden)]
pub use self::whole::JoinedRow;
pub use self::whole::{Grow, Output, Side, Tables, Whole, WholeOf};
pub use self::window::{
    Window, WindowFunction, dense_rank, first_value, lag, last_value, lead, rank, row_number,
};
