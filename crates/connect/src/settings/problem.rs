use std::fmt;

use super::Origin;

/// One setting that cannot be used as it is.
///
/// Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The setting's one name (`pool.size`), or the name as found where no setting has it.
    pub setting: String,
    /// Where the value was found.
    pub origin: Origin,
    /// What is wrong and what would be right, without a final stop.
    pub reason: String,
}

impl Problem {
    /// A problem of `setting`, found at `origin`.
    pub fn new(setting: impl Into<String>, origin: Origin, reason: impl Into<String>) -> Self {
        Self { setting: setting.into(), origin, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => write!(f, "{}: {}", self.setting, self.reason),
            origin => write!(f, "{} ({origin}): {}", self.setting, self.reason),
        }
    }
}

/// All settings that cannot be used, in the order in which they were found; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with all of them if there are any.
    ///
    /// # Errors
    /// The problems given.
    pub fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "wrong setting: {one}"),
            many => {
                write!(f, "{} wrong settings:", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}
