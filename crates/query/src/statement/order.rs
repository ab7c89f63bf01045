use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use super::sort::{OrderExpr, Sort};
use super::writer::Writer;
use crate::entity::{Column, ColumnFacts, Comparable};
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
    pub(crate) alias: Option<&'static str>,
    pub(super) direction: &'static str,
    pub(super) nulls: &'static str,
    /// Whether the column's type has a place for NULL.
    pub(crate) is_nullable: bool,
}

pub(super) const UP: &str = " asc";
pub(super) const DOWN: &str = " desc";
pub(super) const NULLS_FIRST: &str = " nulls first";
pub(super) const NULLS_LAST: &str = " nulls last";

impl By {
    /// Upwards, of a column without NULL.
    pub(crate) fn ascending(column: &'static ColumnFacts, alias: Option<&'static str>) -> Self {
        Self { column, alias, direction: UP, nulls: "", is_nullable: false }
    }

    pub(crate) fn write(self, out: &mut Writer<'_>) {
        self.write_column(out);
        self.write_direction(out);
    }

    pub(crate) fn write_column(self, out: &mut Writer<'_>) {
        write_column(self.column, self.alias, out);
    }

    /// What stands behind the column.
    pub(crate) fn write_direction(self, out: &mut Writer<'_>) {
        out.push(self.direction);
        out.push(self.nulls);
    }

    /// What its table is called.
    pub(crate) fn table(self) -> &'static str {
        self.alias.unwrap_or_else(|| self.column.table())
    }

    pub(crate) fn is_down(self) -> bool {
        self.direction == DOWN
    }

    /// Whether NULL comes in front of all values.
    pub(crate) fn has_nulls_first(self) -> bool {
        if self.nulls.is_empty() { self.is_down() } else { self.nulls == NULLS_FIRST }
    }

    /// The same order from its end.
    pub(crate) fn reversed(self) -> Self {
        let direction = if self.is_down() { UP } else { DOWN };
        let nulls = match self.nulls {
            NULLS_FIRST => NULLS_LAST,
            NULLS_LAST => NULLS_FIRST,
            unsaid => unsaid,
        };
        Self { direction, nulls, ..self }
    }
}

impl<E, T> Column<E, T> {
    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc(self) -> Order<E>
    where
        T: Comparable,
    {
        Order::by(self, UP)
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc(self) -> Order<E>
    where
        T: Comparable,
    {
        Order::by(self, DOWN)
    }
}

impl<E> Order<E> {
    fn by<T>(column: Column<E, T>, direction: &'static str) -> Self {
        let Column { facts, table: alias, .. } = column;
        let by = By { column: facts, alias, direction, nulls: "", is_nullable: is_option::<T>() };
        Self { by, of: PhantomData }
    }

    /// NULL comes in front of all values.
    pub fn nulls_first(mut self) -> Self {
        self.by.nulls = NULLS_FIRST;
        self
    }

    /// NULL comes behind all values.
    pub fn nulls_last(mut self) -> Self {
        self.by.nulls = NULLS_LAST;
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

/// Whether a type is an `Option`: both names come from the same compiler, so they begin alike, whatever they look like.
fn is_option<T>() -> bool {
    let (name, known) = (type_name::<T>(), type_name::<Option<()>>());
    known
        .split_once('<')
        .is_some_and(|(known, _)| name.starts_with(known) && name[known.len()..].starts_with('<'))
}

pub(crate) fn by<'a, E>(order: impl OrderBy<E> + 'a, into: &mut Vec<Sort<'a>>) {
    order.each(&mut |order| into.push(order.sort));
}
