use std::fmt;

use crate::Error;

/// What a [`Listener`](crate::Listener) has to tell, in the order in which it happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenerEvent {
    /// Somebody sent something to a channel.
    Notification(Notification),
    /// The reader was too slow: here so many notifications were dropped, as the buffer was full.
    Dropped {
        /// How many.
        count: u64,
    },
    /// The connection is lost, for this reason. Until `Reconnected` nothing is heard, and what is sent is gone.
    Lost(Error),
    /// All channels are listened to again. Who now reads again what the notifications are about has missed nothing.
    Reconnected,
}

/// What somebody sent to a channel. `Debug` leaves the payload out.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    channel: String,
    payload: String,
    process_id: i32,
}

impl Notification {
    pub(crate) fn new(from_driver: &tokio_postgres::Notification) -> Self {
        Self {
            channel: from_driver.channel().to_owned(),
            payload: from_driver.payload().to_owned(),
            process_id: from_driver.process_id(),
        }
    }

    #[cfg(test)]
    pub(super) fn of(channel: &str, payload: &str) -> Self {
        Self { channel: channel.to_owned(), payload: payload.to_owned(), process_id: 0 }
    }

    /// The channel's name, unquoted.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// The text that was sent, at most 7999 bytes; empty if there was none.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The text that was sent, to keep.
    #[must_use]
    pub fn into_payload(self) -> String {
        self.payload
    }

    /// The server's process of the session that sent it, as `pg_stat_activity` has it.
    #[must_use]
    pub fn process_id(&self) -> i32 {
        self.process_id
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("channel", &self.channel)
            .field("process_id", &self.process_id)
            .finish_non_exhaustive()
    }
}
