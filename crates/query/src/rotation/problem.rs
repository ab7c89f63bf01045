mod description;
mod retire;
mod step;
mod table;

use std::time::Duration;

use pgkeel_connect::ServerError;
use pgkeel_crypto::KeyId;
use tokio_postgres::error::SqlState;

pub use self::description::DescriptionProblem;
pub use self::retire::RetireProblem;
pub use self::step::Step;
pub use self::table::TableProblem;
use crate::error::Failure;

/// Why keys of sealed columns could not be looked after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationProblem {
    /// A description of columns cannot be.
    #[error(transparent)]
    Description(#[from] DescriptionProblem),
    /// The table is not as the description says, or not to be worked on.
    #[error(transparent)]
    Table(#[from] TableProblem),
    /// The key stays.
    #[error(transparent)]
    Retire(#[from] RetireProblem),
    /// The tables describe a column in a way that this program does not know.
    #[error("what is published of a sealed column cannot be read: a newer program may have published it")]
    Stored(#[source] serde_json::Error),
    /// A unique index has values under another key, which would be rewritten in place. Meanwhile what is there under one key could be
    /// inserted under the other one.
    #[error(
        "{column} is unique, and has values under key {found}: fill a second column with a unique index of its own, then drop this one"
    )]
    UniqueInPlace {
        /// The column of the index, with its table.
        column: String,
        /// The key that values are under.
        found: KeyId,
    },
    /// The index is not published, or otherwise.
    #[error("the index {index} of {column} is not published as it is: publish the column with it")]
    IndexNotPublished {
        /// The sealed column.
        column: String,
        /// The index's column.
        index: String,
    },
    /// The server is a standby, or transactions of this session are read-only.
    #[error("nothing can be written: connect to the primary, by a session that is not read-only")]
    ReadOnly,
    /// The column is not published: nobody would find it when its key is to be retired.
    #[error("{column} is not published: publish it, so that no key is retired that it needs")]
    NotPublished {
        /// Which.
        column: String,
    },
    /// A column is among those to be published twice.
    #[error("{column} is described twice: leave one of the descriptions out")]
    PublishedTwice {
        /// Which.
        column: String,
    },
    /// The column is published with another description than the one that is used here.
    #[error("{column} is published with another description: publish this one, or use that one")]
    PublishedOtherwise {
        /// Which.
        column: String,
    },
    /// A rotation of this column to another key is under way.
    #[error(
        "rotation {id} of {column} to key {under_way} is under way: let it finish or cancel it, then rotate to {asked}"
    )]
    OtherRotation {
        /// Its number.
        id: i64,
        /// The column.
        column: String,
        /// Its key.
        under_way: KeyId,
        /// The key of the vault.
        asked: KeyId,
    },
    /// Something else is being done with the column.
    #[error(
        "rotation {id} of {column} is under way, to {under_way}: let it finish or cancel it, then {asked}"
    )]
    OtherTask {
        /// Its number.
        id: i64,
        /// The column.
        column: String,
        /// What it does, and with which column besides.
        under_way: String,
        /// What was asked for.
        asked: String,
    },
    /// The vault has another primary key than the rotation: its keyring was replaced meanwhile.
    #[error(
        "the keyring's primary key is {found} by now, the rotation is to {to_key}: make {to_key} primary again, or cancel the \
         rotation and begin one to {found}"
    )]
    OtherPrimary {
        /// The rotation's key.
        to_key: KeyId,
        /// The vault's.
        found: KeyId,
    },
    /// More rows do not open, or cannot be changed, than a rotation bears.
    #[error(
        "{failed} rows do not open, the last for {class}: mend that, by the table pgkeel.rotation_failure, then go on"
    )]
    TooManyFailures {
        /// How many.
        failed: u64,
        /// Why the last one does not.
        class: super::FailureClass,
    },
    /// The operating system gives no random bytes, or the keyring has no key for indexes; nothing more was sealed.
    #[error("a value could not be sealed, or not indexed")]
    NotSealed(#[source] pgkeel_crypto::Error),
    /// The rotation was paused for longer than a worker waits.
    #[error("rotation {id} was paused for {waited:?}: resume it, then run it again")]
    Paused {
        /// Its number.
        id: i64,
        /// How long was waited.
        waited: Duration,
    },
    /// There is no rotation of this number that is under way.
    #[error("no rotation {id} is under way")]
    NoRotation {
        /// The number.
        id: i64,
    },
    /// What the tables of rotations have was not written by a rotation of this version.
    #[error("{what} of rotation {id} makes no sense: cancel the rotation and begin it anew")]
    State {
        /// Its number.
        id: i64,
        /// What, in words.
        what: &'static str,
    },
    /// The role lacks a right. A [`TableProblem::Privilege`] has been looked for before.
    #[error("{step} is not allowed to this role, which needs {}", .step.rights())]
    NotAllowed {
        /// What was being done.
        step: Step,
        /// What the server says of it.
        #[source]
        source: Failure,
    },
    /// A statement failed.
    #[error("{step} failed")]
    Failed {
        /// What was being done.
        step: Step,
        /// What the executor says of it.
        #[source]
        source: Failure,
    },
    /// What the server has answered is of other types than expected: something else has made the tables of rotations, or changed them, or the
    /// table was changed meanwhile.
    #[error("{step} had an answer that cannot be read: if the table was changed meanwhile, run it again")]
    Unreadable {
        /// What was being done.
        step: Step,
        /// What cannot be read.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement had no answer for as long as the worker bears it. What became of it is not known, and does not matter.
    #[error(
        "{step} had no answer within {waited:?}: see in pg_stat_activity what it waits for; it can be run again, and goes on where it was"
    )]
    Unanswered {
        /// What was being done.
        step: Step,
        /// How long an answer was waited for.
        waited: Duration,
    },
    /// A statement failed again and again, for as long as the worker bears it.
    #[error(
        "{step} failed {attempts} times within {waited:?}: it can be run again, and goes on where it was"
    )]
    Exhausted {
        /// What was being done.
        step: Step,
        /// How often.
        attempts: u32,
        /// For how long.
        waited: Duration,
        /// What the executor said the last time.
        #[source]
        source: Failure,
    },
}

impl RotationProblem {
    /// What an executor said, if it was a statement that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::NotAllowed { source, .. }
            | Self::Failed { source, .. }
            | Self::Exhausted { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the server was told to stop, or took longer than it may.
    pub(super) fn is_cancelled(&self) -> bool {
        self.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Whether a unique index has a value already that was to be written.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Failed { step: Step::Write, .. })
            && self.code() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    fn code(&self) -> Option<&SqlState> {
        self.failure().and_then(|failure| failure.inner().server()).map(ServerError::code)
    }
}
