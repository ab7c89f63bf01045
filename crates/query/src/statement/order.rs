use std::fmt;
use std::marker::PhantomData;

use super::writer::{Writer, describe};
use crate::entity::{Column, ColumnFacts};
use crate::relation::{Piece, Pieces, write_column};

/// A column of the entity `E` that rows are ordered by, and in which direction.
#[must_use = "an order is given to a statement"]
pub struct Order<E> {
    by: By,
    of: PhantomData<fn() -> E>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct By {
    pub(crate) column: &'static ColumnFacts,
    /// What its table is called here, if not by its own name.
    pub(crate) table: Option<&'static str>,
    direction: &'static str,
    nulls: &'static str,
}

impl By {
    pub(crate) fn write(self, out: &mut Writer<'_>) {
        write_column(self.column, self.table, out);
        out.push(self.direction);
        out.push(self.nulls);
    }
}

impl<E, T> Column<E, T> {
    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc(self) -> Order<E> {
        Order::by(self, " asc")
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc(self) -> Order<E> {
        Order::by(self, " desc")
    }
}

impl<E> Order<E> {
    fn by<T>(column: Column<E, T>, direction: &'static str) -> Self {
        let by = By { column: column.facts, table: column.table, direction, nulls: "" };
        Self { by, of: PhantomData }
    }

    /// NULL comes in front of all values.
    pub fn nulls_first(mut self) -> Self {
        self.by.nulls = " nulls first";
        self
    }

    /// NULL comes behind all values.
    pub fn nulls_last(mut self) -> Self {
        self.by.nulls = " nulls last";
        self
    }
}

impl<E> Clone for Order<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Order<E> {}

impl<E> fmt::Debug for Order<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let By { column, direction, nulls, .. } = self.by;
        write!(f, "Order({}{direction}{nulls})", column.path)
    }
}

/// An expression that rows are ordered by, and in which direction: of the table `E`.
#[must_use = "an order is given to a statement"]
pub struct OrderExpr<'a, E> {
    sort: Sort<'a>,
    of: PhantomData<fn() -> E>,
}

/// What rows are ordered by.
#[derive(Clone)]
pub(crate) enum Sort<'a> {
    Column(By),
    Expr(Box<ByExpr<'a>>),
}

#[derive(Clone)]
pub(crate) struct ByExpr<'a> {
    pub(crate) pieces: Pieces<'a>,
    direction: &'static str,
    nulls: &'static str,
}

impl Sort<'_> {
    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        match self {
            Self::Column(by) => by.write(out),
            Self::Expr(by) => {
                by.pieces.write(out);
                out.push(by.direction);
                out.push(by.nulls);
            }
        }
    }

    /// Whether the compiler does not see which tables it names.
    pub(crate) fn is_joined(&self) -> bool {
        matches!(self, Self::Expr(by) if by.pieces.is_joined)
    }
}

impl<'a, E> OrderExpr<'a, E> {
    pub(crate) fn of(pieces: Pieces<'a>, direction: &'static str) -> Self {
        Self { sort: Sort::Expr(Box::new(ByExpr { pieces, direction, nulls: "" })), of: PhantomData }
    }

    /// NULL comes in front of all values.
    pub fn nulls_first(self) -> Self {
        self.nulls(" nulls first")
    }

    /// NULL comes behind all values.
    pub fn nulls_last(self) -> Self {
        self.nulls(" nulls last")
    }

    fn nulls(mut self, words: &'static str) -> Self {
        match &mut self.sort {
            Sort::Column(by) => by.nulls = words,
            Sort::Expr(by) => by.nulls = words,
        }
        self
    }

    /// As an expression, direction included.
    pub(crate) fn into_pieces(self) -> Pieces<'a> {
        let (mut pieces, direction, nulls) = match self.sort {
            Sort::Column(by) => {
                (Pieces::of(vec![Piece::Column(by.column, by.table)]), by.direction, by.nulls)
            }
            Sort::Expr(by) => (by.pieces, by.direction, by.nulls),
        };
        pieces.list.extend([Piece::Sql(direction), Piece::Sql(nulls)]);
        pieces
    }
}

impl<E> From<Order<E>> for OrderExpr<'_, E> {
    fn from(order: Order<E>) -> Self {
        Self { sort: Sort::Column(order.by), of: PhantomData }
    }
}

impl<E> Clone for OrderExpr<'_, E> {
    fn clone(&self) -> Self {
        Self { sort: self.sort.clone(), of: PhantomData }
    }
}

/// Without values.
impl<E> fmt::Debug for OrderExpr<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Writer::new();
        self.sort.write(&mut out);
        describe(out.finish(), "OrderExpr", f)
    }
}

/// What rows of the entity `E` are ordered by: one [`Order`] or [`OrderExpr`], a tuple of up to 8, or a list that is made at run time.
#[diagnostic::on_unimplemented(
    message = "rows are not ordered by a `{Self}`",
    label = "no order",
    note = "say in which direction: `u::id.asc()`; several are a tuple"
)]
pub trait OrderBy<E> {
    /// No public interface.
    #[doc(hidden)]
    fn each<'a>(self, put: &mut dyn FnMut(OrderExpr<'a, E>))
    where
        Self: 'a;
}

#[diagnostic::do_not_recommend]
impl<E> OrderBy<E> for Order<E> {
    fn each<'a>(self, put: &mut dyn FnMut(OrderExpr<'a, E>))
    where
        Self: 'a,
    {
        put(self.into());
    }
}

#[diagnostic::do_not_recommend]
impl<'o, E> OrderBy<E> for OrderExpr<'o, E> {
    fn each<'a>(self, put: &mut dyn FnMut(OrderExpr<'a, E>))
    where
        Self: 'a,
        'o: 'a,
    {
        put(self);
    }
}

#[diagnostic::do_not_recommend]
impl<E> OrderBy<E> for Vec<Order<E>> {
    fn each<'a>(self, put: &mut dyn FnMut(OrderExpr<'a, E>))
    where
        Self: 'a,
    {
        for order in self {
            put(order.into());
        }
    }
}

macro_rules! tuples {
    ($($($kind:ident $index:tt)+;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<E, $($kind: OrderBy<E>),+> OrderBy<E> for ($($kind,)+) {
            fn each<'a>(self, put: &mut dyn FnMut(OrderExpr<'a, E>))
            where
                Self: 'a,
            {
                $(self.$index.each(put);)+
            }
        }
    )+};
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 F 4;
    A 0 B 1 C 2 D 3 F 4 G 5;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7;
}

pub(crate) fn by<'a, E>(order: impl OrderBy<E> + 'a, into: &mut Vec<Sort<'a>>) {
    order.each(&mut |order| into.push(order.sort));
}
