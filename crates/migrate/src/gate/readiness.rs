use std::fmt;

use super::SchemaCheck;
use crate::{Conflict, Fingerprint, Interrupted, LockHolder};

/// Whether a service may serve on a database, and if not, why. Shown, it says in one line what to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Readiness {
    /// It may.
    Ready {
        /// How many versions it has, all of which are applied.
        applied: usize,
        /// What is known of the schema besides.
        schema: SchemaCheck,
    },
    /// Files are not applied.
    Pending {
        /// Their names, in the order of versions, then those of repeatables.
        files: Vec<String>,
        /// Whether one of them never was. Else all are repeatables of which another text is applied: an older one, or that
        /// of a newer program.
        is_lacking: bool,
        /// Who is applying them right now.
        holder: Option<LockHolder>,
    },
    /// All files are applied, and the schema is not what they make of it.
    Drifted {
        /// In words, what it was held against.
        against: &'static str,
        /// The fingerprint that it should have.
        expected: Fingerprint,
        /// The one that it has.
        found: Fingerprint,
    },
    /// The database is at files that are newer than the program.
    Newer {
        /// The versions that the program does not know, the lowest first.
        versions: Vec<i64>,
    },
    /// A file stands between two of its statements, and nobody is at it.
    Interrupted {
        /// Which, and how far it is; the first one if there are several.
        file: Interrupted,
    },
    /// Files that are applied are not those of the program.
    Conflicting {
        /// All that is in conflict, in the order of versions.
        conflicts: Vec<Conflict>,
    },
}

impl Readiness {
    /// Whether it may serve.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    /// Whether something is missing that the program needs, so that also one that serves already should not go on: a file
    /// never was applied, or stands between two statements. The rest is what others may have done to a database under a
    /// program that works on it.
    #[must_use]
    pub fn lacks_something(&self) -> bool {
        matches!(self, Self::Pending { is_lacking: true, .. } | Self::Interrupted { .. })
    }

    /// The same in one word, for programs: `ready`, `pending`, `drifted`, `newer`, `interrupted` or `conflicting`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Pending { .. } => "pending",
            Self::Drifted { .. } => "drifted",
            Self::Newer { .. } => "newer",
            Self::Interrupted { .. } => "interrupted",
            Self::Conflicting { .. } => "conflicting",
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { applied, schema } => {
                write!(f, "ready: the database has all of {}{schema}", Counted(*applied, "migration"))
            }
            Self::Pending { files, holder: Some(holder), .. } => {
                write!(f, "{} not applied yet; {holder} is at it", Files(files))
            }
            Self::Pending { files, holder: None, .. } => {
                write!(f, "{} not applied; run migrate up", Files(files))
            }
            Self::Drifted { against, .. } => write!(
                f,
                "the schema is not that of {against}; run migrate verify to see in what, and put the change into a \
                 migration or undo it"
            ),
            Self::Newer { versions } => write!(
                f,
                "the database is at version {}, which this program does not know; start the program that belongs to it, or \
                 revert with its files",
                versions.last().copied().unwrap_or_default()
            ),
            Self::Interrupted { file } => write!(
                f,
                "{} was stopped {}; run migrate {} to go on with it",
                file.file,
                file.place(),
                file.direction
            ),
            Self::Conflicting { conflicts } => {
                let more = match conflicts.len() {
                    0 | 1 => String::new(),
                    all => format!(" ({} more in conflict)", all - 1),
                };
                conflicts.first().map_or(Ok(()), |first| write!(f, "{first}{more}"))
            }
        }
    }
}

struct Counted(usize, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, of) = self;
        if *number == 1 { write!(f, "1 {of}") } else { write!(f, "{number} {of}s") }
    }
}

struct Files<'a>(&'a [String]);

impl fmt::Display for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nothing is"),
            [one] => write!(f, "{one} is"),
            [first, .., last] => write!(f, "{} files, from {first} to {last}, are", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Direction;

    #[test]
    fn each_says_in_one_line_what_to_do() {
        let (found, expected) = (Fingerprint::of("found"), Fingerprint::of("expected"));
        let file = "V2__b.sql".to_owned();
        let direction = Direction::Up;
        let it = Interrupted {
            file: file.clone(),
            version: 2,
            direction,
            done: 1,
            is_unsure: false,
            has_batches: false,
            of: 3,
        };
        let edited = |version| Conflict::Edited { file: format!("V{version}__x.sql"), version };
        let holder = LockHolder { pid: 7, application_name: "pgkeel-migrate".into(), since: None };
        let files = vec![file.clone(), "V3__c.sql".into()];
        for (readiness, word, lacks, line) in [
            (
                Readiness::Ready { applied: 1, schema: SchemaCheck::AsExpected },
                "ready",
                false,
                "ready: the database has all of 1 migration, and the schema is theirs",
            ),
            (
                Readiness::Pending { files: files.clone(), is_lacking: true, holder: None },
                "pending",
                true,
                "2 files, from V2__b.sql to V3__c.sql, are not applied; run migrate up",
            ),
            (
                Readiness::Pending { files: vec![file], is_lacking: true, holder: Some(holder) },
                "pending",
                true,
                "V2__b.sql is not applied yet; \"pgkeel-migrate\" with process id 7 is at it",
            ),
            (
                Readiness::Pending { files: vec!["R__v.sql".into()], is_lacking: false, holder: None },
                "pending",
                false,
                "R__v.sql is not applied; run migrate up",
            ),
            (
                Readiness::Drifted { against: "the lock file", expected, found },
                "drifted",
                false,
                "the schema is not that of the lock file; run migrate verify",
            ),
            (
                Readiness::Newer { versions: vec![8, 9] },
                "newer",
                false,
                "the database is at version 9, which",
            ),
            (
                Readiness::Interrupted { file: it },
                "interrupted",
                true,
                "V2__b.sql was stopped after 1 of 3 statements; run migrate up to go on with it",
            ),
            (
                Readiness::Conflicting { conflicts: vec![edited(1), edited(4)] },
                "conflicting",
                false,
                "V1__x.sql was edited after",
            ),
        ] {
            let told = readiness.to_string();
            assert!(told.starts_with(line) && !told.contains('\n'), "{told}");
            assert_eq!((readiness.word(), readiness.lacks_something()), (word, lacks));
            assert_eq!(readiness.is_ready(), word == "ready");
        }
    }
}
