//! Another tool's files, turned into ours. What a tool takes for a file, and how it reads one, is in a file a tool.

mod convert;
mod dbmate;
mod diesel;
mod draft;
mod flyway;
mod goose;
mod listing;
mod one_number;
mod pairs;
mod refinery;
mod write;

use std::path::Path;

use self::draft::Draft;
use self::listing::Listing;
use super::{ImportProblem, Tool};
use crate::{Error, Migrations};

/// The files of another tool, read and turned into files for this crate. Statements stay byte for byte as they are.
///
/// ```no_run
/// use pgkeel_migrate::{Tool, ToolFiles};
///
/// # fn example() -> Result<(), pgkeel_migrate::Error> {
/// let files = ToolFiles::read(Tool::Sqlx, "old_migrations")?;
/// for file in files.files() {
///     println!("{} becomes {}", file.from, file.name);
/// }
/// files.write_into("migrations")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ToolFiles {
    tool: Tool,
    files: Vec<ConvertedFile>,
    left_aside: Vec<String>,
    problems: Vec<ImportProblem>,
}

/// One file for this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvertedFile {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub text: String,
    /// The tool's file.
    pub from: String,
    /// What is not as it was, besides its name and its first line.
    pub notes: Vec<&'static str>,
}

impl ToolFiles {
    /// Reads a directory as the tool does, with the directories below it where the tool looks into these.
    ///
    /// # Errors
    /// [`Error::Directory`] if it cannot be read. What cannot be taken is no error yet, see [`problems`](Self::problems).
    pub fn read(tool: Tool, directory: impl AsRef<Path>) -> Result<Self, Error> {
        let levels = match tool {
            Tool::Refinery | Tool::Flyway => usize::MAX,
            Tool::Diesel => 1,
            _ => 0,
        };
        let listing = Listing::read(directory.as_ref(), levels)?;
        let mut draft = Draft::new(tool);
        match tool {
            Tool::Refinery => refinery::read(&listing, &mut draft),
            Tool::Sqlx | Tool::GolangMigrate => pairs::read(&listing, &mut draft),
            Tool::Diesel => diesel::read(&listing, &mut draft),
            Tool::Goose => goose::read(&listing, &mut draft),
            Tool::Dbmate => dbmate::read(&listing, &mut draft),
            Tool::Flyway => flyway::read(&listing, &mut draft),
        }
        Ok(draft.complete())
    }

    /// The files that there will be.
    #[must_use]
    pub fn files(&self) -> &[ConvertedFile] {
        &self.files
    }

    /// What the tool takes no notice of, and so is not taken.
    #[must_use]
    pub fn left_aside(&self) -> &[String] {
        &self.left_aside
    }

    /// What cannot be taken, one entry a file. While there are some, nothing is written.
    #[must_use]
    pub fn problems(&self) -> &[ImportProblem] {
        &self.problems
    }

    /// The same, with files whose statements or placeholders cannot run here taken as they are, to be mended afterwards.
    #[must_use]
    pub fn as_they_are(mut self) -> Self {
        self.problems.retain(|problem| !problem.is_of_content());
        self
    }

    /// The same without the files that cannot be taken.
    #[must_use]
    pub fn without_the_rest(mut self) -> Self {
        let rest: Vec<String> = self.problems.drain(..).filter_map(ImportProblem::file).collect();
        self.files.retain(|file| !rest.contains(&file.from));
        self.left_aside.extend(rest);
        self.left_aside.sort();
        self
    }

    /// The migrations that they are, together with those that are in the directory already, as if they had been written.
    ///
    /// # Errors
    /// As [`write_into`](Self::write_into), and as [`Migrations::from_dir`].
    pub fn with_those_in(&self, directory: impl AsRef<Path>) -> Result<Migrations, Error> {
        write::in_mind(self, directory.as_ref())
    }

    /// Writes the files that are not there yet, all or none, and returns their names. The directory is made if there is
    /// none. No file is overwritten: one of the same text is left, one of another text is an error.
    ///
    /// # Errors
    /// [`Error::Import`] with all that cannot be taken, [`Error::Directory`] if something cannot be written. Nothing is
    /// written then.
    pub fn write_into(&self, directory: impl AsRef<Path>) -> Result<Vec<String>, Error> {
        write::for_real(self, directory.as_ref())
    }
}
