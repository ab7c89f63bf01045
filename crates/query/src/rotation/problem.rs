use std::fmt;
use std::time::Duration;

use pgkeel_connect::{BadIdent, ServerError};
use pgkeel_crypto::{BadSpec, KeyId};
use tokio_postgres::error::SqlState;

use crate::error::Failure;

/// Why keys of sealed columns could not be looked after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationProblem {
    /// A description of columns cannot be read.
    #[error("the description of sealed columns cannot be read")]
    Document(#[source] toml::de::Error),
    /// The tables describe a column in a way that this program does not know.
    #[error("what is published of a sealed column cannot be read: a newer program may have published it")]
    Stored(#[source] serde_json::Error),
    /// A description has a name that PostgreSQL does not have.
    #[error("{name:?} of the sealed column {column} is no name")]
    Name {
        /// The column that is described.
        column: String,
        /// What it says.
        name: String,
        /// Why.
        #[source]
        source: BadIdent,
    },
    /// A description says of a column what cannot be.
    #[error("the sealed column {column} cannot be as it is described")]
    Spec {
        /// Which.
        column: String,
        /// What is wrong.
        #[source]
        source: BadSpec,
    },
    /// A description has a figure that is outside of its bounds.
    #[error("the sealed column {column} has {figure} = {found}, expected {expected}")]
    Figure {
        /// Which.
        column: String,
        /// Which figure.
        figure: &'static str,
        /// What it says.
        found: i64,
        /// What it may be, in words.
        expected: &'static str,
    },
    /// A description binds values to tenants, and has no column of tenants.
    #[error("the values of {column} are bound to tenants: say which column has them, as `tenant`")]
    NoTenantColumn {
        /// Which.
        column: String,
    },
    /// The table is not there, or in a schema that is not in the search path.
    #[error(
        "there is no table {table}: name it with its schema, or withdraw the column if the table is gone"
    )]
    NoTable {
        /// As the description has it.
        table: String,
    },
    /// It is a view, a foreign table, or something else that has no rows of its own.
    #[error("{table} is no table with rows of its own")]
    NotATable {
        /// Which.
        table: String,
    },
    /// The table has no column of this name.
    #[error("{table} has no column {column}")]
    NoColumn {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
    /// The table has no primary key, by which rows are gone through and values bound to them.
    #[error("{table} has no primary key: add one")]
    NoPrimaryKey {
        /// Which.
        table: String,
    },
    /// The table has another primary key than the one that its values are bound to.
    #[error(
        "the primary key of {table} is ({}), and the values are bound to ({}): mend the description if it is wrong, or the key",
        .found.join(", "), .described.join(", ")
    )]
    OtherPrimaryKey {
        /// Which table.
        table: String,
        /// The columns of its primary key.
        found: Vec<String>,
        /// Those of the description.
        described: Vec<String>,
    },
    /// A column of the primary key is of a type that values cannot be bound to.
    #[error("{table}.{column} is of type {found}: keys are integers, uuid, text, varchar or bytea")]
    KeyType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The sealed column is of a type that envelopes do not go into.
    #[error("{table}.{column} is of type {found}: sealed values are bytea, or text")]
    ColumnType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The server computes the column of others (`generated always as`), so nothing can be written to it.
    #[error("{table}.{column} is computed by the server: describe the column that it is computed of")]
    Computed {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
    /// The column of an index is of a type that its values do not go into.
    #[error("{table}.{column} is of type {found}: blind indexes are bytea")]
    IndexType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The plaintext column has values of another type than the sealed one.
    #[error("{table}.{column} is of type {found}: what is sealed is of {}", .expected.join(", "))]
    PlaintextType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
        /// Which types it may have.
        expected: &'static [&'static str],
    },
    /// The plaintext column cannot be emptied.
    #[error("{table}.{column} is not null: `alter table {table} alter column {column} drop not null`")]
    NotNull {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
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
    /// The role lacks a right.
    #[error("the role lacks the right to {right} {table}: `grant {right} on {table} to` it")]
    Privilege {
        /// Which table.
        table: String,
        /// `select` or `update`.
        right: &'static str,
    },
    /// Row-level security may hide rows from the role: they would be left under the old key, unseen.
    #[error(
        "row-level security of {table} may hide rows from this role: use one with BYPASSRLS, or the owner if it is not forced"
    )]
    RowSecurity {
        /// Which table.
        table: String,
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
    /// Cells are still sealed under the key.
    #[error("key {key} is in use: {}; rotate these columns, then retire it", Uses(.uses))]
    KeyInUse {
        /// Which key.
        key: KeyId,
        /// Each column with its cells, those without left out.
        uses: Vec<(String, u64)>,
    },
    /// Cells of published columns name no key, so it is not known which one opens them.
    #[error("it is not known which key opens {}; verify these columns, and mend them", Uses(.cells))]
    UnreadableCells {
        /// Each column with such cells, and how many there are.
        cells: Vec<(String, u64)>,
    },
    /// A rotation to the key is under way.
    #[error("rotation {id} to key {key} is under way: let it finish, or cancel it")]
    RotationToKey {
        /// Its number.
        id: i64,
        /// The key.
        key: KeyId,
    },
    /// No column is published, so nobody knows where the key may be in use.
    #[error("no sealed column is published: publish all, so that it can be seen whether the key is in use")]
    NothingPublished,
    /// The vault's primary key cannot be retired.
    #[error("key {key} is the primary key: make another one primary, and rotate to it")]
    PrimaryKey {
        /// Which.
        key: KeyId,
    },
    /// The key is one of indexes, and values of an index do not tell which key they were made under.
    #[error(
        "key {key} is of indexes, whose values do not tell their key: disable it once a rotation of each index to another key has \
         finished, and the columns of unique ones that stayed under it are dropped"
    )]
    KeyOfIndexes {
        /// Which.
        key: KeyId,
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
            Self::Failed { source, .. } | Self::Exhausted { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether a unique index has a value already that was to be written.
    pub(super) fn is_duplicate(&self) -> bool {
        let code = self.failure().and_then(|failure| failure.inner().server()).map(ServerError::code);
        matches!(self, Self::Failed { step: Step::Write, .. }) && code == Some(&SqlState::UNIQUE_VIOLATION)
    }
}

struct Uses<'a>(&'a [(String, u64)]);

