use crate::{Error, ServerError};

/// What callers decide on, of the error of any [`Executor`](crate::Executor).
///
/// A crate that takes any executor keeps such an error in a box, so that its own error has no type parameter:
///
/// ```
/// use pgkeel_connect::{DatabaseError, Error};
///
/// #[derive(Debug)]
/// struct Failed(Box<dyn DatabaseError>);
///
/// impl<E: DatabaseError> From<E> for Failed {
///     fn from(error: E) -> Self {
///         Self(Box::new(error))
///     }
/// }
///
/// let failed = Failed::from(Error::RowCount { expected: "one row", found: 0 });
/// assert_eq!(failed.0.row_count(), Some(("one row", 0)));
/// ```
pub trait DatabaseError: std::error::Error + Send + Sync + 'static {
    /// What the server said, if it was the server that refused.
    fn server(&self) -> Option<&ServerError>;

    /// Whether running the whole transaction again can succeed and cannot apply it twice.
    fn is_safe_to_retry(&self) -> bool;

    /// How many rows the call can use, in words, and how many there were, if that is what is wrong.
    fn row_count(&self) -> Option<(&'static str, usize)>;
}

impl DatabaseError for Error {
    fn server(&self) -> Option<&ServerError> {
        self.server()
    }

    fn is_safe_to_retry(&self) -> bool {
        self.is_safe_to_retry()
    }

    fn row_count(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::RowCount { expected, found } => Some((expected, *found)),
            _ => None,
        }
    }
}
