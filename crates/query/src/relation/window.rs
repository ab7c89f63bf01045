use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::expr::{Expr, Expression};
use super::frame::FrameEnd;
use super::kind::{Aggregate, Exact};
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::Joined;
use crate::statement::{OrderBy, Writer, describe};

/// The rows that a [`WindowFunction`] or an aggregate sees of each row: those that are alike in what it is partitioned by, and, if
/// it has an order, of these for aggregates those up to the row, unless a [frame](Self::rows) says which.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error};
/// use pgkeel_query::relation::{Window, row_number, sum};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "payments", columns = p)]
/// struct Payment {
///     id: i64,
///     account: i64,
///     cents: i32,
/// }
///
/// async fn balances(database: &impl Executor) -> Result<Vec<(i64, i64, Option<i64>)>, Error> {
///     let so_far = Window::new().partition_by(p::account).order_by(p::id.asc());
///     let statement = Payment::select((p::id, row_number().over(so_far.clone()), sum(p::cents).over(so_far)));
///     statement.fetch_all(database).await
/// }
/// # let _ = |payment: Payment| (payment.id, payment.account, payment.cents);
/// ```
#[derive(Clone, Default)]
#[must_use = "a window is given to `over`"]
pub struct Window<'a> {
    partition: Vec<Pieces<'a>>,
    order: Vec<Pieces<'a>>,
    frame: Option<(&'static str, FrameEnd, FrameEnd)>,
}

impl<'a> Window<'a> {
    /// All rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those rows that are alike in this; said twice, in both.
    pub fn partition_by<X: Expression<'a>>(mut self, key: X) -> Self {
        self.partition.push(key.expr().pieces);
        self
    }

    /// In this order, behind what was said before.
    pub fn order_by<F>(mut self, order: impl OrderBy<F> + 'a) -> Self {
        order.each(&mut |order| self.order.push(order.into_pieces()));
        self
    }

    /// Of these, the rows from here to there. Said twice, or as [`groups`](Self::groups), the last counts. The server refuses a
    /// frame whose end is before its beginning, and one that begins with the last row or ends with the first.
    ///
    /// ```
    /// # use pgkeel_query::Entity;
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "days", columns = d)]
    /// # struct Day { id: i64, visits: i32 }
    /// use pgkeel_query::relation::{FrameEnd, Window, avg};
    ///
    /// let week = Window::new().order_by(d::id.asc()).rows(FrameEnd::Before(6), FrameEnd::Current);
    /// let statement = Day::select((d::id, avg(d::visits).over(week)));
    /// # assert!(statement.text()?.contains("rows between $1::int8 preceding and current row"));
    /// # Ok::<(), pgkeel_query::Error>(())
    /// ```
    pub fn rows(mut self, from: FrameEnd, to: FrameEnd) -> Self {
        self.frame = Some(("rows between ", from, to));
        self
    }

    /// As [`rows`](Self::rows), but counted in groups of rows that are alike in the order, which has to be said.
    pub fn groups(mut self, from: FrameEnd, to: FrameEnd) -> Self {
        self.frame = Some(("groups between ", from, to));
        self
    }

    fn pieces(self) -> Pieces<'a> {
        let mut all = Pieces::of(vec![Piece::Sql("(")]).joined().of_many();
        let (is_parted, is_ordered) = (!self.partition.is_empty(), !self.order.is_empty());
        put("partition by ", self.partition, &mut all);
        all.list.extend((is_parted && is_ordered).then_some(Piece::Sql(" ")));
        put("order by ", self.order, &mut all);
        if let Some((words, from, to)) = self.frame {
            all.list.extend((is_parted || is_ordered).then_some(Piece::Sql(" ")));
            all.list.push(Piece::Sql(words));
            from.put(&mut all.list);
            all.list.push(Piece::Sql(" and "));
            to.put(&mut all.list);
        }
        all.list.push(Piece::Sql(")"));
        all
    }
}

fn put<'a>(words: &'static str, parts: Vec<Pieces<'a>>, into: &mut Pieces<'a>) {
    for (place, part) in parts.into_iter().enumerate() {
        into.list.push(Piece::Sql(if place == 0 { words } else { ", " }));
        into.list.extend(part.list);
    }
}

/// Without values.
impl fmt::Debug for Window<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = self.clone().pieces();
        let mut out = Writer::new();
        pieces.write(&mut out);
        describe(out.finish(), "Window", f)
    }
}

/// A function of the rows around a row: it becomes an expression by [`over`](Self::over).
#[must_use = "it is computed over a window"]
pub struct WindowFunction<'a, T> {
    pieces: Pieces<'a>,
    of: PhantomData<fn() -> T>,
}

impl<'a, T> WindowFunction<'a, T> {
    fn new(pieces: Pieces<'a>) -> Self {
        Self { pieces, of: PhantomData }
    }

    /// Over these rows.
    pub fn over(self, window: Window<'a>) -> Expr<'a, Joined, T, Exact> {
        Expr::new(self.pieces.then(" over ", window.pieces()))
    }
}

impl<T> fmt::Debug for WindowFunction<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::new();
        self.pieces.write(&mut out);
        describe(out.finish(), "WindowFunction", f)
    }
}

impl<'a, E, T> Expr<'a, E, T, Aggregate> {
    /// Over these rows, for each row, which stays.
    pub fn over(self, window: Window<'a>) -> Expr<'a, Joined, T, Exact> {
        Expr::new(self.pieces.then(" over ", window.pieces()))
    }
}

fn plain<'a, T>(sql: &'static str) -> WindowFunction<'a, T> {
    WindowFunction::new(Pieces::of(vec![Piece::Sql(sql)]))
}

/// The number of the row, from 1 on.
pub fn row_number<'a>() -> WindowFunction<'a, i64> {
    plain("row_number()")
}

/// The rank of the row, from 1 on: rows that are alike in the order have the same, and behind them some are left out.
pub fn rank<'a>() -> WindowFunction<'a, i64> {
    plain("rank()")
}

/// The rank of the row, from 1 on, without gaps.
pub fn dense_rank<'a>() -> WindowFunction<'a, i64> {
    plain("dense_rank()")
}

fn of_row<'a, X: Expression<'a, Value: Nullable>>(
    function: &'static str,
    of: X,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    WindowFunction::new(of.expr().pieces.inside(function, ")"))
}

fn of_row_away<'a, X: Expression<'a, Value: Nullable>>(
    function: &'static str,
    of: X,
    rows: i32,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    let mut pieces = of.expr().pieces.inside(function, ", ");
    pieces.list.extend([Piece::Value(Arc::new(rows)), Piece::Sql("::int4)")]);
    WindowFunction::new(pieces)
}

/// What it is so many rows before, in the order of the window; `None` if there is no such row.
pub fn lag<'a, X: Expression<'a, Value: Nullable>>(
    of: X,
    rows: i32,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    of_row_away("lag(", of, rows)
}

/// What it is so many rows behind, in the order of the window; `None` if there is no such row.
pub fn lead<'a, X: Expression<'a, Value: Nullable>>(
    of: X,
    rows: i32,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    of_row_away("lead(", of, rows)
}

/// What it is in the first row of the window.
pub fn first_value<'a, X: Expression<'a, Value: Nullable>>(
    of: X,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    of_row("first_value(", of)
}

/// What it is in the last row of the window, which ends at the row itself if the window has an order and no other
/// [frame](Window::rows).
pub fn last_value<'a, X: Expression<'a, Value: Nullable>>(
    of: X,
) -> WindowFunction<'a, <X::Value as Nullable>::Out> {
    of_row("last_value(", of)
}
