use std::marker::PhantomData;

use super::comparison::Comparison;
use super::request::Given;
use super::set::Field;
use super::value::{InputOf, InputValue, has_a_place};
use super::{Fault, set};
use crate::entity::{Column, ColumnFacts, Comparable, TextValue};
use crate::{Filter, Order};

/// What is put together of values, or which of them is wrong and why.
pub(super) type Made<E> = Result<Filter<'static, E>, (usize, Fault)>;

/// How the values of a column are read, whatever their type.
pub(super) type Compare<E> = fn(&'static ColumnFacts, Comparison, &[Given<'_>]) -> Made<E>;

/// How rows are ordered by a column, whatever its type: downwards, if so.
pub(super) type Sort<E> = fn(&'static ColumnFacts, bool) -> Order<E>;

/// A field that `fields!` is about to list, while it still knows its type. No public interface.
#[doc(hidden)]
#[derive(Debug)]
pub struct Offer<E, T> {
    field: Field<E>,
    of: PhantomData<fn() -> T>,
}

impl<E, T> Offer<E, T> {
    /// # Panics
    /// If users could not write the name: while the program is compiled.
    #[must_use]
    pub const fn of(name: &'static str, column: Column<E, T>) -> Self {
        set::check_name(name);
        Self { field: Field::of(name, column.facts()), of: PhantomData }
    }

    #[must_use]
    pub const fn done(self) -> Field<E> {
        self.field
    }

    #[must_use]
    pub const fn sort(self) -> Self
    where
        T: Comparable,
    {
        Self { field: self.field.sorted(sort::<E, T>), ..self }
    }

    const fn with(self, one: Comparison) -> Self {
        Self { field: self.field.with(one), ..self }
    }
}

macro_rules! compared {
    ($($word:ident: $($one:ident)+;)+) => {
        // The bound is the method's, so that the compiler says what the trait has to say.
        impl<E, T> Offer<E, T> {$(
            #[must_use]
            pub const fn $word(self) -> Self
            where
                T: InputOf,
            {
                Self { field: self.field.comparing(compare::<E, T::Value>), ..self }$(.with(Comparison::$one))+
            }
        )+}
    };
}

compared! {
    eq: Eq;
    ne: Ne;
    lt: Lt;
    le: Le;
    gt: Gt;
    ge: Ge;
    range: Lt Le Gt Ge;
    any_of: AnyOf;
    none_of: NoneOf;
}

macro_rules! parts {
    ($($word:ident: $one:ident;)+) => {
        impl<E, T> Offer<E, T> {$(
            #[must_use]
            pub const fn $word(self) -> Self
            where
                T: TextValue,
            {
                self.with(Comparison::$one)
            }
        )+}
    };
}

parts! {
    contains: Contains;
    starts_with: StartsWith;
    ends_with: EndsWith;
    contains_ignore_case: ContainsIgnoreCase;
    starts_with_ignore_case: StartsWithIgnoreCase;
    ends_with_ignore_case: EndsWithIgnoreCase;
    eq_ignore_case: EqIgnoreCase;
}

impl<E, T> Offer<E, Option<T>> {
    #[must_use]
    pub const fn is_null(self) -> Self {
        self.with(Comparison::IsNull)
    }
}

impl<E, T> Clone for Offer<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Offer<E, T> {}

fn sort<E, T: Comparable>(column: &'static ColumnFacts, is_descending: bool) -> Order<E> {
    let column = Column::<E, T>::of(column);
    if is_descending { column.desc() } else { column.asc() }
}

/// Reads values of the column's type. There is one, unless it is a comparison with many.
fn compare<E, V: InputValue>(column: &'static ColumnFacts, by: Comparison, given: &[Given<'_>]) -> Made<E> {
    let mut values = Vec::with_capacity(given.len());
    for (place, given) in given.iter().enumerate() {
        values.push(read::<V>(*given).map_err(|fault| (place, fault))?);
    }
    let column = Column::<E, V>::of(column);
    if by.is_of_many() {
        let is_any = by == Comparison::AnyOf;
        return Ok(if is_any { column.any_of(values) } else { column.none_of(values) });
    }
    let value = values.pop().ok_or((0, wrong::<V>()))?;
    Ok(match by {
        Comparison::Ne => column.ne(value),
        Comparison::Lt => column.lt(value),
        Comparison::Le => column.le(value),
        Comparison::Gt => column.gt(value),
        Comparison::Ge => column.ge(value),
        _ => column.eq(value),
    })
}

pub(super) fn read<V: InputValue>(given: Given<'_>) -> Result<V, Fault> {
    let value = match given {
        Given::Text(text) => V::from_text(text),
        #[cfg(feature = "json")]
        Given::Json(json) => V::from_json(json),
    };
    value.filter(has_a_place).ok_or_else(wrong::<V>)
}

fn wrong<V: InputValue>() -> Fault {
    Fault::WrongValue { wanted: V::WANTED, choices: V::choices() }
}
