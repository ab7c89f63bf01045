//! What the schema is when a call ends, kept for those who ask later whether it still is.

use futures_util::future::join;
use pgkeel_connect::{Config, Executor as _, Host, dial};
use tokio::task::JoinSet;

use super::Migrator;
use crate::drift::Place;
use crate::run::session::Session;
use crate::snapshot::Reader;
use crate::{Event, Scope, Snapshot, VerifyError};

/// As who it is seen in `pg_stat_activity`.
const APPLICATION_NAME: &str = "pgkeel-migrate record";

/// For how many files a second connection pays, on which the schema can be read sooner; and how many are left when it is made: it
/// takes 0.1 s to be ready, and what the server does for it meanwhile is in the way of the files.
const MANY: usize = 100;

/// What reads the schema in the end, made ready on a second connection while the last files run.
#[derive(Default)]
pub(super) struct Recorder {
    /// Where the files run, until it is made ready.
    place: Option<(Config, Host)>,
    reader: JoinSet<Option<Reader>>,
}

impl Recorder {
    /// Nothing waits for it: what is not ready in the end, or gone by then, is done without.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        let Event::Begun { position, of, .. } = event else { return };
        if of - position < MANY {
            self.reader.extend(self.place.take().map(|(config, host)| reader(config, host)));
        }
    }
}

/// Where the files run, and nowhere else: of several hosts, or of several servers behind one name, another one may be behind.
async fn reader(config: Config, host: Host) -> Option<Reader> {
    let connection = dial(&config).await.ok()?;
    let is_standby: bool =
        connection.query_scalar("select pg_catalog.pg_is_in_recovery()", &[]).await.ok()?;
    if is_standby || *connection.host() != host {
        return None;
    }
    Reader::prepare(connection).await.ok()
}

async fn sooner(reader: Option<&Reader>, scope: &Scope) -> Option<Snapshot> {
    reader?.take(scope).await.ok()
}

impl Migrator {
    /// For a call that runs so many files.
    pub(super) fn recorder(&self, session: &Session, files: usize) -> Recorder {
        let pays = self.recorded.is_some() && files >= MANY && !self.home.is_of_tenant();
        let place = || {
            let config = self.connect.clone().with_application_name(APPLICATION_NAME);
            (config, session.connection.host().clone())
        };
        Recorder { place: pays.then(place), ..Recorder::default() }
    }

    /// Takes nothing back if it fails: the files have run. A record that is missing is told from one that is current by the
    /// history that it is of.
    pub(super) async fn record(&self, session: &Session, mut recorder: Recorder) {
        let Some(scope) = &self.recorded else { return };
        let reader = recorder.reader.try_join_next().and_then(Result::ok).flatten();
        let place = async {
            session.renew(self.limits).await?;
            Place::find(&session.home, &session.connection).await
        };
        let record = async {
            let (place, sooner) = join(place, sooner(reader.as_ref(), scope)).await;
            let place = place?;
            let snapshot = match sooner {
                Some(snapshot) => snapshot,
                None => Snapshot::take_in(&session.home, &session.connection, scope).await?,
            };
            // It says good-bye to the server while this is put there; how long that takes to end a session, nobody waits for.
            drop(reader);
            place.put(&snapshot, scope).await
        };
        if let Err(error) = record.await as Result<(), VerifyError> {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the schema that the migrations have made could not be recorded");
        }
    }
}
