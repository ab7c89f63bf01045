//! The task that moves a connection's bytes, and what it knows when it ends.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
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
    end: Arc<End>,
    task: JoinHandle<()>,
}

/// What the task and the other end tell each other about the end.
#[derive(Debug, Default)]
struct End {
    reason: OnceLock<CloseReason>,
    /// Whether nobody has the connection any more. Set before the client is dropped, which wakes the task.
    is_left: AtomicBool,
    /// What wakes the task: one that is stuck in writing does not hear by itself that it is left. The same for as long as
    /// the task lives, so it is kept once.
    waker: OnceLock<Waker>,
    /// Where notifications go, if anybody wants them.
    mailbox: OnceLock<Arc<Mailbox>>,
}

impl End {
    fn tell(&self, message: &AsyncMessage) {
        match message {
            AsyncMessage::Notice(notice) => notice::log(notice),
            AsyncMessage::Notification(notification) => {
                if let Some(mailbox) = self.mailbox.get() {
                    mailbox.put(Notification::new(notification));
                }
            }
            _ => {}
        }
    }
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
        let end = Arc::<End>::default();
        let told = Arc::clone(&end);
        let task = tokio::spawn(async move {
            let reason = drive(&mut connection, &told).await;
            let reason = wire.last_word().cloned().map_or(reason, CloseReason::Server);
            // Set before the connection is dropped: only then do waiting statements learn that it is over.
            let _ = told.reason.set(reason);
            drop(connection);
        });
        Self { end, task }
    }

    /// To be called before the client is dropped.
    pub(crate) fn leave(&self) {
        self.end.is_left.store(true, Ordering::Release);
        if let Some(waker) = self.end.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Puts notifications there from now on.
    pub(crate) fn hand_notifications_to(&self, mailbox: &Arc<Mailbox>) {
        let _ = self.end.mailbox.set(Arc::clone(mailbox));
    }

    /// Waits until the task has ended, the socket closed. Not to be called again after that.
    pub(crate) async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Waits until the task has said good-bye and the socket is closed. The task has its own bound, but that counts only
    /// while its runtime runs, which may be another one.
    pub(crate) async fn finish(mut self) {
        if !self.task.is_finished() && tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
            let _ = (&mut self.task).await; // Soon: nothing in it blocks.
        }
    }

    pub(crate) fn killer(&self) -> Killer {
        Killer(self.task.abort_handle())
    }

    pub(crate) fn close_reason(&self) -> Option<&CloseReason> {
        self.end.reason.get()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.leave();
    }
}

async fn drive<S, T>(connection: &mut tokio_postgres::Connection<S, T>, end: &End) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        end.waker.get_or_init(|| cx.waker().clone());
        Poll::Ready(())
    })
    .await;
    let mut grace = pin!(async { tokio::time::sleep(GRACE).await }); // Begins when it is first polled.
    poll_fn(|cx| {
        loop {
            match connection.poll_message(cx) {
                Poll::Ready(Some(Ok(message))) => end.tell(&message),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(broken(error)),
                Poll::Ready(None) => return Poll::Ready(CloseReason::Local),
                Poll::Pending if end.is_left.load(Ordering::Acquire) => {
                    return grace.as_mut().poll(cx).map(|()| CloseReason::Local);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

fn broken(error: tokio_postgres::Error) -> CloseReason {
    let reason = match error.as_db_error() {
        Some(from_server) => CloseReason::Server(ServerError::new(from_server)),
        None => CloseReason::Link(Arc::new(error)),
    };
    tracing::debug!(%reason, "a connection ended");
    reason
}
