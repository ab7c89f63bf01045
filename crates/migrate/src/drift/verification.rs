use crate::{Differences, Fingerprint, Pattern, Snapshot, VerifyError};

/// What came of holding a database against what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// In words, what it was held against.
    pub against: &'static str,
    /// The newest migration that is applied; `None` if none is.
    pub version: Option<i64>,
    /// The fingerprint of the schema that is expected.
    pub expected: Fingerprint,
    /// That of the schema that is there.
    pub found: Fingerprint,
    /// What differs; `None` if the schema differs from a lock file and nothing is at hand to say in what.
    pub differences: Option<Differences>,
    /// Whether the lock file does not say what its own migrations make, so that the differences are from these.
    pub lock_is_stale: bool,
    /// Patterns of objects to ignore that no object had.
    pub unused_patterns: Vec<Pattern>,
}

impl Verification {
    pub(super) fn of(
        against: &'static str,
        version: Option<i64>,
        expected: &Snapshot,
        found: &Snapshot,
    ) -> Result<Self, VerifyError> {
        let verification = Self::unexplained(against, version, expected.fingerprint(), found);
        if !verification.is_clean() && expected.major() != found.major() {
            return Err(VerifyError::OtherMajor { expected: expected.major(), found: found.major() });
        }
        Ok(Self { differences: Some(Differences::between(expected, found)), ..verification })
    }

    pub(super) fn unexplained(
        against: &'static str,
        version: Option<i64>,
        expected: Fingerprint,
        found: &Snapshot,
    ) -> Self {
        let unused_patterns = found.unused_patterns().to_vec();
        let found = found.fingerprint();
        let differences = (expected == found).then(Differences::default);
        Self { against, version, expected, found, differences, lock_is_stale: false, unused_patterns }
    }

    /// Whether the schema is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.expected == self.found
    }
}
