use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::Column;

use super::FieldName;
use crate::bind::{short, written};

/// The columns of a statement that are not as a struct or tuple wants them: all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMismatch(Box<[ColumnProblem]>);

/// What is wrong with a column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// No column has the name.
    Missing {
        /// Which field wants it.
        field: FieldName,
        /// The columns that there are.
        there: Vec<String>,
    },
    /// More than one column has the name.
    Duplicate {
        /// Which field wants it.
        field: FieldName,
        /// How many.
        count: usize,
    },
    /// The field cannot be read from a column of this type.
    OtherType {
        /// Which field.
        field: FieldName,
        /// The column.
        column: String,
        /// The column's type.
        server_type: String,
        /// The type that the field is read as.
        rust_type: String,
    },
    /// A tuple or a scalar is for another number of columns.
    Count {
        /// The tuple.
        of: &'static str,
        /// For how many it is.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

impl RowMismatch {
    pub(super) fn new(problems: Vec<ColumnProblem>) -> Self {
        Self(problems.into())
    }

    /// In the order of the fields.
    #[must_use]
    pub fn problems(&self) -> &[ColumnProblem] {
        &self.0
    }
}

impl fmt::Display for RowMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(position, problem)| {
            let between = if position == 0 { "" } else { "; " };
            write!(f, "{between}{problem}")
        })
    }
}

impl StdError for RowMismatch {}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { field, there } => {
                write!(f, "{field}: no column {:?}, there are: {}", field.column, there.join(", "))
            }
            Self::Duplicate { field, count } => {
                write!(
                    f,
                    "{field}: {count} columns are called {:?}; rename all but one by `as`",
                    field.column
                )
            }
            Self::OtherType { field, column, server_type, rust_type } => {
                write!(f, "{field}: column {column:?} is `{server_type}`, which is not read as `{rust_type}`")
            }
            Self::Count { of, expected, found } => {
                write!(f, "`{}` is read from {expected} columns, there are {found}", short(of))
            }
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}.{}`", short(self.of), self.field)?;
        self.table.map_or(Ok(()), |table| write!(f, " of {table}"))
    }
}

/// A value of a row that cannot be read into its field. It says nothing of the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellMismatch(Box<Facts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    field: FieldName,
    column: String,
    server_type: String,
    rust_type: String,
    reason: CellReason,
}

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CellReason {
    /// It is NULL, and the field is no `Option`.
    Null,
    /// The driver cannot make it out: a date beyond those of its Rust type, a `numeric` that is NaN, a row of another statement.
    Unreadable,
    /// The Rust type has no such value, and what is read would be another one: the mask of an `inet` in an `IpAddr`, a time
    /// that is infinite or `24:00`, digits of a `numeric` that a `Decimal` has no place for.
    Inexact,
    /// Its JSON is none of what the field's type is made of.
    Json,
    /// The field's `TryFrom` refused it.
    Refused,
    /// Reading it panicked, as the `FromSql` of some types does for values that these cannot have. The panic hook was given
    /// what it said, which may be the value: see [values and panics](crate#values-and-panics).
    Panicked,
}

impl CellMismatch {
    #[cold]
    pub(super) fn new(
        field: FieldName,
        column: Option<&Column>,
        rust_type: String,
        reason: CellReason,
    ) -> Self {
        let (column, server_type) =
            column.map_or_else(Default::default, |it| (it.name().to_owned(), written(it.type_())));
        Self(Box::new(Facts { field, column, server_type, rust_type, reason }))
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> FieldName {
        self.0.field
    }

    /// The column.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.0.column
    }

    /// The column's type.
    #[must_use]
    pub fn server_type(&self) -> &str {
        &self.0.server_type
    }

    /// The Rust type that it is read as.
    #[must_use]
    pub fn rust_type(&self) -> &str {
        &self.0.rust_type
    }

    /// Why it cannot be read.
    #[must_use]
    pub fn reason(&self) -> CellReason {
        self.0.reason
    }
}

impl fmt::Display for CellMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { field, column, server_type, rust_type, reason } = &*self.0;
        let what = match reason {
            CellReason::Null => "is NULL; make the field an `Option` of",
            CellReason::Inexact => {
                "has a value, to be read as text (`::text`), that would be another one as a"
            }
            CellReason::Unreadable => "has a value that cannot be read as",
            CellReason::Json => "has JSON that does not make a",
            CellReason::Refused => "has a value that was refused by",
            CellReason::Panicked => "has a value that made a panic when it was read as",
        };
        write!(f, "{field}: column {column:?} (`{server_type}`) {what} `{rust_type}`")
    }
}

impl StdError for CellMismatch {}
