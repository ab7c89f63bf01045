//! Migrations that are functions of the program.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::MigrationTx;

/// Why code gave up: whatever the function returns. One of [`pgkeel_connect::Error`] with what the server said is told as if
/// a file's statement had been refused.
pub type CodeError = Box<dyn std::error::Error + Send + Sync>;

/// What the function of a migration returns, in a box.
pub type CodeFuture<'t> = Pin<Box<dyn Future<Output = Result<(), CodeError>> + Send + 't>>;

type Function = dyn for<'t> Fn(MigrationTx<'t>) -> CodeFuture<'t> + Send + Sync;

/// A migration for what SQL cannot say: an async function on the transaction in which its row of the history is written
/// too, so that it is applied wholly and once or not at all. It has its place among the versions of the files
/// ([`Migrations::with_code`](crate::Migrations::with_code)).
///
/// ```
/// use pgkeel_connect::Executor as _;
/// use pgkeel_migrate::{Code, Migrations};
///
/// # fn main() -> Result<(), pgkeel_migrate::Error> {
/// let slugs = Code::new(20_250_701_080_000, "slugs", "1", |tx| {
///     Box::pin(async move {
///         for row in tx.query("select id, title from posts", &[]).await? {
///             let (id, title): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
///             let slug = title.to_lowercase().replace(' ', "-");
///             tx.execute("update posts set slug = $2 where id = $1", &[&id, &slug]).await?;
///         }
///         Ok(())
///     })
/// })
/// .with_down(|tx| Box::pin(async move { Ok(tx.batch_execute("update posts set slug = null").await?) }));
/// let migrations = Migrations::from_static(&[("V1__posts.sql", "create table posts (id bigint, title text)")])?;
/// assert_eq!(migrations.with_code([slugs])?.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// A function may be called more than once: it is tried again like a file that did not get a lock, and dry runs and proofs
/// call it too. What it does besides the transaction is not undone. It must not end the transaction; if it does, that is
/// told, but what it did until then stays.
#[derive(Clone)]
pub struct Code {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) revision: String,
    pub(crate) directives: String,
    pub(crate) up: Arc<Function>,
    pub(crate) down: Option<Arc<Function>>,
}

impl Code {
    /// With a version among those of the files, a name of letters, digits and underscores, and a revision, which stands for
    /// the function's text: another one under the same version is a conflict, as an edited file is.
    pub fn new<F>(version: i64, name: impl Into<String>, revision: impl Into<String>, up: F) -> Self
    where
        F: for<'t> Fn(MigrationTx<'t>) -> CodeFuture<'t> + Send + Sync + 'static,
    {
        let (name, revision) = (name.into(), revision.into());
        Self { version, name, revision, directives: String::new(), up: Arc::new(up), down: None }
    }

    /// The same with a function that undoes it. Default: there is no way back.
    #[must_use]
    pub fn with_down<F>(mut self, down: F) -> Self
    where
        F: for<'t> Fn(MigrationTx<'t>) -> CodeFuture<'t> + Send + Sync + 'static,
    {
        self.down = Some(Arc::new(down));
        self
    }

    /// The same run as this says, in the words of a file's comments: `statement_timeout=15min phase=contract`.
    #[must_use]
    pub fn with_directives(mut self, directives: impl Into<String>) -> Self {
        self.directives = directives.into();
        self
    }

    /// As a file would be called.
    pub(crate) fn file(&self) -> String {
        format!("V{}__{}.rs", self.version, self.name)
    }

    /// What stands for its text.
    pub(crate) fn text(&self) -> String {
        let directives = match self.directives.replace('\n', " ") {
            none if none.trim().is_empty() => String::new(),
            some => format!("-- pgkeel: {some}\n"),
        };
        format!("{directives}-- code of the program, revision {:?}\n", self.revision)
    }
}

/// Without its functions.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}, revision {:?})", self.file(), self.revision)
    }
}
