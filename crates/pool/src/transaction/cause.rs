//! The first thing that went wrong on a level, kept beside the caller's own error, which nobody can look into.

use pgkeel_connect::{Error, ServerError};

use crate::transaction::stack::Level;

/// A copy of an error of the server or the connection; of others there is nothing to keep.
pub(super) fn copy(error: &Error) -> Option<Error> {
    match error {
        Error::Server(server) => Some(Error::Server(server.clone())),
        Error::Closed { reason } => Some(Error::Closed { reason: reason.clone() }),
        Error::Unanswered { what, waited } => Some(Error::Unanswered { what: what.clone(), waited: *waited }),
        _ => None,
    }
}

/// Whether rolling back to a savepoint does not mend it: the whole transaction has to be run again.
fn reaches_further(error: &Error) -> bool {
    error.is_disconnected()
        || error.server().map(ServerError::code).is_some_and(pgkeel_connect::rolls_back_cleanly)
}

/// What of the errors on these levels, which were rolled back, counts for the level around them.
pub(super) fn left_of(ended: &mut [Level]) -> Option<Error> {
    ended.iter_mut().filter_map(|level| level.first.take()).find(reaches_further)
}
