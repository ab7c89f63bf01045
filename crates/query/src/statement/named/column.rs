use std::sync::Arc;

use super::{IntoName, Name, Named};
use crate::bind::{Bind, Held};
use crate::statement::like::literal;
use crate::statement::writer::Writer;
use crate::statement::{Condition, Filter, Operator, Term};

/// A column that is known by its name alone: `col("email")`. It is compared with any value; the server says what type it is of,
/// and what does not fit is an error before anything is sent.
///
/// ```
/// use pgkeel_query::{col, q};
///
/// let statement = q("users").select(("id",)).filter(col("email").eq("a@b") | col("visits").gt(7_i32));
/// assert_eq!(statement.text()?, r#"select "id" from "users" where (("email" = $1) or ("visits" > $2))"#);
/// # Ok::<(), pgkeel_query::Error>(())
/// ```
///
/// A name that a user gave does not compile:
/// ```compile_fail,E0277
/// let field: String = std::env::args().next().unwrap_or_default();
/// let _ = pgkeel_query::col(field).eq(7_i32);
/// ```
pub fn col(name: impl IntoName) -> NamedColumn {
    NamedColumn { name: name.into_name() }
}

/// A column that is known by its name alone, by [`col`].
#[derive(Debug, Clone)]
#[must_use = "a column is compared, or ordered by"]
pub struct NamedColumn {
    name: Name,
}

/// What comparing with a value is, by its operator.
macro_rules! comparisons {
    ($($(#[$doc:meta])* $method:ident $operator:ident;)+) => {$(
        $(#[$doc])*
        pub fn $method<'a>(self, value: impl Bind + 'a) -> Filter<'a, Named> {
            self.compared(Operator::$operator, value)
        }
    )+};
}

macro_rules! parts {
    ($($(#[$doc:meta])* $method:ident $before:literal $behind:literal;)+) => {$(
        $(#[$doc])*
        pub fn $method(self, part: impl AsRef<str>) -> Filter<'static, Named> {
            self.compared(Operator::Like, literal($before, part.as_ref(), $behind))
        }
    )+};
}

impl NamedColumn {
    comparisons! {
        /// `= $1`. Nothing equals NULL: for that there is [`is_null`](Self::is_null).
        eq Equal;
        /// `<> $1`. Not true of NULL.
        ne NotEqual;
        /// `< $1`
        lt Less;
        /// `<= $1`
        le LessOrEqual;
        /// `> $1`
        gt Greater;
        /// `>= $1`
        ge GreaterOrEqual;
        /// `= any($1)`: one of the values of an array. Of none, no row.
        any_of EqualAny;
        /// `<> all($1)`: none of the values of an array. Of none, every row; else not true of NULL.
        none_of NotEqualAll;
    }

    parts! {
        /// Whether the part is somewhere in the text; it stands for itself, without wildcards.
        contains "%" "%";
        /// Whether the text begins with the part.
        starts_with "" "%";
        /// Whether the text ends with the part.
        ends_with "%" "";
    }

    /// `is null`
    pub fn is_null(self) -> Filter<'static, Named> {
        Filter::new(Condition::IsNull(Term::Named(self.name)))
    }

    /// `is not null`
    pub fn is_not_null(self) -> Filter<'static, Named> {
        !self.is_null()
    }

    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc(self) -> NamedOrder {
        NamedOrder { name: self.name, direction: " asc", nulls: "" }
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc(self) -> NamedOrder {
        NamedOrder { name: self.name, direction: " desc", nulls: "" }
    }

    fn compared<'a>(self, operator: Operator, value: impl Bind + 'a) -> Filter<'a, Named> {
        let value = Term::NamedValue(Held::Shared(Arc::new(value)), self.name.clone());
        Filter::new(Condition::Compare(Term::Named(self.name), operator, value))
    }
}

/// A column that is known by its name alone, and in which direction rows are ordered by it.
#[derive(Debug, Clone)]
#[must_use = "an order is given to a statement"]
pub struct NamedOrder {
    name: Name,
    direction: &'static str,
    nulls: &'static str,
}

impl NamedOrder {
    /// NULL comes in front of all values.
    pub fn nulls_first(mut self) -> Self {
        self.nulls = " nulls first";
        self
    }

    /// NULL comes behind all values.
    pub fn nulls_last(mut self) -> Self {
        self.nulls = " nulls last";
        self
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.name.write(out);
        out.push(self.direction);
        out.push(self.nulls);
    }
}
