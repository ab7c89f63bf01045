use std::error::Error as StdError;

use pgkeel_connect::{BadIdent, DatabaseError, ServerError};
use tokio_postgres::error::SqlState;

#[cfg(feature = "cursor")]
use crate::page::InvalidCursor;
use crate::page::PageProblem;
use crate::param::BadParameter;
use crate::relation::BadStatement;
use crate::repeats::Repeated;
use crate::repository::UniqueViolation;
use crate::row::{CellMismatch, RowMismatch};

/// What went wrong with a statement.
///
/// Of whichever executor an error comes, `?` makes it this one: it has no type parameter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value does not fit the type of its parameter. Nothing was sent.
    #[error("a value does not fit its parameter")]
    Parameter(#[source] BadParameter),
    /// The statement was given more values than a message can count: 65 535. Nothing was sent. Many values go as one array:
    /// `= any($1)`.
    #[error(
        "{found} parameters are more than the 65535 that a statement can have; send many values as one array"
    )]
    TooManyParameters {
        /// How many there were.
        found: usize,
    },
    /// A statement of several tables cannot be as it is said. Nothing was sent.
    #[error("the statement cannot be")]
    Statement(#[source] BadStatement),
    /// A name that the program gives as a literal is none that PostgreSQL has. Nothing was sent.
    #[error("{name:?} is no name")]
    Name {
        /// The literal.
        name: &'static str,
        /// Why.
        #[source]
        source: BadIdent,
    },
    /// A statement by names selects no column, and what its rows are read as has no fields with names. Nothing was sent.
    #[error("no column is selected, and a tuple has no names; say which by `select`")]
    NothingSelected,
    /// An update sets no column. Nothing was sent.
    #[error("the update sets no column")]
    NothingToSet,
    /// The statement was given more values than its text has parameters. Nothing was sent.
    #[error("the text has {expected} parameters, {found} values were bound")]
    UnusedParameters {
        /// The highest number of a parameter in the text.
        expected: usize,
        /// How many values there were.
        found: usize,
    },
    /// The statement's columns are not those that its rows are to be read into. It was carried out.
    #[error("the columns of the statement do not fit")]
    Columns(#[source] RowMismatch),
    /// A value of a row cannot be read into its field. The statement was carried out.
    #[error("row {row} cannot be read")]
    Cell {
        /// Which row, from 1 on.
        row: usize,
        /// Which field, and why.
        #[source]
        source: CellMismatch,
    },
    /// There is no such page. Nothing was sent, but for [`PageProblem::NullInKey`] and [`PageProblem::KeyTooLong`].
    #[error("there is no such page")]
    Page(#[source] PageProblem),
    /// The cursor is not one of this statement. Nothing was sent.
    #[cfg(feature = "cursor")]
    #[error("there is no page at this cursor")]
    Cursor(#[source] InvalidCursor),
    /// The statement has more or fewer rows than the call can use.
    #[error("expected {expected}, got {found} rows")]
    RowCount {
        /// What the call can use, in words.
        expected: &'static str,
        /// How many there were.
        found: usize,
    },
    /// There are as many streams in the transaction as it can have, those counted that were dropped before their end. The
    /// transaction goes on, but where so many are opened at the same moment: then it has failed.
    #[error("the transaction has {most} streams already; read them to their end, or `close` them")]
    TooManyStreams {
        /// How many it can have.
        most: usize,
    },
    /// Rows of the stream are lost, as the future that waited for them was dropped, or as it has failed already.
    #[error("rows of the stream are lost; begin it again")]
    StreamLost,
    /// The server made no plan of the statement: it is one that has none, or a rule does nothing in its place.
    #[error("the server made no plan of the statement")]
    NoPlan,
    /// There is no row of this id.
    #[error("no such row of {entity}")]
    NotFound {
        /// The table, as the entity says it.
        entity: &'static str,
    },
    /// The row was changed since it was read. Nothing was changed by this statement: read the row again.
    #[error("the row of {entity} has version {}, expected was {expected}", Version(.actual))]
    Conflict {
        /// The table, as the entity says it.
        entity: &'static str,
        /// The version of the row when it was read.
        expected: i64,
        /// The version that it has now; `None` for NULL.
        actual: Option<i64>,
    },
    /// The row is deleted softly. Nothing was changed by this statement.
    #[error("the row of {entity} is deleted")]
    Deleted {
        /// The table, as the entity says it.
        entity: &'static str,
    },
    /// Another row has the same values, in columns that are told; of a call of a repository.
    #[error(transparent)]
    Unique(UniqueViolation),
    /// A value could not be sealed, opened or looked up.
    #[cfg(feature = "sealed")]
    #[error("a sealed value stays as it is")]
    Sealed(#[source] crate::sealed::SealedProblem),
    /// The statement is run again and again, where [`NPlusOne`](crate::NPlusOne) refuses that. It was not run this time.
    #[error("a statement is run again and again")]
    Repeated(#[source] Repeated),
    /// The keys of a sealed column could not be looked after.
    #[cfg(feature = "rotation")]
    #[error("the keys of sealed columns could not be looked after")]
    Rotation(#[source] crate::rotation::RotationProblem),
    /// The statement could not be run; what the executor says of it is the source.
    #[error("the statement failed")]
    Database(#[source] Failure),
}

struct Version<'a>(&'a Option<i64>);

impl std::fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(version) => version.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// What an executor says of a statement that failed.
#[derive(Debug)]
pub struct Failure(Box<dyn DatabaseError>);

impl Failure {
    #[cfg(feature = "rotation")]
    pub(crate) fn new(error: impl DatabaseError) -> Self {
        Self(Box::new(error))
    }

    /// The executor's own error, to be downcast: to `pgkeel_pool::Error` of a pool, for example.
    #[must_use]
    pub fn inner(&self) -> &(dyn DatabaseError + 'static) {
        &*self.0
    }

    /// As [`inner`](Self::inner), to be changed: by `pgkeel_pool::Retryable` of an error that this one is in.
    #[must_use]
    pub fn inner_mut(&mut self) -> &mut (dyn DatabaseError + 'static) {
        &mut *self.0
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl<E: DatabaseError> From<E> for Error {
    fn from(error: E) -> Self {
        if let Some((expected, found)) = error.row_count() {
            return Self::RowCount { expected, found };
        }
        match find::<BadParameter>(&error) {
            Some(bad) => Self::Parameter(bad.clone()),
            None => Self::Database(Failure(Box::new(error))),
        }
    }
}

#[cfg(feature = "rotation")]
impl From<crate::rotation::RotationProblem> for Error {
    fn from(problem: crate::rotation::RotationProblem) -> Self {
        Self::Rotation(problem)
    }
}

#[cfg(feature = "sealed")]
impl From<crate::sealed::SealedProblem> for Error {
    fn from(problem: crate::sealed::SealedProblem) -> Self {
        Self::Sealed(problem)
    }
}

impl From<PageProblem> for Error {
    fn from(problem: PageProblem) -> Self {
        Self::Page(problem)
    }
}

/// The first of this type among an error and its sources.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

impl Error {
    /// What the server said, if it was the server that refused.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Database(failure) => failure.0.server(),
            Self::Unique(violation) => violation.failure().0.server(),
            #[cfg(feature = "sealed")]
            Self::Sealed(problem) => problem.failure()?.0.server(),
            #[cfg(feature = "rotation")]
            Self::Rotation(problem) => problem.failure()?.0.server(),
            _ => None,
        }
    }

    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.server().map(ServerError::code)
    }

    /// The constraint that was violated, if the server named one.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.server().and_then(ServerError::constraint)
    }

    /// Whether a row was asked for that is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::RowCount { found: 0, .. } | Self::NotFound { .. } | Self::Deleted { .. })
    }

    /// Whether another row has the same value of a unique constraint or index.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.is(&SqlState::UNIQUE_VIOLATION)
    }

    /// Whether a row refers to one that is not there, or is referred to by one that is.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        self.is(&SqlState::FOREIGN_KEY_VIOLATION)
    }

    /// Whether a check of a table or domain does not hold.
    #[must_use]
    pub fn is_check_violation(&self) -> bool {
        self.is(&SqlState::CHECK_VIOLATION)
    }

    /// Whether NULL was given to a column that has none.
    #[must_use]
    pub fn is_not_null_violation(&self) -> bool {
        self.is(&SqlState::NOT_NULL_VIOLATION)
    }

    /// Whether what was asked for is no page: a number, a size, a cursor, that came from outside. Nothing was sent.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        match self {
            Self::Page(problem) => problem.is_of_request(),
            #[cfg(feature = "cursor")]
            Self::Cursor(_) => true,
            _ => false,
        }
    }

    /// Whether running the whole transaction again can succeed and cannot apply it twice: it has certainly had no effect,
    /// and the cause may pass.
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        matches!(self, Self::Database(failure) if failure.0.is_safe_to_retry())
    }

    fn is(&self, code: &SqlState) -> bool {
        self.code() == Some(code)
    }
}
