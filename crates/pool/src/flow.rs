//! Statements whose answer outlasts a future: streams of rows, and copies.
//!
//! While one is there its session or transaction is borrowed, so that nothing else can be sent, which would wait behind
//! it. Dropped before its end it is cancelled like the dropped future of a statement (`traffic.rs`): the driver throws
//! away what still comes, and whoever uses the session next waits until that is over.

mod copy_in;
mod copy_out;
mod copy_row;
mod copy_sink;
mod copy_target;
mod methods;
mod rows;
mod underway;

use std::pin::Pin;

pub use self::copy_in::CopyIn;
pub use self::copy_out::{CopyBytes, CopyOut};
pub use self::copy_row::CopyRow;
pub use self::copy_sink::CopySink;
pub use self::copy_target::CopyTarget;
pub use self::rows::RowStream;
use self::underway::Underway;
use crate::Error;
use crate::transaction::Statement;

/// A statement that the server has begun to answer.
pub(crate) struct Begun<S> {
    /// The driver's end of it. Dropped first: from then on the driver passes over what comes, so that a cancel, and
    /// whatever is sent later, finds its way.
    answer: Pin<Box<S>>,
    underway: Underway,
}

/// The same, as a caller holds it.
struct Flow<'a, S> {
    begun: Begun<S>,
    /// In a transaction: keeps the level from being committed meanwhile.
    level: Option<Statement<'a>>,
}

impl<'a, S> Flow<'a, S> {
    fn new(begun: Begun<S>, level: Option<Statement<'a>>) -> Self {
        Self { begun, level }
    }

    /// The server's last word on it, which was no error.
    fn arrive(mut self, rows: u64) {
        self.begun.underway.arrive(rows);
    }

    /// It ended with this error, as the caller is to see it.
    fn fail(mut self, error: tokio_postgres::Error) -> Error {
        let error = self.begun.underway.explain(error);
        self.begun.underway.fail(&error);
        self.note(Error::Statement(error))
    }

    /// The transaction remembers its first error.
    fn note(self, error: Error) -> Error {
        match &self.level {
            Some(level) => level.note(error),
            None => error,
        }
    }
}
