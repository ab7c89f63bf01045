//! Ending what is done besides files, where nobody watches it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use pgkeel_connect::{Canceller, Connection};
use tokio::time::{sleep, timeout};

use super::session::ANSWER_TIMEOUT;
use super::stop::Stop;

/// Between two requests to cancel: the first may have come between two statements.
const PAUSE: Duration = Duration::from_millis(100);

/// Does the work on this connection. Once somebody asks to stop, what is running there is cancelled until the work ends;
/// no cancel request is under way then.
pub(crate) async fn cancelling<T>(connection: &Connection, stop: &Stop, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Either::Left((done, _)) = select(work.as_mut(), pin!(stop.requested())).await {
        return done;
    }
    let canceller = connection.canceller();
    let done = loop {
        let mut cancel = tokio::spawn(request(canceller.clone()));
        if let Either::Left((done, cancel)) = select(work.as_mut(), &mut cancel).await {
            let _ = cancel.await;
            break done;
        }
        if let Either::Left((done, _)) = select(work.as_mut(), pin!(sleep(PAUSE))).await {
            break done;
        }
    };
    let _ = timeout(ANSWER_TIMEOUT, connection.settle()).await;
    done
}

async fn request(canceller: Canceller) {
    if let Err(error) = canceller.cancel(Canceller::USUAL_DEADLINE).await {
        tracing::warn!(%error, "a statement could not be cancelled");
    }
}
