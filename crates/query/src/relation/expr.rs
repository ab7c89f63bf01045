use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::kind::{Exact, Kind, Plain};
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::Joined;
use crate::entity::{Column, Comparable};
use crate::statement::{Condition, Filter, OrderExpr, Writer, describe};

/// What is computed for a row, or for a group of rows: it is of the table `E` and has the type `T`.
///
/// Columns become one wherever one is taken; functions such as [`lower`](crate::relation::lower) and [`sum`](crate::relation::sum) make them. The
/// types are those of the server: the sum of `i32`s is an `i64`, and `None` of no rows. `E` is [`Joined`] where columns of several
/// tables are mixed, [`Anywhere`](crate::relation::Anywhere) where there is none. `K` says how NULL gets into it: see [`Kind`].
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
/// use pgkeel_query::relation::{count, lower, named, sum};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "orders", columns = o)]
/// struct Order {
///     id: i64,
///     city: String,
///     items: i32,
/// }
///
/// async fn cities(database: &impl Executor) -> Result<Vec<(String, i64, Option<i64>)>, Error> {
///     let statement = Order::select((lower(o::city), count(), sum(o::items).named("items")))
///         .group_by((lower(o::city),))
///         .having(count().gt(10))
///         .order_by(named("items").desc());
///     statement.fetch_all(database).await
/// }
/// # let _ = |order: Order| (order.id, order.city, order.items);
/// ```
#[must_use = "an expression is selected, compared or ordered by"]
pub struct Expr<'a, E, T, K = Plain> {
    pub(crate) pieces: Pieces<'a>,
    pub(crate) name: Option<&'static str>,
    of: PhantomData<Typed<E, T, K>>,
}

type Typed<E, T, K> = fn() -> (E, T, K);

/// What an [`Expr`] is made of: a [`Column`], an [`Expr`], and a [`Filter`], which is a `bool`, NULL as in SQL.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no expression",
    label = "neither a column nor made of one",
    note = "a value becomes one by `value(…)`"
)]
pub trait Expression<'a> {
    /// Which table it is of.
    type Of;
    /// Its type.
    type Value;
    /// How NULL gets into it.
    type Kind: Kind;

    /// As an expression.
    fn expr(self) -> Expr<'a, Self::Of, Self::Value, Self::Kind>;
}

#[diagnostic::do_not_recommend]
impl<'a, E, T> Expression<'a> for Column<E, T> {
    type Of = E;
    type Value = T;
    type Kind = Plain;

    fn expr(self) -> Expr<'a, E, T> {
        Expr::new(Pieces::of(vec![Piece::Column(self.facts, self.table)]))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E, T, K: Kind> Expression<'a> for Expr<'a, E, T, K> {
    type Of = E;
    type Value = T;
    type Kind = K;

    fn expr(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E> Expression<'a> for Filter<'a, E> {
    type Of = E;
    type Value = Option<bool>;
    type Kind = Exact;

    fn expr(self) -> Expr<'a, E, Option<bool>, Exact> {
        let is_joined = self.is_joined;
        let pieces = Pieces::of(vec![Piece::Condition(Arc::new(self.condition))]);
        Expr::new(if is_joined { pieces.joined() } else { pieces })
    }
}

impl<'a, E, T, K> Expr<'a, E, T, K> {
    pub(crate) fn new(pieces: Pieces<'a>) -> Self {
        Self { pieces, name: None, of: PhantomData }
    }

    /// What it is called where it is selected: a struct is read by it, and rows are ordered by it.
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// As one of joined tables, to be mixed with columns of others: whether the statement has its tables is looked at when it is
    /// written.
    pub fn joined(mut self) -> Expr<'a, Joined, T, K> {
        self.pieces.is_joined = true;
        Expr::new(self.pieces)
    }

    /// As what may be NULL.
    pub fn nullable(self) -> Expr<'a, E, T::Out, K>
    where
        T: Nullable,
    {
        Expr::new(self.pieces)
    }

    /// As what is never NULL. If it is all the same, that is an error when it is read.
    pub fn not_null(self) -> Expr<'a, E, T::Inner, Exact>
    where
        T: Nullable,
    {
        Expr::new(self.pieces)
    }

    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc(self) -> OrderExpr<'a, E>
    where
        T: Comparable,
    {
        OrderExpr::of(self.pieces, " asc")
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc(self) -> OrderExpr<'a, E>
    where
        T: Comparable,
    {
        OrderExpr::of(self.pieces, " desc")
    }

    pub(crate) fn filtered(pieces: Pieces<'a>) -> Filter<'a, E> {
        let is_joined = pieces.is_joined;
        Filter::of_tables(Condition::Holds(pieces), is_joined)
    }
}

impl<E, T> Column<E, T> {
    /// As [`Expr::named`]: called so where it is selected.
    pub fn named<'a>(self, name: &'static str) -> Expr<'a, E, T> {
        self.expr().named(name)
    }

    /// As what may be NULL: of a table that is left joined, to look for rows that it has no row for
    /// (`t::id.nullable().is_null()`).
    pub fn nullable<'a>(self) -> Expr<'a, E, T::Out>
    where
        T: Nullable,
    {
        self.expr().nullable()
    }

    /// As [`Expr::joined`]: to be mixed with columns of other tables.
    pub fn joined<'a>(self) -> Expr<'a, Joined, T> {
        self.expr().joined()
    }
}

impl<E, T, K> Clone for Expr<'_, E, T, K> {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), name: self.name, of: PhantomData }
    }
}

/// Without values.
impl<E, T, K> fmt::Debug for Expr<'_, E, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::new();
        self.pieces.write(&mut out);
        describe(out.finish(), "Expr", f)
    }
}
