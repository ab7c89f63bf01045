//! A connection that is kept between runs, and dialled anew when it is over.

use pgkeel_connect::{Config, Connection, Error, dial};
use tokio::task::JoinHandle;

/// The way to the database.
#[derive(Debug, Default)]
pub(crate) enum Link {
    #[default]
    None,
    /// In a task of its own: a run that reaches its timeout does not throw away a connection that is slow to open.
    Dialling(JoinHandle<Result<Connection, Error>>),
    Open(Box<Connection>),
}

impl Link {
    /// Takes the connection out while it is asked: if that is dropped half way, nobody asks it again.
    pub(crate) fn take_open(&mut self) -> Option<Box<Connection>> {
        match std::mem::take(self) {
            Self::Open(connection) => Some(connection),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Opens a connection, or waits for the one that an earlier run began to open.
    pub(crate) async fn dial(&mut self, config: &Config) -> Result<Box<Connection>, Error> {
        if !matches!(self, Self::Dialling(_)) {
            let config = config.clone();
            *self = Self::Dialling(tokio::spawn(async move { dial(&config).await }));
        }
        let Self::Dialling(dialling) = self else { unreachable!("set just above") };
        let dialled = dialling.await;
        *self = Self::None;
        Ok(Box::new(dialled.expect("dialling does not panic and nobody aborts it")?))
    }

    /// Keeps a connection for the next run.
    pub(crate) fn keep(&mut self, connection: Box<Connection>) {
        *self = Self::Open(connection);
    }

    /// Keeps the connection if it has answered.
    pub(crate) fn keep_if_ok<T>(
        &mut self,
        connection: Box<Connection>,
        asked: Result<T, Error>,
    ) -> Result<T, Error> {
        if asked.is_ok() {
            self.keep(connection);
        }
        asked
    }
}