impl fmt::Display for Uses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (column, cells)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{cells} cells of {column}")?;
        }
        Ok(())
    }
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Looking at a table in the catalog.
    Inspect,
    /// Writing descriptions of columns.
    Publish,
    /// Reading them.
    Published,
    /// Beginning or joining a rotation.
    Open,
    /// Looking at how far it is.
    Look,
    /// Taking a range of the table.
    Claim,
    /// Reading a batch of cells.
    Read,
    /// Writing a batch of cells.
    Write,
    /// Ending a pass.
    EndPass,
    /// Pausing, resuming or cancelling.
    Steer,
    /// Counting cells by key.
    Count,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "looking at the table in the catalog",
            Self::Publish => "publishing sealed columns",
            Self::Published => "reading which columns are published",
            Self::Open => "beginning the rotation",
            Self::Look => "looking at the rotation",
            Self::Claim => "taking a range of the table",
            Self::Read => "reading a batch of cells",
            Self::Write => "writing a batch of cells",
            Self::EndPass => "ending a pass over the table",
            Self::Steer => "pausing, resuming or cancelling the rotation",
            Self::Count => "counting cells by key",
        })
    }
}

impl Step {
    /// What makes an executor's error that of this step.
    pub(super) fn failed<E: crate::DatabaseError>(self) -> impl FnOnce(E) -> RotationProblem {
        move |error| RotationProblem::Failed { step: self, source: Failure::new(error) }
    }

    /// Of a reply that cannot be read.
    pub(super) fn unreadable(self, error: tokio_postgres::Error) -> RotationProblem {
        self.failed()(pgkeel_connect::Error::from(error))
    }
}
