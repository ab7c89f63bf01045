//! Who asks the database for figures, and over which connection.

use std::sync::Arc;
use std::time::Duration;

use pgkeel_catalog::{
    Capabilities, Reading, activity, checkpoints, database, database_size, indexes, server, tables, wal,
};
use pgkeel_connect::{Config, Connection, Error};
use tokio::sync::{Mutex, MutexGuard};

use crate::metrics::{Family, Source};
use crate::postgres::{Link, slug};
use crate::sampling::ask::{sampled, take};
use crate::sampling::figures::Sessions;
use crate::sampling::slow::Texts;
use crate::sampling::walk::{PAGE, Walk};
use crate::sampling::{Figures, families};

/// Applications listed by name; the rest is counted.
const APPLICATIONS: usize = 20;

/// Asks one database for its figures, in the background, over one connection of its own.
///
/// Activity, counters and slow statements are asked for every 15 s, tables and indexes every 5 minutes; each part in a
/// read-only transaction that may take 5 s on the server and wait 100 ms for a lock. A part that fails is skipped and
/// the others are shown; one that is slow is asked less often. Clones share what they know.
#[derive(Clone, Debug)]
pub struct DatabaseSampler {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    config: Config,
    threshold: Option<Duration>,
    link: Mutex<Link>,
    texts: Texts,
    pub(crate) figures: Figures,
}

impl DatabaseSampler {
    /// Asks the database that this connects to, under the application name `pgkeel-health`, and takes statements for
    /// slow from this threshold on; without one they are not asked for.
    #[must_use]
    pub fn new(config: Config, slow_query_threshold: Option<Duration>) -> Self {
        let inner = Inner {
            config: config.with_application_name("pgkeel-health"),
            threshold: slow_query_threshold,
            link: Mutex::default(),
            texts: Texts::default(),
            figures: Figures::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Asks for everything now, as the scheduler does by itself; for programs that look once and end.
    ///
    /// # Errors
    /// That the database cannot be reached. A part that is refused is no error: it is shown as skipped.
    ///
    /// # Cancellation
    /// The connection is closed if a part was being asked for; figures that came before stay.
    pub async fn refresh(&self) -> Result<(), Error> {
        let (often, seldom) = (self.inner.often().await, self.inner.seldom().await);
        often.and(seldom)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.inner.figures
    }
}

impl Source for DatabaseSampler {
    fn name(&self) -> &'static str {
        "figures"
    }

    fn families(&self) -> Vec<Family> {
        families::of(self.figures())
    }
}

/// The connection, taken out of its place: dropping this closes it, as nobody knows then what is under way on it.
struct Session<'a> {
    link: MutexGuard<'a, Link>,
    connection: Box<Connection>,
}

impl Session<'_> {
    fn keep(mut self) {
        self.link.keep(self.connection);
    }
}

impl Inner {
    /// One round of what is asked often.
    pub(crate) async fn often(&self) -> Result<(), Error> {
        let asked = self.ask_often().await;
        if let Err(error) = &asked {
            self.figures.often_unreachable(slug(error));
        }
        asked
    }

    /// One round of what is asked seldom.
    pub(crate) async fn seldom(&self) -> Result<(), Error> {
        let asked = self.ask_seldom().await;
        if let Err(error) = &asked {
            self.figures.seldom_unreachable(slug(error));
        }
        asked
    }

    async fn ask_often(&self) -> Result<(), Error> {
        let session = self.session().await?;
        let (connection, figures) = (&*session.connection, &self.figures);
        let capabilities = sampled(connection, Capabilities::read(connection)).await?;
        take(&figures.server, connection, known(server(connection))).await?;
        take(&figures.activity, connection, sessions(connection, &capabilities)).await?;
        take(&figures.database, connection, known(database(connection))).await?;
        take(&figures.checkpoints, connection, known(checkpoints(connection, &capabilities))).await?;
        take(&figures.wal, connection, wal(connection, &capabilities)).await?;
        if let Some(threshold) = self.threshold {
            let slow = self.texts.slow(connection, &capabilities, threshold);
            take(&figures.statements, connection, slow).await?;
        } else {
            figures.statements.skipped_because("switched_off", "give health.slow_query_threshold a time");
        }
        session.keep();
        Ok(())
    }

    async fn ask_seldom(&self) -> Result<(), Error> {
        let session = self.session().await?;
        let connection = &*session.connection;
        let capabilities = sampled(connection, Capabilities::read(connection)).await?;
        take(&self.figures.size, connection, database_size(connection, &capabilities)).await?;
        session.keep();
        self.walk_tables(&capabilities).await?;
        self.walk_indexes(&capabilities).await
    }

    /// Between two pages what is asked often has its turn.
    async fn walk_tables(&self, capabilities: &Capabilities) -> Result<(), Error> {
        let Some(mut walk) = Walk::begin(&self.figures.tables) else { return Ok(()) };
        while let Some(after) = walk.next.take() {
            let session = self.session().await?;
            let connection = &*session.connection;
            let page = sampled(connection, tables(connection, capabilities, &after, PAGE)).await;
            walk.add(page)?;
            session.keep();
        }
        Ok(())
    }

    async fn walk_indexes(&self, capabilities: &Capabilities) -> Result<(), Error> {
        let Some(mut walk) = Walk::begin(&self.figures.indexes) else { return Ok(()) };
        while let Some(after) = walk.next.take() {
            let session = self.session().await?;
            let connection = &*session.connection;
            let page = sampled(connection, indexes(connection, capabilities, &after, PAGE)).await;
            walk.add(page)?;
            session.keep();
        }
        Ok(())
    }

    async fn session(&self) -> Result<Session<'_>, Error> {
        let mut link = self.link.lock().await;
        let open = link.take_open().filter(|connection| !connection.is_closed());
        let connection = match open {
            Some(connection) => connection,
            None => link.dial(&self.config).await?,
        };
        Ok(Session { link, connection })
    }
}

async fn known<T>(ask: impl Future<Output = Result<T, Error>>) -> Result<Reading<T>, Error> {
    ask.await.map(Reading::Known)
}

async fn sessions(connection: &Connection, capabilities: &Capabilities) -> Result<Reading<Sessions>, Error> {
    let activity = activity(connection, capabilities, APPLICATIONS).await?;
    let hidden = capabilities.hidden_sessions().filter(|_| activity.hidden > 0);
    Ok(Reading::Known(Sessions { activity, hidden }))
}
