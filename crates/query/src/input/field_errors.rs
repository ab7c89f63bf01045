use std::fmt;

use super::Fault;

/// All that is wrong with something that a user has sent: of what was asked for, of values, of what the database thinks of them.
///
/// No value that was sent is in it, and of names that were made up a short part without anything that could act on a page; so it
/// can be logged and sent back. With the feature `json` it is written by serde as `FastAPI` writes what is wrong, in a body
/// `{"detail": errors}`, or as [`Problem`](crate::input::Problem), by RFC 9457:
#[cfg_attr(feature = "json", doc = "```")]
#[cfg_attr(not(feature = "json"), doc = "```ignore")]
/// # use pgkeel_query::{Entity, FieldSet, fields};
/// # use pgkeel_query::input::Request;
/// # #[derive(Debug, Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64 }
/// static LIST: FieldSet<User> = fields! { "id" => u::id [eq] };
///
/// let errors = LIST.read(&Request::pairs(&[("filter[id][lt]", "7")])).unwrap_err();
/// assert_eq!(
///     serde_json::json!({ "detail": errors }),
///     serde_json::json!({ "detail": [{
///         "loc": ["query", "filter", "id", "lt"],
///         "msg": "unknown operator; allowed: eq",
///         "type": "unknown_operator",
///         "ctx": { "allowed": ["eq"] },
///     }]})
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FieldErrors(Vec<FieldError>);

/// A [`Fault`] and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    place: Vec<Step>,
    fault: Fault,
}

/// A step on the way to a place in what was sent: the first is `query` or `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The value of this name.
    Name(String),
    /// The value at this place of a list, from 0 on.
    Index(usize),
}

/// All statuses that there are for it.
const BAD_REQUEST: u16 = 400;
const CONFLICT: u16 = 409;
const UNPROCESSABLE: u16 = 422;

impl FieldErrors {
    /// What is wrong, if anything is.
    pub(super) fn of(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// These, if there are any.
    pub(super) fn all(errors: impl Iterator<Item = (Vec<Step>, Fault)>) -> Option<Self> {
        Self::of(errors.map(|(place, fault)| FieldError::new(place, fault)).collect()).err()
    }

    /// What the program itself finds wrong at a place.
    ///
    /// ```
    /// use pgkeel_query::FieldErrors;
    /// use pgkeel_query::input::{Fault, Step};
    ///
    /// let place = ["body", "start"].map(|name| Step::Name(name.to_owned()));
    /// let message = "has to be before the end".to_owned();
    /// let errors = FieldErrors::at(place, Fault::Rule { code: "too_late", message, limits: Vec::new() });
    /// assert_eq!(errors.to_string(), "body.start: has to be before the end");
    /// ```
    #[must_use]
    pub fn at(place: impl IntoIterator<Item = Step>, fault: Fault) -> Self {
        Self(vec![FieldError::new(place.into_iter().collect(), fault)])
    }

    /// These, and the others behind them.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Each, in the order in which they were found. There is at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, FieldError> {
        self.0.iter()
    }

    /// The status of HTTP that goes with it: 400 if what was asked for is wrong, 409 if a row of the database is in the way, else
    /// 422.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.iter().any(|error| error.fault.is_of_request()) {
            BAD_REQUEST
        } else if self.iter().any(|error| error.fault.is_conflict()) {
            CONFLICT
        } else {
            UNPROCESSABLE
        }
    }
}

impl<'a> IntoIterator for &'a FieldErrors {
    type Item = &'a FieldError;
    type IntoIter = std::slice::Iter<'a, FieldError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FieldError {
    pub(super) fn new(place: Vec<Step>, fault: Fault) -> Self {
        Self { place, fault }
    }

    /// The way to it: `query`, `filter`, `name`, `contains`.
    #[must_use]
    pub fn place(&self) -> &[Step] {
        &self.place
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl Step {
    pub(super) fn name(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .enumerate()
            .try_for_each(|(place, error)| write!(f, "{}{error}", if place == 0 { "" } else { "; " }))
    }
}

impl std::error::Error for FieldErrors {}

/// The place with points, and what is wrong there.
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.place.iter().enumerate() {
            match step {
                Step::Name(name) => write!(f, "{}{name}", if place == 0 { "" } else { "." })?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        write!(f, ": {}", self.fault)
    }
}
