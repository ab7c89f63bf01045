use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{Fault, FieldError, FieldErrors, Limit, Step};

/// [`FieldErrors`] as the body of an answer, `application/problem+json` by RFC 9457, by [`FieldErrors::problem`].
///
/// ```
/// # use pgkeel_query::{Entity, FieldSet, fields};
/// # use pgkeel_query::input::Request;
/// # #[derive(Debug, Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64 }
/// static LIST: FieldSet<User> = fields! { "id" => u::id [eq] };
///
/// let errors = LIST.read(&Request::pairs(&[("sort", "id")])).unwrap_err();
/// assert_eq!(
///     serde_json::to_value(errors.problem())?,
///     serde_json::json!({
///         "type": "about:blank",
///         "title": "Bad Request",
///         "status": 400,
///         "detail": "query.sort[0].id: unknown field; none is allowed",
///         "errors": [{
///             "loc": ["query", "sort", 0, "id"],
///             "msg": "unknown field; none is allowed",
///             "type": "unknown_field",
///             "ctx": { "allowed": [] },
///         }],
///     })
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Problem<'e>(&'e FieldErrors);

impl FieldErrors {
    /// As the body of an answer, by RFC 9457.
    #[must_use]
    pub fn problem(&self) -> Problem<'_> {
        Problem(self)
    }
}

impl Problem<'_> {
    /// As [`FieldErrors::status`].
    #[must_use]
    pub fn status(self) -> u16 {
        self.0.status()
    }

    /// As HTTP calls the status: with no type of its own a problem is called that.
    fn title(self) -> &'static str {
        match self.status() {
            400 => "Bad Request",
            409 => "Conflict",
            _ => "Unprocessable Content",
        }
    }
}

impl Serialize for Problem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut problem = serializer.serialize_struct("Problem", 5)?;
        problem.serialize_field("type", "about:blank")?;
        problem.serialize_field("title", self.title())?;
        problem.serialize_field("status", &self.status())?;
        problem.serialize_field("detail", &self.0.to_string())?;
        problem.serialize_field("errors", self.0)?;
        problem.end()
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Serialize for FieldError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = Facts(self.fault());
        let mut error = serializer.serialize_struct("FieldError", 4)?;
        error.serialize_field("loc", self.place())?;
        error.serialize_field("msg", &self.fault().to_string())?;
        error.serialize_field("type", self.fault().code())?;
        if facts.has_any() {
            error.serialize_field("ctx", &facts)?;
        } else {
            error.skip_field("ctx")?;
        }
        error.end()
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Index(index) => index.serialize(serializer),
        }
    }
}

/// What a fault says besides its code and message.
struct Facts<'e>(&'e Fault);

impl Facts<'_> {
    fn has_any(&self) -> bool {
        match self.0 {
            Fault::Rule { limits, .. } => !limits.is_empty(),
            fault => fault.is_of_request() && !matches!(fault, Fault::Twice | Fault::More),
        }
    }
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut facts = serializer.serialize_map(None)?;
        match self.0 {
            Fault::Malformed { expected } => facts.serialize_entry("expected", expected)?,
            Fault::UnknownField { allowed, nearest } | Fault::UnknownOperator { allowed, nearest } => {
                facts.serialize_entry("allowed", allowed)?;
                if let Some(nearest) = nearest {
                    facts.serialize_entry("nearest", nearest)?;
                }
            }
            Fault::WrongValue { wanted, choices } => {
                facts.serialize_entry("expected", wanted)?;
                if !choices.is_empty() {
                    facts.serialize_entry("allowed", choices)?;
                }
            }
            Fault::TooMany { most, .. } | Fault::TooLong { most } | Fault::TooDeep { most } => {
                facts.serialize_entry("limit", most)?;
            }
            Fault::Rule { limits, .. } => {
                limits.iter().try_for_each(|(name, limit)| facts.serialize_entry(name, limit))?;
            }
            _ => {}
        }
        facts.end()
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(number) => number.serialize(serializer),
            Self::Float(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}
