use std::sync::Arc;

use crate::statement::writer::Writer;
use crate::{Ident, Table};

/// A name in a statement, quoted there: a literal of the program, which is checked when the text of the statement is built, or
/// an [`Ident`], which was checked when it was made.
#[derive(Debug, Clone)]
pub struct Name(Source);

#[derive(Debug, Clone)]
enum Source {
    Literal(&'static str),
    Made(Arc<Ident>),
}

impl Name {
    /// As it is, unquoted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Source::Literal(name) => name,
            Source::Made(name) => name.name(),
        }
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) {
        match &self.0 {
            Source::Literal(name) => out.name(name),
            Source::Made(name) => out.made(name),
        }
    }
}

/// What is the name of a column: a literal or an [`Ident`]. A `String` is none: what a user says is held against what may be
/// said, or goes through [`Ident::new`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name for a statement",
    label = "neither a literal nor an `Ident`",
    note = "a name that is made at run time is checked by `Ident::new`, a table's by `Table::parse`"
)]
pub trait IntoName {
    /// The name.
    fn into_name(self) -> Name;
}

impl IntoName for &'static str {
    fn into_name(self) -> Name {
        Name(Source::Literal(self))
    }
}

impl IntoName for Ident {
    fn into_name(self) -> Name {
        Name(Source::Made(Arc::new(self)))
    }
}

impl IntoName for &Ident {
    fn into_name(self) -> Name {
        self.clone().into_name()
    }
}

impl IntoName for Name {
    fn into_name(self) -> Name {
        self
    }
}

/// What is the name of a table: a literal, `users` or `app.users`, as [`Table::parse`] takes it; or a [`Table`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name of a table",
    label = "neither a literal nor a `Table`",
    note = "a name that is made at run time is checked by `Table::parse`, or `Table::new` of an `Ident`"
)]
pub trait IntoTable {
    /// The schema, if one is said, and the table's own name.
    fn into_table(self) -> (Option<Name>, Name);
}

impl IntoTable for &'static str {
    fn into_table(self) -> (Option<Name>, Name) {
        match self.split_once('.') {
            Some((schema, table)) => (Some(schema.into_name()), table.into_name()),
            None => (None, self.into_name()),
        }
    }
}

impl IntoTable for Table {
    fn into_table(self) -> (Option<Name>, Name) {
        (&self).into_table()
    }
}

impl IntoTable for &Table {
    fn into_table(self) -> (Option<Name>, Name) {
        (self.schema().map(IntoName::into_name), self.name().into_name())
    }
}

/// Names of columns: a tuple of up to 16, an array or a `Vec`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no names of columns",
    label = "no tuple, array or `Vec` of literals or `Ident`s",
    note = "a single name has a comma behind it: `(\"id\",)`"
)]
pub trait IntoNames {
    /// The names.
    fn into_names(self) -> Vec<Name>;
}

impl<N: IntoName> IntoNames for Vec<N> {
    fn into_names(self) -> Vec<Name> {
        self.into_iter().map(IntoName::into_name).collect()
    }
}

impl<N: IntoName, const COUNT: usize> IntoNames for [N; COUNT] {
    fn into_names(self) -> Vec<Name> {
        self.into_iter().map(IntoName::into_name).collect()
    }
}

macro_rules! tuples {
    ($($($kind:ident $index:tt)+;)+) => {$(
        impl<$($kind: IntoName),+> IntoNames for ($($kind,)+) {
            fn into_names(self) -> Vec<Name> {
                vec![$(self.$index.into_name()),+]
            }
        }
    )+};
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15;
}
