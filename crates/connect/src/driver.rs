//! The task that moves a connection's bytes, and what it knows when it ends.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_postgres::AsyncMessage;

use crate::listener::{Mailbox, Notification};
use crate::wire::Wire;
use crate::{ServerError, notice};

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
#[derive(Debug)]
pub(crate) struct Driver {
    reason: Arc<OnceLock<CloseReason>>,
    /// Where notifications go, if anybody wants them.
    mailbox: Arc<OnceLock<Arc<Mailbox>>>,
    /// Dropped with the connection: what the task waits for.
    _in_use: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Closes the socket of one connection, from anywhere and without the [`Connection`](crate::Connection).
#[derive(Debug, Clone)]
pub struct Killer(AbortHandle);

impl Killer {
    /// Closes the socket at once, without a good-bye: for a server that does not answer any more. What the session was
    /// doing there is rolled back once the server notices.
    pub fn kill(&self) {
        self.0.abort();
    }
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
        let reason = Arc::<OnceLock<CloseReason>>::default();
        let mailbox = Arc::<OnceLock<Arc<Mailbox>>>::default();
        let (found, letters) = (Arc::clone(&reason), Arc::clone(&mailbox));
        let dropped = async move {
            let _ = dropped.await;
            tokio::time::sleep(GRACE).await;
        };
        let task = tokio::spawn(async move {
            let reason = tokio::select! {
                reason = drive(&mut connection, &letters) => reason,
                () = dropped => CloseReason::Local,
            };
            let reason = wire.last_word().cloned().map_or(reason, CloseReason::Server);
            // Set before the connection is dropped: only then do waiting statements learn that it is over.
            let _ = found.set(reason);
            drop(connection);
        });
        Self { reason, mailbox, _in_use: in_use, task }
    }

    /// Puts notifications there from now on.
    pub(crate) fn hand_notifications_to(&self, mailbox: &Arc<Mailbox>) {
        let _ = self.mailbox.set(Arc::clone(mailbox));
    }

    /// Waits until the task has ended, the socket closed. Not to be called again after that.
    pub(crate) async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Lets the task say good-bye and waits until the socket is closed.
    pub(crate) async fn finish(self) {
        let Self { reason: _, mailbox: _, _in_use: in_use, task } = self;
        drop(in_use);
        if task.is_finished() {
            return;
        }
        let _ = task.await; // It fails only if its runtime ends, which closes the socket too.
    }

    pub(crate) fn killer(&self) -> Killer {
        Killer(self.task.abort_handle())
    }

    pub(crate) fn close_reason(&self) -> Option<&CloseReason> {
        self.reason.get()
    }
}

async fn drive<S, T>(
    connection: &mut tokio_postgres::Connection<S, T>,
    mailbox: &OnceLock<Arc<Mailbox>>,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => notice::log(&notice),
            Some(Ok(AsyncMessage::Notification(notification))) => {
                if let Some(mailbox) = mailbox.get() {
                    mailbox.put(Notification::new(&notification));
                }
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
