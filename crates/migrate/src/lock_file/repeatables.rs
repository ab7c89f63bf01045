use super::LockFile;
use crate::{Fingerprint, Migration, Repeated};

/// What is written down of the repeatables. They have no place among the versions, so the schema with them is known only
/// behind all versions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockRepeatables {
    /// Their names and the checksums of their texts, by name.
    pub files: Vec<(String, Fingerprint)>,
    /// Of the schema after all versions and all repeatables.
    pub schema: Fingerprint,
}

impl LockRepeatables {
    pub(crate) fn new<'a>(files: impl Iterator<Item = &'a Migration>, schema: Fingerprint) -> Self {
        let mut files: Vec<_> =
            files.map(|file| (file.name().to_owned(), Fingerprint::of(file.sql()))).collect();
        files.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Self { files, schema }
    }

    /// What is written down of the text of one.
    #[must_use]
    pub fn checksum(&self, name: &str) -> Option<Fingerprint> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, checksum)| *checksum)
    }

    /// Whether just these were applied, with just these texts.
    fn are(&self, repeated: &[Repeated]) -> bool {
        let is_it = |row: &Repeated| {
            self.checksum(&row.name).is_some_and(|checksum| checksum.to_string() == row.sha256)
        };
        self.files.len() == repeated.len() && repeated.iter().all(is_it)
    }
}

impl LockFile {
    /// What the schema is after a version and the repeatables that were applied; `None` if that is not written down, as
    /// others were, or as it is not the newest version.
    pub(crate) fn schema_after(&self, version: i64, repeated: &[Repeated]) -> Option<Fingerprint> {
        let entry = self.entry_or_checkpoint(version)?;
        match (repeated, self.repeatables()) {
            ([], _) => Some(entry.schema),
            (_, Some(known)) if self.newest() == Some(version) && known.are(repeated) => Some(known.schema),
            _ => None,
        }
    }
}
