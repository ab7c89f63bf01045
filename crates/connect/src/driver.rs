//! The task that moves a connection's bytes, and what it knows when it ends.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_postgres::AsyncMessage;

use crate::ServerError;
use crate::wire::Wire;

/// Why a connection ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server said why, for example `57P01` when an administrator ended the session.
    Server(ServerError),
    /// The link broke, or what came over it made no sense.
    Link(Arc<tokio_postgres::Error>),
    /// This side closed it.
    Local,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => write!(f, "the server ended it: {error}"),
            Self::Link(error) => match std::error::Error::source(&**error) {
                Some(cause) => write!(f, "the link broke: {cause}"),
                None => write!(f, "the link broke: {error}"),
            },
            Self::Local => f.write_str("this side closed it"),
        }
    }
}

/// The other end of a driver task.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    reason: Arc<OnceLock<CloseReason>>,
    /// Dropped with the connection: what the task waits for.
    _in_use: Arc<oneshot::Sender<()>>,
}

/// How long the server may take to answer what was under way when the connection was dropped, before the socket is
/// closed under it.
const GRACE: Duration = Duration::from_secs(2);

impl Driver {
    /// Starts the task. It ends when the link ends; or when the connection is dropped, after saying good-bye, but without
    /// waiting for more than 2 s for answers that are still to come.
    pub(crate) fn start<S, T>(mut connection: tokio_postgres::Connection<S, T>, wire: Wire) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (in_use, dropped) = oneshot::channel();
        let driver = Self { reason: Arc::default(), _in_use: Arc::new(in_use) };
        let reason = Arc::clone(&driver.reason);
        let dropped = async move {
            let _ = dropped.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::spawn(async move {
            let found = tokio::select! {
                found = drive(&mut connection) => found,
                () = dropped => CloseReason::Local,
            };
            let found = wire.last_word().cloned().map_or(found, CloseReason::Server);
            // Set before the connection is dropped: only then do waiting statements learn that it is over.
            let _ = reason.set(found);
            drop(connection);
        });
        driver
    }

    pub(crate) fn close_reason(&self) -> Option<&CloseReason> {
        self.reason.get()
    }
}

async fn drive<S, T>(connection: &mut tokio_postgres::Connection<S, T>) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                // Its text may quote values.
                tracing::debug!(
                    severity = notice.severity(),
                    code = notice.code().code(),
                    "the server noticed something"
                );
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let reason = match error.as_db_error() {
                    Some(from_server) => CloseReason::Server(ServerError::new(from_server)),
                    None => CloseReason::Link(Arc::new(error)),
                };
                tracing::debug!(%reason, "a connection ended");
                return reason;
            }
            None => return CloseReason::Local,
        }
    }
}
