//! A database for a dry run: made, brought to where the real one is, and dropped.

use std::time::{Duration, SystemTime};

use pgkeel_connect::{Config, Executor as _, Ident};

use super::lock::Lock;
use super::session::Session;
use super::stop::Stop;
use crate::{Error, Step};

/// An empty database beside the real one. One at a time for each real one, so that those which a call has left that was
/// killed can be told from one that is in use.
pub(crate) struct Shadow {
    /// On the real database; it holds the lock.
    session: Session,
    name: Ident,
    pub(crate) config: Config,
}

impl Shadow {
    pub(crate) async fn create(config: &Config, limit: Duration, stop: &Stop) -> Result<Self, Error> {
        let session = Session::open(config).await?;
        Lock::take(&session, Lock::SHADOW, limit, stop).await?;
        let sql = "select oid::int8 from pg_database where datname = current_database()";
        let oid: i64 = session.step(Step::Shadow, session.connection.query_scalar(sql, &[])).await?;
        let prefix = format!("pgkeel_shadow_{oid}_");
        drop_all(&session, &prefix).await?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name =
            Ident::new(format!("{prefix}{}", since.as_micros())).expect("letters and digits are a name");
        create(&session, &name).await?;
        let config = config.clone().with_database(name.name());
        Ok(Self { session, name, config })
    }

    pub(crate) async fn discard(self) {
        if let Err(error) = drop_database(&self.session, &self.name).await {
            tracing::warn!(%error, database = self.name.name(), "the database of a dry run stays until the next one");
        }
        self.session.connection.close().await;
    }
}

/// From the template that holds nothing but what belongs to the server.
async fn create(session: &Session, name: &Ident) -> Result<(), Error> {
    let create = format!("create database {name} template template0");
    let made = session.connection.batch_execute(&create).await;
    made.map_err(|source| Error::Database { step: Step::Shadow, source })
}

/// Those that earlier calls have left.
async fn drop_all(session: &Session, prefix: &str) -> Result<(), Error> {
    let sql = "select datname::text from pg_database where starts_with(datname::text, $1::text)";
    let left = session.step(Step::Shadow, session.connection.query(sql, &[&prefix])).await?;
    for row in left {
        if let Some(name) = row.try_get::<_, String>(0).ok().and_then(|name| Ident::new(name).ok()) {
            drop_database(session, &name).await?;
        }
    }
    Ok(())
}

async fn drop_database(session: &Session, name: &Ident) -> Result<(), Error> {
    let drop = format!("drop database if exists {name} with (force)");
    session.step(Step::Shadow, session.connection.batch_execute(&drop)).await
}
