use std::fmt;

use crate::{Conflict, Interrupted, LockHolder, Unsuitable};

/// What was found, the worst first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Diagnosis {
    /// All of it; nothing for a database that is well.
    pub complaints: Vec<Complaint>,
}

/// One thing to be mended, or to be known. Shown, it says what it is; [`remedy`](Self::remedy) says what to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Complaint {
    /// The connection cannot be used for migrations.
    Unsuitable {
        /// Why not.
        reason: Unsuitable,
    },
    /// The history is plain refinery's, under its usual name.
    OtherHistory {
        /// The table, with its schema.
        table: String,
    },
    /// A file does not go with the database.
    Conflict {
        /// In what.
        conflict: Conflict,
    },
    /// A file stands between two of its statements, and nobody is at it.
    Interrupted {
        /// Which, and how far it is.
        file: Interrupted,
    },
    /// The role lacks a right that applying migrations needs.
    MissingRight {
        /// Which, in words.
        right: String,
        /// The statement that gives it.
        grant: String,
    },
    /// An index that is not valid and that nobody is building: it costs every write and serves no query.
    InvalidIndex {
        /// The index, with its schema.
        index: String,
        /// Its table, with its schema.
        table: String,
        /// Whether rebuilding another one has left it (`_ccnew`, `_ccold`).
        is_leftover: bool,
    },
    /// A constraint that holds for new rows and was never checked for old ones.
    NotValidated {
        /// Its name, quoted where needed.
        constraint: String,
        /// Its table, with its schema.
        table: String,
    },
    /// Somebody is applying or reverting migrations.
    Held {
        /// Who.
        holder: LockHolder,
    },
    /// Nothing is recorded of the schema, or only from before the last change, so that drift from it cannot be told.
    NotRecorded,
}

impl Diagnosis {
    /// Whether nothing has to be mended; there may still be something to know.
    #[must_use]
    pub fn is_well(&self) -> bool {
        !self.complaints.iter().any(Complaint::is_serious)
    }
}

impl Complaint {
    /// Whether it has to be mended, not only to be known.
    #[must_use]
    pub fn is_serious(&self) -> bool {
        !matches!(self, Self::NotValidated { .. } | Self::Held { .. } | Self::NotRecorded)
    }

    /// In a word or two, what it is about.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unsuitable { .. } => "connection",
            Self::OtherHistory { .. } => "other history",
            Self::Conflict { conflict } => conflict.kind(),
            Self::Interrupted { .. } => "interrupted",
            Self::MissingRight { .. } => "missing right",
            Self::InvalidIndex { is_leftover: false, .. } => "invalid index",
            Self::InvalidIndex { is_leftover: true, .. } => "leftover index",
            Self::NotValidated { .. } => "not validated",
            Self::Held { .. } => "lock",
            Self::NotRecorded => "not recorded",
        }
    }

    /// What to do about it: a statement, a command, or advice.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Unsuitable { .. } => "use another address for migrations".to_owned(),
            Self::OtherHistory { .. } => "migrate import --from refinery".to_owned(),
            Self::Conflict { .. } => "see there; then migrate status".to_owned(),
            Self::Interrupted { file } => format!("migrate {}", file.direction),
            Self::MissingRight { grant, .. } => format!("{grant};"),
            Self::InvalidIndex { index, is_leftover: true, .. } => {
                format!("drop index concurrently {index};")
            }
            Self::InvalidIndex { index, is_leftover: false, .. } => {
                format!("reindex index concurrently {index};")
            }
            Self::NotValidated { constraint, table } => {
                format!("alter table {table} validate constraint {constraint};")
            }
            Self::Held { holder } => {
                format!("wait; if nobody is behind it any more: select pg_terminate_backend({});", holder.pid)
            }
            Self::NotRecorded => {
                "migrate verify --against=shadow tells drift without it; the next change records it"
                    .to_owned()
            }
        }
    }

    /// The worst first.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Unsuitable { .. } => 0,
            Self::OtherHistory { .. } | Self::Conflict { .. } => 1,
            Self::Interrupted { .. } => 2,
            Self::MissingRight { .. } => 3,
            Self::InvalidIndex { .. } => 4,
            Self::Held { .. } => 5,
            Self::NotValidated { .. } => 6,
            Self::NotRecorded => 7,
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsuitable { reason } => write!(f, "{reason}"),
            Self::OtherHistory { table } => {
                write!(f, "{table} is the history of plain refinery, and there is none of ours")
            }
            Self::Conflict { conflict } => write!(f, "{conflict}"),
            Self::Interrupted { file } => {
                write!(f, "{} was stopped {}", file.file, file.place())
            }
            Self::MissingRight { right, .. } => write!(f, "this role may not {right}"),
            Self::InvalidIndex { index, table, is_leftover: false } => {
                write!(f, "the index {index} of {table} is not valid: a build of it failed")
            }
            Self::InvalidIndex { index, table, is_leftover: true } => {
                write!(f, "the index {index} of {table} was left behind by a rebuild that failed")
            }
            Self::NotValidated { constraint, table } => {
                write!(
                    f,
                    "the constraint {constraint} of {table} was never checked for the rows that were there before"
                )
            }
            Self::Held { holder } => write!(f, "migrations are being applied or reverted by {holder}"),
            Self::NotRecorded => f.write_str("what the schema was after the last change is not recorded"),
        }
    }
}
