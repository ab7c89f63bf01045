use std::error::Error as StdError;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{DialStep, Error, Host, ServerError};

/// One host, and how long it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) host: &'a Host,
    pub(crate) start: Instant,
    pub(crate) deadline: Instant,
}

impl<'a> Attempt<'a> {
    /// The time runs from now on.
    pub(crate) fn until(host: &'a Host, deadline: Instant) -> Self {
        Self { host, start: Instant::now(), deadline }
    }

    /// Runs one step of connecting within the deadline.
    pub(crate) async fn step<T, E>(
        &self,
        step: DialStep,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error>
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        match timeout_at(self.deadline, run).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(source)) => Err(self.failed(step, source.into())),
            Err(_) => Err(Error::DialTimeout { host: self.host.to_string(), step, waited: self.waited() }),
        }
    }

    pub(crate) fn failed(&self, step: DialStep, source: Box<dyn StdError + Send + Sync>) -> Error {
        let host = self.host.to_string();
        let refused =
            source.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error);
        match refused.map(ServerError::new) {
            Some(source) => Error::Refused { host, source },
            None => Error::Dial { host, step, source },
        }
    }

    fn waited(&self) -> Duration {
        self.deadline.saturating_duration_since(self.start)
    }
}

/// The end of this much time from now.
pub(crate) fn deadline(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + LONGEST)
}

/// Stands for a deadline that no clock can hold.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// An equal part of the time until `deadline`, so that a silent host does not use up the time of those behind it.
pub(crate) fn share(deadline: Instant, parts: usize) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    Instant::now() + left / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)
}
