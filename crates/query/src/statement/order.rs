use std::fmt;
use std::marker::PhantomData;

use super::writer::Writer;
use crate::entity::{Column, ColumnFacts};

/// A column of the entity `E` that rows are ordered by, and in which direction.
#[must_use = "an order is given to a statement"]
pub struct Order<E> {
    by: By,
    of: PhantomData<fn() -> E>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct By {
    column: &'static ColumnFacts,
    direction: &'static str,
    nulls: &'static str,
}

impl By {
    pub(crate) fn write(self, out: &mut Writer<'_>) {
        out.push(self.column.sql);
        out.push(self.direction);
        out.push(self.nulls);
    }
}

impl<E, T> Column<E, T> {
    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc(self) -> Order<E> {
        Order::by(self.facts, " asc")
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc(self) -> Order<E> {
        Order::by(self.facts, " desc")
    }
}

impl<E> Order<E> {
    fn by(column: &'static ColumnFacts, direction: &'static str) -> Self {
        Self { by: By { column, direction, nulls: "" }, of: PhantomData }
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
        let By { column, direction, nulls } = self.by;
        write!(f, "Order({}{direction}{nulls})", column.path)
    }
}

/// What rows of the entity `E` are ordered by: one [`Order`], a tuple of up to 8, or a list that is made at run time.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` are not ordered by a `{Self}`",
    label = "no order of `{E}`",
    note = "say in which direction: `u::id.asc()`; several are a tuple"
)]
pub trait OrderBy<E> {
    /// No public interface.
    #[doc(hidden)]
    fn each(self, put: &mut dyn FnMut(Order<E>));
}

#[diagnostic::do_not_recommend]
impl<E> OrderBy<E> for Order<E> {
    fn each(self, put: &mut dyn FnMut(Self)) {
        put(self);
    }
}

#[diagnostic::do_not_recommend]
impl<E> OrderBy<E> for Vec<Order<E>> {
    fn each(self, put: &mut dyn FnMut(Order<E>)) {
        self.into_iter().for_each(put);
    }
}

macro_rules! tuples {
    ($($($kind:ident $index:tt)+;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<E, $($kind: OrderBy<E>),+> OrderBy<E> for ($($kind,)+) {
            fn each(self, put: &mut dyn FnMut(Order<E>)) {
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

pub(crate) fn by<E>(order: impl OrderBy<E>, into: &mut Vec<By>) {
    order.each(&mut |order| into.push(order.by));
}
