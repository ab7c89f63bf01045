//! Notifications of the server, over a connection that is opened again when it is lost.

mod attendant;
mod backoff;
mod event;
mod mailbox;
mod options;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::attendant::{Action, Attendant, Order};
pub use self::event::{ListenerEvent, Notification};
pub(crate) use self::mailbox::Mailbox;
pub use self::options::ListenerOptions;
use crate::driver::CloseReason;
use crate::{Config, Error, Ident, dial};

/// Listens to channels (`LISTEN`, `NOTIFY`) on a connection of its own.
///
/// A task looks after the connection. When it is lost the task opens another, after pauses that grow to at most 5 s and
/// are drawn at random, and listens to all channels again. What was sent meanwhile is gone, as the server keeps nothing
/// for those who are away: [`ListenerEvent::Lost`] and [`ListenerEvent::Reconnected`] say so, in their place among the
/// notifications. At the second read again whatever the notifications are about.
///
/// Notifications wait in a buffer of bounded length for the reader. While it is full those that come are dropped and
/// counted; [`ListenerEvent::Dropped`] stands where they would have stood.
///
/// A connection over which nothing comes any more is found out by asking the server now and then: within 15 s, see
/// [`ListenerOptions::with_check`].
///
/// It is a [`Stream`] as well. Dropping it closes the connection.
///
/// ```no_run
/// use pgkeel_connect::{Config, Ident, Listener, ListenerEvent};
///
/// # async fn example(read_again: impl Fn()) -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new("postgresql://app@localhost/shop".parse()?);
/// let mut listener = Listener::connect(&config).await?;
/// listener.listen(Ident::new("orders")?).await?;
/// while let Some(event) = listener.recv().await {
///     match event {
///         ListenerEvent::Notification(order) => println!("{}: {}", order.channel(), order.payload()),
///         ListenerEvent::Reconnected | ListenerEvent::Dropped { .. } => read_again(),
///         ListenerEvent::Lost(error) => eprintln!("nothing is heard for now: {error}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Listener {
    mailbox: Arc<Mailbox>,
    orders: mpsc::Sender<Order>,
    /// Dropped with the listener: what the task waits for.
    in_use: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// So many callers of [`Listener::listen`] may wait for the task to take their wish.
const ORDERS: usize = 16;

impl Listener {
    /// Opens the connection, listening to nothing yet.
    ///
    /// # Errors
    /// As [`dial()`]. From then on losing the connection is no error, but an event.
    ///
    /// # Cancellation
    /// As [`dial()`].
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        Self::connect_with(config, ListenerOptions::new()).await
    }

    /// The same with another buffer, or checked in another rhythm.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Cancellation
    /// As [`dial()`].
    pub async fn connect_with(config: &Config, options: ListenerOptions) -> Result<Self, Error> {
        let connection = dial(config).await?;
        let mailbox = Arc::new(Mailbox::of(options.buffer));
        let (orders, taken) = mpsc::channel(ORDERS);
        let (in_use, dropped) = oneshot::channel();
        let attendant = Attendant::new(config.clone(), options, Arc::clone(&mailbox), taken);
        let task = tokio::spawn(attendant.run(connection, dropped));
        Ok(Self { mailbox, orders, in_use, task })
    }

    /// Listens to this channel as well. From `Ok` on, whatever is sent to it arrives, or an event says that something
    /// may be missing: while the connection is lost the wish is noted and carried out with the next one.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses, as a standby does.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the channel is listened to.
    pub async fn listen(&self, channel: Ident) -> Result<(), Error> {
        self.order(Action::Listen, channel).await
    }

    /// Listens to this channel no more. What has come from it already is still handed out.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the channel is listened to.
    pub async fn unlisten(&self, channel: Ident) -> Result<(), Error> {
        self.order(Action::Unlisten, channel).await
    }

    async fn order(&self, action: Action, channel: Ident) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        let gone = || Error::Closed { reason: Some(CloseReason::Local) };
        self.orders.send(Order { action, channel, done }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Waits for what comes next, without a bound. `None` only once the runtime in which the listener was opened has
    /// ended.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<ListenerEvent> {
        poll_fn(|cx| self.mailbox.poll(cx)).await
    }

    /// Takes what has come already. `None` if there is nothing.
    pub fn try_recv(&mut self) -> Option<ListenerEvent> {
        self.mailbox.take()
    }

    /// Says good-bye and waits until the server has ended the session, at most 2 s.
    ///
    /// # Cancellation
    /// Dropping the future goes on with closing, unwaited for.
    pub async fn close(self) {
        let Self { in_use, task, .. } = self;
        drop(in_use);
        let _ = task.await; // It fails only if its runtime ends, which closes the socket too.
    }
}

impl Stream for Listener {
    type Item = ListenerEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ListenerEvent>> {
        self.mailbox.poll(cx)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("mailbox", &self.mailbox).finish_non_exhaustive()
    }
}
