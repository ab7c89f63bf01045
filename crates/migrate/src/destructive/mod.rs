//! Statements that may lose data, found before anything runs, without a database and without a linter.
//!
//! They are judged by what they are made of, so strings, comments and bodies of functions count for nothing. What a DO
//! block, a procedure or a trigger does when it runs cannot be seen.
//!
//! Each file is judged by itself, whatever else is pending: so a new database asks for the same acceptance as one in use, and
//! what is missing is found where files are tried first.

mod conversion;
mod judge;
mod made;
mod rows;

use std::fmt;

use crate::Location;
use crate::files::{Script, statements};

#[cfg(not(feature = "lint"))]
use self::made::Made;
#[cfg(feature = "lint")]
pub(crate) use self::made::{Made, Space, changes_meaning, space_of};

/// A statement that may lose data, in a file that does not say that this is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destructive {
    /// The file's name.
    pub file: String,
    /// Where it is in the file.
    pub at: Location,
    /// What it does, as in `DROP TABLE orders`.
    pub words: String,
    /// What may be lost.
    pub loss: Loss,
}

/// What a statement may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// An object with all that is in it.
    Object,
    /// A column, or an attribute of a type, with its values.
    Column,
    /// Whatever depends on an object: a column may.
    Dependents,
    /// Parts of values, which are converted to a type that need not hold them.
    Precision,
    /// All rows of a table.
    Rows,
    /// What all rows had in a column.
    Values,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "it is gone with all that it holds",
            Self::Column => "its values are lost",
            Self::Dependents => "it takes along what depends on it, even columns",
            Self::Precision => "values that do not fit lose what is too much",
            Self::Rows => "every row is lost",
            Self::Values => "what every row had there is lost",
        })
    }
}

impl fmt::Display for Destructive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.at, self.words, self.loss)
    }
}

/// The statements of a file from this one on, counted from 0, that may lose what was there before the file.
pub(crate) fn find(script: &Script, from: usize) -> Vec<Destructive> {
    let (sql, is_alone) = (script.sql(), script.directives().outside_transaction);
    let (mut made, mut found) = (Made::default(), Vec::new());
    for (index, statement) in statements(sql).iter().enumerate() {
        if index >= from {
            let mut losses = judge::losses(statement, &made);
            if script.directives().backfill.is_some() && losses.is_empty() {
                losses = rows::lost_in_batches(statement);
            }
            found.extend(losses.into_iter().map(|harm| Destructive {
                file: script.file().to_owned(),
                at: Location::of_byte(sql, harm.at),
                words: harm.words,
                loss: harm.loss,
            }));
        }
        made.note(statement, is_alone);
    }
    found
}

/// What a statement does to what is there already.
struct Harm {
    /// The byte at which the part begins that does it.
    at: usize,
    words: String,
    loss: Loss,
}

#[cfg(test)]
mod tests;
