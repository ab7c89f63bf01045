//! The task that looks after a listener's connection.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::backoff::pause_after;
use super::{ListenerOptions, Mailbox};
use crate::{Config, Connection, Error, Executor as _, Ident, dial};

#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Listen,
    Unlisten,
}

/// A wish of the listener's owner, and where the answer goes.
pub(super) struct Order {
    pub(super) action: Action,
    pub(super) channel: Ident,
    pub(super) done: oneshot::Sender<Result<(), Error>>,
}

pub(super) struct Attendant {
    config: Config,
    options: ListenerOptions,
    mailbox: Arc<Mailbox>,
    orders: mpsc::Receiver<Order>,
    channels: BTreeSet<Ident>,
    /// `None` while it is lost.
    connection: Option<Connection>,
}

impl Attendant {
    pub(super) fn new(
        config: Config,
        options: ListenerOptions,
        mailbox: Arc<Mailbox>,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self { config, options, mailbox, orders, channels: BTreeSet::new(), connection: None }
    }

    /// Goes on until the listener is dropped.
    pub(super) async fn run(mut self, connection: Connection, dropped: oneshot::Receiver<()>) {
        connection.hand_notifications_to(&self.mailbox);
        self.connection = Some(connection);
        tokio::select! {
            _ = dropped => {}
            () = self.attend() => {}
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    async fn attend(&mut self) {
        loop {
            let lost = self.hold().await;
            tracing::warn!(error = &lost as &dyn std::error::Error, "a listener lost its connection");
            if let Some(connection) = self.connection.take() {
                connection.killer().kill(); // A server that is silent would not answer a good-bye.
            }
            self.mailbox.lost(lost);
            self.connection = Some(self.reconnect().await);
            tracing::info!(channels = self.channels.len(), "a listener is connected again");
            self.mailbox.reconnected();
        }
    }

    /// Uses the connection until it is lost, and says why.
    async fn hold(&mut self) -> Error {
        loop {
            let connection = self.connection.as_mut().expect("there is one until it is lost");
            let done = tokio::select! {
                () = connection.ended() => Err(connection.explain(Error::Closed { reason: None })),
                Some(order) = self.orders.recv() => self.carry_out(order).await,
                () = sleep(self.options.check_every) => {
                    answer(&self.options, "a listener's check", connection.settle()).await
                }
            };
            if let Err(lost) = done {
                return lost;
            }
        }
    }

    /// `Err` if the connection is lost; then the wish is noted.
    async fn carry_out(&mut self, order: Order) -> Result<(), Error> {
        let connection = self.connection.as_ref().expect("there is one until it is lost");
        let sql = match order.action {
            Action::Listen => format!("LISTEN {}", order.channel),
            Action::Unlisten => format!("UNLISTEN {}", order.channel),
        };
        // sql: LISTEN and UNLISTEN have no parameters; the channel is quoted
        match answer(&self.options, &sql, connection.batch_execute(&sql)).await {
            Err(refused) if !refused.is_disconnected() => {
                let _ = order.done.send(Err(refused)); // Nobody may wait for it any more.
                Ok(())
            }
            done => {
                self.note(order);
                done
            }
        }
    }

    fn note(&mut self, order: Order) {
        match order.action {
            Action::Listen => self.channels.insert(order.channel),
            Action::Unlisten => self.channels.remove(&order.channel),
        };
        let _ = order.done.send(Ok(()));
    }

    /// Tries until it works.
    async fn reconnect(&mut self) -> Connection {
        for failures in 0.. {
            let error = match self.dial_after(failures).await {
                Ok(connection) => match self.listen_again(&connection).await {
                    Ok(()) => return connection,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            tracing::debug!(error = &error as &dyn std::error::Error, "a listener could not connect again");
        }
        unreachable!("it is tried without end")
    }

    /// Dials after a pause. Wishes are noted meanwhile.
    async fn dial_after(&mut self, failures: u32) -> Result<Connection, Error> {
        let config = self.config.clone();
        let mut dialling = pin!(async {
            sleep(pause_after(failures)).await;
            dial(&config).await
        });
        loop {
            tokio::select! {
                dialled = &mut dialling => return dialled,
                Some(order) = self.orders.recv() => self.note(order),
            }
        }
    }

    async fn listen_again(&self, connection: &Connection) -> Result<(), Error> {
        connection.hand_notifications_to(&self.mailbox);
        let sql: Vec<String> = self.channels.iter().map(|channel| format!("LISTEN {channel}")).collect();
        // sql: LISTEN has no parameters; channels are quoted
        answer(&self.options, "LISTEN", connection.batch_execute(&sql.join(";"))).await
    }
}

/// What the server answers, if it does so in time.
async fn answer(
    options: &ListenerOptions,
    what: &str,
    asked: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let waited = options.answer_within;
    let late = |_| Err(Error::Unanswered { what: what.to_owned(), waited });
    timeout(waited, asked).await.unwrap_or_else(late)
}

/// However the task ends, the reader hears that nothing more comes.
impl Drop for Attendant {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}
