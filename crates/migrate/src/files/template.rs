//! New files, with what is known to be safe already in them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::backfill::SETTING;
use super::file_name::snake_case;
use super::next_version::next_version;
use crate::Error;

/// Longest name of a migration, so that file names stay readable and within what file systems take.
const LONGEST_NAME: usize = 100;

/// The longest name that PostgreSQL keeps, in bytes (`NAMEDATALEN` - 1).
const LONGEST_IDENTIFIER: usize = 63;

/// A migration that is yet to be written.
///
/// ```no_run
/// use pgkeel_migrate::Template;
///
/// # fn main() -> Result<(), pgkeel_migrate::Error> {
/// let files = Template::named("orders_by_customer").index("orders(customer_id)")?.create_in("migrations")?;
/// assert_eq!(files.len(), 2); // the file, and what undoes it
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    up: Option<String>,
    way_back: WayBack,
    verify: Option<String>,
    is_repeatable: bool,
    newest_besides: i64,
}

#[derive(Debug, Clone)]
enum WayBack {
    /// Nothing is said about it.
    Open,
    Empty,
    Known(String),
    None,
}

impl Template {
    /// An empty one.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            up: None,
            way_back: WayBack::Open,
            verify: None,
            is_repeatable: false,
            newest_besides: 0,
        }
    }

    /// With a version above this one, too: of migrations that are no files ([`Code`](crate::Code)).
    #[must_use]
    pub fn above(mut self, version: i64) -> Self {
        self.newest_besides = version;
        self
    }

    /// With a file for the way back, to be filled in.
    #[must_use]
    pub fn with_down(mut self) -> Self {
        if matches!(self.way_back, WayBack::Open) {
            self.way_back = WayBack::Empty;
        }
        self
    }

    /// With the directive that says why there is no way back, to be filled in.
    #[must_use]
    pub fn irreversible(mut self) -> Self {
        self.way_back = WayBack::None;
        self
    }

    /// A repeatable, `R__<name>.sql`, for a view, a function or the like: it has no version and no way back.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// One that builds an index while the table is used, `of` being `table(column, …)`, and the way back.
    ///
    /// # Errors
    /// [`Error::Template`] if `of` is not that.
    pub fn index(self, of: &str) -> Result<Self, Error> {
        let Columns { table, columns } = Columns::parse(of)?;
        let name = named_after(&table, &columns, "idx");
        let schema = table.rsplit_once('.').map_or_else(String::new, |(schema, _)| format!("{schema}."));
        let up = format!("create index concurrently {name} on {table} ({columns});\n");
        Ok(self.with(&up, format!("{OUTSIDE}drop index concurrently if exists {schema}{name};\n")))
    }

    /// One that forbids NULL in a column without reading the table under a lock, `of` being `table(column)`, and the way
    /// back.
    ///
    /// # Errors
    /// [`Error::Template`] if `of` is not that.
    pub fn not_null(self, of: &str) -> Result<Self, Error> {
        let Columns { table, columns } = Columns::parse(of)?;
        if columns.contains(',') {
            return Err(unreadable(of));
        }
        let check = named_after(&table, &columns, "not_null");
        let up = format!(
            "alter table {table} add constraint {check} check ({columns} is not null) not valid;\n\
             alter table {table} validate constraint {check};\n\
             alter table {table} alter column {columns} set not null;\n\
             -- squawk-ignore ban-drop-constraint -- the column itself says it by now\n\
             alter table {table} drop constraint {check};\n"
        );
        Ok(self.with(&up, format!("alter table {table} alter column {columns} drop not null;\n")))
    }

    /// One that adds a foreign key without reading the table under a lock that stops writers, `of` being
    /// `table(column, …) references table(column, …)`, and the way back.
    ///
    /// # Errors
    /// [`Error::Template`] if `of` is not that.
    pub fn foreign_key(self, of: &str) -> Result<Self, Error> {
        let (from, to) = of.split_once(" references ").ok_or_else(|| unreadable(of))?;
        let (from, to) = (Columns::parse(from)?, Columns::parse(to)?);
        let (table, key) = (&from.table, named_after(&from.table, &from.columns, "fkey"));
        let up = format!(
            "alter table {table} add constraint {key}\n    foreign key ({}) references {} ({}) not valid;\n\
             alter table {table} validate constraint {key};\n",
            from.columns, to.table, to.columns
        );
        Ok(self.with(&up, format!("alter table {table} drop constraint {key};\n")))
    }

    /// One that changes the rows of a table a batch at a time, and a `.verify.sql` that finds out if one was left. What is to
    /// be set in which rows is to be filled in: as it is, the server refuses it.
    ///
    /// # Errors
    /// [`Error::Template`] if `table` is not the name of one.
    pub fn backfill(mut self, table: &str) -> Result<Self, Error> {
        let table = table.trim();
        if !is_name(table) {
            return Err(unreadable(table));
        }
        self.up = Some(format!(
            "{BATCHES}update {table} set column_name = 'value'\n\
             where key_column in (\n    select key_column from {table}\n    where column_name is null\n    \
             limit current_setting('{SETTING}')::bigint\n);\n"
        ));
        self.verify = Some(format!("select not exists (select from {table} where column_name is null);\n"));
        Ok(self)
    }

    fn with(mut self, up: &str, down: String) -> Self {
        self.up = Some(format!("{OUTSIDE}{up}"));
        if !matches!(self.way_back, WayBack::None) {
            self.way_back = WayBack::Known(down);
        }
        self
    }

    /// Writes it into the directory, which is made if it is not there, and returns the paths of its files. Its version is the
    /// time in UTC, `YYYYMMDDhhmmss`, or one above the newest file if that is later; where files are counted instead, the next
    /// number.
    ///
    /// # Errors
    /// [`Error::Name`] with a name that would do, [`Error::Directory`] if the directory cannot be read or written.
    /// Nothing is ever overwritten.
    pub fn create_in(self, directory: impl AsRef<Path>) -> Result<Vec<PathBuf>, Error> {
        self.create_at(directory.as_ref(), SystemTime::now())
    }

    /// The Rust of a function that returns it as [`Code`](crate::Code), with the version that a file would get. Writes
    /// nothing, as only the program knows where it belongs. What was said of tables is for files.
    ///
    /// # Errors
    /// As [`create_in`](Self::create_in).
    pub fn code_for(self, directory: impl AsRef<Path>) -> Result<String, Error> {
        self.code_at(directory.as_ref(), SystemTime::now())
    }

    fn code_at(self, directory: &Path, now: SystemTime) -> Result<String, Error> {
        check(&self.name)?;
        let (version, name) = (next_version(directory, self.newest_besides, now)?, self.name);
        let version = version.trim_start_matches('0');
        let besides = match self.way_back {
            WayBack::Open => "",
            WayBack::None => "\n    .with_directives(r#\"irreversible=\"say here why\"\"#)",
            WayBack::Empty | WayBack::Known(_) => CODE_DOWN,
        };
        Ok(format!(
            "{CODE_HEAD}fn {name}() -> pgkeel_migrate::Code {{\n    \
             use pgkeel_connect::Executor as _;\n\n    \
             pgkeel_migrate::Code::new({version}, \"{name}\", \"1\", |tx| {{\n{CODE_BODY}    }}){besides}\n}}\n"
        ))
    }

    fn create_at(self, directory: &Path, now: SystemTime) -> Result<Vec<PathBuf>, Error> {
        check(&self.name)?;
        let files = if self.is_repeatable {
            let stem = format!("R__{}", self.name);
            [Some((format!("{stem}.sql"), format!("-- {stem}\n--\n{REPEATED}"))), None, None]
        } else {
            let version = next_version(directory, self.newest_besides, now)?;
            let stem = format!("V{version}__{}", self.name);
            let verify = self.verify.as_ref().map(|text| (format!("{stem}.verify.sql"), text.clone()));
            [Some((format!("{stem}.sql"), self.up(&stem))), self.down(&stem), verify]
        };
        std::fs::create_dir_all(directory)
            .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
        let write = |(file, text): (String, String)| {
            let path = directory.join(file);
            let write = || std::fs::File::create_new(&path)?.write_all(text.as_bytes());
            match write() {
                Ok(()) => Ok(path),
                Err(source) => Err(Error::Directory { path, source }),
            }
        };
        files.into_iter().flatten().map(write).collect()
    }

    fn up(&self, stem: &str) -> String {
        let directive = if matches!(self.way_back, WayBack::None) {
            "-- pgkeel: irreversible=\"say here why\"\n"
        } else {
            ""
        };
        let body = self.up.as_deref().unwrap_or(IN_TRANSACTION);
        format!("-- {stem}\n--\n-- Say here why, in a sentence.\n--\n{ONCE}{directive}{body}")
    }

    fn down(&self, stem: &str) -> Option<(String, String)> {
        let body = match &self.way_back {
            WayBack::Open | WayBack::None => return None,
            WayBack::Empty => "",
            WayBack::Known(body) => body,
        };
        Some((format!("{stem}.down.sql"), format!("-- Undoes {stem}.\n{body}")))
    }
}

