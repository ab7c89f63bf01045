//! What is wrong with a database besides its files, and what helps.

mod catalogs;
mod complaint;

use pgkeel_connect::Config;

pub use self::complaint::{Complaint, Diagnosis};
use crate::drift::header;
use crate::run::session::Session;
use crate::run::{Lock, check_connection};
use crate::state::{Home, history, log, repeated};
use crate::{Error, Migrations, Status, VerifyError};

/// Examines one database. Only reads, and takes no lock.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Doctor, Migrations};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let doctor = Doctor::new(Config::from_env()?, Migrations::from_dir("migrations")?);
/// for complaint in doctor.examine().await?.complaints {
///     println!("{complaint}\n  {}", complaint.remedy());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Doctor {
    connect: Config,
    migrations: Option<Migrations>,
}

impl Doctor {
    /// For the database that this names and these files. The role should be the one that applies them.
    #[must_use]
    pub fn new(connect: Config, migrations: Migrations) -> Self {
        Self { connect, migrations: Some(migrations) }
    }

    /// For the database that this names, where no files are at hand: nothing is said then of files in conflict or stopped
    /// half-way.
    #[must_use]
    pub fn of_database(connect: Config) -> Self {
        Self { connect, migrations: None }
    }

    #[cfg(feature = "cli")]
    pub(crate) fn has_files(&self) -> bool {
        self.migrations.is_some()
    }

    /// Looks for invalid indexes and what rebuilding has left of them, constraints that were never validated, files in
    /// conflict or stopped half-way, a history that is plain refinery's, rights that the role lacks, a pooler in between,
    /// who holds the lock, and a record of the schema that is missing or behind.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Database`], [`Error::NoAnswer`] and [`Error::History`] in [`VerifyError::Migrate`];
    /// [`VerifyError::Server`] and [`VerifyError::NoAnswer`]. What can be mended is a complaint, not an error.
    ///
    /// # Cancellation
    /// Dropping the future leaves nothing behind.
    pub async fn examine(&self) -> Result<Diagnosis, VerifyError> {
        let session = Session::open(&self.connect, &Home::default()).await?;
        let mut complaints = Vec::new();
        match check_connection(&session, &self.connect).await {
            Err(Error::Unsuitable { reason }) => complaints.push(Complaint::Unsuitable { reason }),
            checked => checked?,
        }
        let rights = catalogs::rights(&session).await?;
        let is_readable = rights.is_empty();
        complaints.extend(rights);
        // What it may not read is one complaint, not many.
        if is_readable {
            self.history(&session, &mut complaints).await?;
        }
        complaints.extend(catalogs::indexes(&session).await?);
        complaints.extend(catalogs::constraints(&session).await?);
        session.connection.close().await;
        complaints.sort_by_key(Complaint::rank);
        Ok(Diagnosis { complaints })
    }

    async fn history(&self, session: &Session, complaints: &mut Vec<Complaint>) -> Result<(), VerifyError> {
        let rows = match history::rows(session).await {
            Err(Error::OtherHistory { table }) => {
                complaints.push(Complaint::OtherHistory { table });
                return Ok(());
            }
            rows => rows?,
        };
        let (trail, holder) = (log::trail(session).await?, Lock::held_by(session).await?);
        let no_files = Migrations::default();
        let repeated = repeated::rows(session, self.migrations.as_ref().unwrap_or(&no_files)).await?;
        let is_new = rows.is_empty() && repeated.is_empty();
        complaints.extend(holder.clone().map(|holder| Complaint::Held { holder }));
        if let Some(migrations) = &self.migrations {
            let status = Status::compare(migrations, rows, &trail, holder);
            complaints.extend(status.conflicts.into_iter().map(|conflict| Complaint::Conflict { conflict }));
            complaints.extend(status.interrupted.into_iter().map(|file| Complaint::Interrupted { file }));
        }
        let record = header(&session.home, &session.connection).await?;
        if !is_new && !record.is_some_and(|record| record.is_current) {
            complaints.push(Complaint::NotRecorded);
        }
        Ok(())
    }
}
