use std::fmt;

/// What is wrong with something that a user has sent. No value is in it.
///
/// | code | meaning | in JSON besides |
/// |---|---|---|
/// | `malformed` | it is not written as it has to be | `expected` |
/// | `unknown_field` | no such field is listed, or not for that | `allowed`, `nearest` |
/// | `unknown_operator` | no such operator is listed for the field | `allowed`, `nearest` |
/// | `wrong_value` | the value is none of the column's type | `expected`, `allowed` |
/// | `too_many`, `too_long`, `too_deep` | more than a cap | `limit` |
/// | `said_twice` | it can be said once | |
/// | `more` | more is wrong than is told | |
/// | `missing` | there has to be a value | |
/// | `taken` | another row has the same value | |
/// | `no_such_row` | no row is there that it refers to, or one still refers to it | |
/// | `check_failed` | a rule of the database does not hold | |
/// | those of [`check`](crate::input::check()) | a rule of the program does not hold | its limits |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// It is not written as a [`Request`](crate::input::Request) is.
    Malformed {
        /// How it has to be.
        expected: &'static str,
    },
    /// No field of this name is listed, or none for this.
    UnknownField {
        /// The fields that are.
        allowed: Vec<&'static str>,
        /// Which of them is perhaps meant.
        nearest: Option<&'static str>,
    },
    /// The field is not listed for an operator of this name.
    UnknownOperator {
        /// The operators that it is listed for.
        allowed: Vec<&'static str>,
        /// Which of them is perhaps meant.
        nearest: Option<&'static str>,
    },
    /// A value is none of the column's type.
    WrongValue {
        /// What is wanted, in words.
        wanted: &'static str,
        /// All values that there are, if they are few.
        choices: &'static [&'static str],
    },
    /// There are more than a cap allows.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many may be there.
        most: usize,
    },
    /// It takes more bytes than a cap allows.
    TooLong {
        /// How many it may take.
        most: usize,
    },
    /// More levels are inside of each other than a cap allows.
    TooDeep {
        /// How many may be.
        most: usize,
    },
    /// A field is named twice to sort by.
    Twice,
    /// More is wrong than is told here.
    More,
    /// There is no value where there has to be one.
    Missing,
    /// Another row has the same value, or the same values.
    Taken,
    /// No row is there that it refers to; or it goes, and another row refers to it.
    NoSuchRow,
    /// A check of the database does not hold.
    CheckFailed {
        /// What the program says of it, if it says anything.
        message: Option<&'static str>,
    },
    /// A rule of the program does not hold.
    Rule {
        /// Which one.
        code: &'static str,
        /// What it says.
        message: String,
        /// Its limits, by their names.
        limits: Vec<(&'static str, Limit)>,
    },
}

/// A limit of a rule: of the program's, never a value that was sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// A whole number.
    Whole(i64),
    /// Another number.
    Float(f64),
    /// Anything else.
    Text(String),
}

impl Fault {
    /// What kind of fault it is, as programs know it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::UnknownField { .. } => "unknown_field",
            Self::UnknownOperator { .. } => "unknown_operator",
            Self::WrongValue { .. } => "wrong_value",
            Self::TooMany { .. } => "too_many",
            Self::TooLong { .. } => "too_long",
            Self::TooDeep { .. } => "too_deep",
            Self::Twice => "said_twice",
            Self::More => "more",
            Self::Missing => "missing",
            Self::Taken => "taken",
            Self::NoSuchRow => "no_such_row",
            Self::CheckFailed { .. } => "check_failed",
            Self::Rule { code, .. } => code,
        }
    }

    /// Whether it is about what was asked for, and not about a row that was sent in.
    #[must_use]
    pub fn is_of_request(&self) -> bool {
        !matches!(
            self,
            Self::Missing | Self::Taken | Self::NoSuchRow | Self::CheckFailed { .. } | Self::Rule { .. }
        )
    }

    /// Whether the database has a row that is in its way.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Taken | Self::NoSuchRow)
    }
}

/// As a user is told it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { expected } => write!(f, "not {expected}"),
            Self::UnknownField { allowed, nearest } => unknown("field", allowed, *nearest, f),
            Self::UnknownOperator { allowed, nearest } => unknown("operator", allowed, *nearest, f),
            Self::WrongValue { wanted, .. } => write!(f, "not {wanted}"),
            Self::TooMany { what, most } => write!(f, "more than {most} {what}"),
            Self::TooLong { most } => write!(f, "longer than {most} bytes"),
            Self::TooDeep { most } => write!(f, "more than {most} levels of and, or and not"),
            Self::Twice => write!(f, "said twice"),
            Self::More => write!(f, "more is wrong than is told here"),
            Self::Missing => write!(f, "there has to be a value"),
            Self::Taken => write!(f, "there is one already"),
            Self::NoSuchRow => write!(f, "what it refers to is not there, or something refers to it"),
            Self::CheckFailed { message } => write!(f, "{}", message.unwrap_or("this is not allowed")),
            Self::Rule { message, .. } => write!(f, "{message}"),
        }
    }
}

fn unknown(what: &str, allowed: &[&str], nearest: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "unknown {what}")?;
    match nearest {
        Some(nearest) => write!(f, ", is it `{nearest}`? ")?,
        None => write!(f, "; ")?,
    }
    if allowed.is_empty() {
        write!(f, "none is allowed")
    } else {
        write!(f, "allowed: {}", allowed.join(", "))
    }
}