const ONCE: &str = "\
-- Once this file is applied anywhere it is never edited; a mistake is mended by another file. Add first, and remove in
-- a later release, when nothing that runs needs the old form any more.
";

const REPEATED: &str = "\
-- Applied behind all versioned files, and again whenever this text has changed; so say CREATE OR REPLACE, or DROP … IF
-- EXISTS first. It runs in a transaction of its own: no BEGIN, no COMMIT. If another of these has to be there before, a
-- comment for pgkeel says so: requires=R__other.

";

const IN_TRANSACTION: &str = "\
-- It runs in a transaction of its own: no BEGIN, no COMMIT.

";

const CODE_HEAD: &str = "\
/// Say here why, in a sentence.
///
/// For `Migrations::with_code`. Once it is applied anywhere it is never changed; if it has to be while it is written, so does
/// its revision, the \"1\". It may be called more than once, and what it does besides the transaction is not undone.
";

const CODE_BODY: &str = "        Box::pin(async move {
            // The transaction in which the history is written, too: no COMMIT.
            tx.batch_execute(\"select 1\").await?;
            Ok(())
        })
";

const CODE_DOWN: &str = "
    .with_down(|tx| {
        Box::pin(async move {
            tx.batch_execute(\"select 1\").await?;
            Ok(())
        })
    })";

const OUTSIDE: &str = "\
-- Its statements run one by one, so that no lock is held for long; after a failure the next run goes on with the one
-- that failed.
-- pgkeel: transaction=off

";

const BATCHES: &str = "\
-- Its statement runs again and again, each time in a transaction of its own, until it changes no row. So the query with the
-- LIMIT leaves out what is done, best with an index on what is not; and what is written from now on should be right
-- already, by a default or by the program. After a failure the next run goes on.
-- pgkeel: backfill batch=1000 pause=10ms

";

/// `table(column, …)`, taken apart.
struct Columns {
    table: String,
    columns: String,
}

impl Columns {
    fn parse(of: &str) -> Result<Self, Error> {
        let (table, columns) =
            of.trim().strip_suffix(')').and_then(|of| of.split_once('(')).ok_or_else(|| unreadable(of))?;
        let (table, columns) = (table.trim().to_owned(), columns.trim().to_owned());
        if is_name(&table) && columns.split(',').all(|column| is_name(column.trim())) {
            Ok(Self { table, columns })
        } else {
            Err(unreadable(of))
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.\"".contains(c))
}

fn unreadable(of: &str) -> Error {
    Error::Template { text: of.to_owned() }
}

/// As PostgreSQL would name it, from letters, digits and underscores alone.
fn named_after(table: &str, columns: &str, end: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table);
    let name = snake_case(&format!("{table}_{columns}")).unwrap_or_default();
    let longest = LONGEST_IDENTIFIER - end.len() - 1;
    format!("{}_{end}", &name[..name.len().min(longest)])
}

pub(crate) fn check(name: &str) -> Result<(), Error> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if starts_well && name.len() <= LONGEST_NAME && snake_case(name).as_deref() == Some(name) {
        return Ok(());
    }
    let suggestion = snake_case(name).map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
    let suggestion =
        suggestion.map(|name| name.trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned());
    let suggestion = suggestion.filter(|name| check(name).is_ok());
    Err(Error::Name { name: name.to_owned(), suggestion })
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
