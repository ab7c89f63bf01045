use std::fmt;
use std::marker::PhantomData;

use super::sort::{OrderExpr, Sort};
use super::writer::Writer;
use crate::entity::{Column, ColumnFacts};
use crate::relation::write_column;

/// A column of the entity `E` that rows are ordered by, and in which direction.
#[must_use = "an order is given to a statement"]
pub struct Order<E> {
    pub(super) by: By,
    of: PhantomData<fn() -> E>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct By {
    pub(crate) column: &'static ColumnFacts,
    /// What its table is called here, if not by its own name.
    pub(crate) table: Option<&'static str>,
    pub(super) direction: &'static str,
    pub(super) nulls: &'static str,
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
