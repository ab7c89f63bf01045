//! A database that is made to be thrown away: migrations run in it to see what they make.

mod database;
mod debris;

use pgkeel_connect::{Config, Connection, Ident, dial};

use self::debris::Debris;
use crate::run::cancelling;
use crate::{Stop, VerifyError};

/// As which sessions that make no shadow are seen in `pg_stat_activity`.
const APPLICATION_NAME: &str = "pgkeel-shadow";

/// An empty database beside another one, with its encoding, its rules of sorting and its settings such as the search path,
/// for as long as this value lives.
///
/// It is called `pgkeel_shadow_`, the time in seconds since 1970, and a random number. Dropped without
/// [`remove`](Self::remove), it is removed by a thread in the background. What a process left behind that was killed is
/// removed by the next [`create`](Self::create), once it is ten minutes old and nobody is connected to it.
#[derive(Debug)]
pub struct Shadow {
    config: Config,
    /// Keeps others from sweeping it, as a database with a session in it cannot be dropped.
    connection: Connection,
    debris: Debris,
}

impl Shadow {
    /// Makes one on the server that this names, which may be the one of the database itself: it costs about 10 MB there
    /// and a tenth of a second. The role needs the right to create databases.
    ///
    /// # Errors
    /// [`VerifyError::MayNotCreate`], [`VerifyError::Connect`], [`VerifyError::Server`] and [`VerifyError::NoAnswer`].
    ///
    /// # Cancellation
    /// Dropping the future removes what was made, in the background. If the process ends before that, a later call does.
    pub async fn create(server: &Config) -> Result<Self, VerifyError> {
        Self::create_unless(server, &Stop::new()).await
    }

    /// The same unless somebody asks to stop meanwhile: then there is none when it returns.
    pub(crate) async fn create_unless(server: &Config, stop: &Stop) -> Result<Self, VerifyError> {
        let Some(name) = stop.unless_requested(new_name(server)).await else {
            return Err(VerifyError::Stopped { shadow: None });
        };
        // Before the first statement that could leave something behind, on a session of that name.
        let debris = Debris::new(server, name?);
        match stop.unless_requested(Box::pin(make(server, debris.name()))).await {
            Some(Ok((config, connection))) => Ok(Self { config, connection, debris }),
            Some(Err(error)) => Err(error),
            None => Err(VerifyError::Stopped { shadow: debris.leave().await }),
        }
    }

    /// How to connect to it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A session in it.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Ident {
        self.debris.name()
    }

    /// Ends the sessions in it and drops it.
    ///
    /// # Errors
    /// [`VerifyError::Connect`], [`VerifyError::Server`] and [`VerifyError::NoAnswer`]. It is tried again in the
    /// background then.
    ///
    /// # Cancellation
    /// Dropping the future goes on in the background.
    pub async fn remove(self) -> Result<(), VerifyError> {
        let Self { connection, debris, .. } = self;
        connection.close().await;
        debris.clear().await
    }

    /// As [`remove`](Self::remove), where what was found out in it counts for more than that it is gone. Returns its name if
    /// it is still there.
    pub(crate) async fn leave(self) -> Option<String> {
        let Self { connection, debris, .. } = self;
        connection.close().await;
        debris.leave().await
    }

    /// Does the work, in which it may be asked things over its own session: these are cancelled once somebody asks to stop.
    pub(crate) async fn cancelling<T>(&self, stop: &Stop, work: impl Future<Output = T>) -> T {
        cancelling(&self.connection, stop, work).await
    }

    /// Removes it behind what was done in it, and says what was left if that was stopped.
    pub(crate) async fn end<T>(self, done: Result<T, VerifyError>, stop: &Stop) -> Result<T, VerifyError> {
        let shadow = self.leave().await;
        done.map_err(|error| if error.comes_of(stop) { VerifyError::Stopped { shadow } } else { error })
    }
}

async fn new_name(server: &Config) -> Result<Ident, VerifyError> {
    let admin = database::open(server, APPLICATION_NAME).await?;
    database::sweep(&admin).await?;
    database::new_name(&admin).await
}

/// Makes the database, and returns how to connect to it, and a session in it.
async fn make(server: &Config, name: &Ident) -> Result<(Config, Connection), VerifyError> {
    let maker = database::open(server, name.name()).await?;
    database::create(&maker, name).await?;
    database::settle(&maker, name).await?;
    maker.close().await;
    let config = server.clone().with_database(name.name());
    let connection = dial(&config.clone().with_application_name(name.name())).await;
    let connection = connection.map_err(VerifyError::Connect)?;
    database::keep(&connection).await?;
    Ok((config, connection))
}
