use std::fmt;
use std::marker::PhantomData;

use super::Order;
use super::order::{By, NULLS_FIRST, NULLS_LAST};
use super::writer::{Writer, describe};
use crate::relation::{Piece, Pieces};

/// An expression that rows are ordered by, and in which direction: of the table `E`.
#[must_use = "an order is given to a statement"]
pub struct OrderExpr<'a, E> {
    pub(super) sort: Sort<'a>,
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
        self.nulls(NULLS_FIRST)
    }

    /// NULL comes behind all values.
    pub fn nulls_last(self) -> Self {
        self.nulls(NULLS_LAST)
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
                (Pieces::of(vec![Piece::Column(by.column, by.alias)]), by.direction, by.nulls)
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
