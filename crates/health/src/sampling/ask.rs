//! One part at a time: in a transaction that is bounded and always ended.

use std::time::{Duration, Instant};

use pgkeel_catalog::{Limits, Reading, opening};
use pgkeel_connect::{Connection, Error, Executor as _};

use crate::postgres::slug;
use crate::sampling::Section;

/// Runs what asks for one part in a transaction of its own, and leaves none open.
pub(super) async fn sampled<T>(
    connection: &Connection,
    ask: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let asked = match connection.batch_execute(&opening(Limits::default())).await {
        Ok(()) => ask.await,
        Err(error) => Err(error),
    };
    let ending = if asked.is_ok() { "commit /* pgkeel:sample */" } else { "rollback /* pgkeel:sample */" };
    let ended = connection.batch_execute(ending).await;
    match asked {
        Ok(found) => ended.map(|()| found),
        // An error of the part leaves the connection usable; one of the rollback does not, and says so.
        Err(error) => Err(ended.err().filter(Error::is_disconnected).unwrap_or(error)),
    }
}

/// Asks for a part and leaves what comes in its place.
///
/// # Errors
/// That the connection is over, which concerns all parts.
pub(super) async fn take<T>(
    section: &Section<T>,
    connection: &Connection,
    ask: impl Future<Output = Result<Reading<T>, Error>>,
) -> Result<(), Error> {
    if section.rests() {
        return Ok(());
    }
    let start = Instant::now();
    let asked = sampled(connection, ask).await;
    let took = start.elapsed();
    match asked {
        Ok(Reading::Known(value)) => section.found(value, took),
        Ok(Reading::Skipped(skipped)) => section.skipped(&skipped),
        Err(error) if error.is_disconnected() => return Err(error),
        Err(error) => failed(section, &error, took),
    }
    Ok(())
}

pub(super) fn failed<T>(section: &Section<T>, error: &Error, took: Duration) {
    tracing::debug!(
        part = section.name,
        error = error as &dyn std::error::Error,
        "a part of the figures is missing"
    );
    section.failed(slug(error), took);
}
