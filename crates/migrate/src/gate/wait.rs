//! Waiting until a database is there, or is at the program's files.

use std::fmt;
use std::time::Duration;

use pgkeel_connect::dial;
use tokio::time::{Instant, sleep, timeout};

use super::{APPLICATION_NAME, Gate, Readiness};
use crate::{Error, VerifyError, VerifyStep};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Until when [`Gate::wait`] waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Until {
    /// Until the server accepts a connection.
    Accepting,
    /// Until [`Gate::check`] says ready: all files are applied, by whomever.
    Ready,
}

impl Gate {
    /// Asks again and again, with pauses that grow to a second, until the answer is the one that is waited for, or so much
    /// time has passed. `observe` is told each new reason why it is not there yet.
    ///
    /// # Errors
    /// [`VerifyError::NotReady`] with what was found last, or the error of the last try. A server that refuses the role, the
    /// password or the database is not waited for, nor is anything but a connection that cannot be had.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection.
    pub async fn wait(
        &self,
        until: Until,
        limit: Duration,
        mut observe: impl FnMut(&dyn fmt::Display) + Send,
    ) -> Result<(), VerifyError> {
        let (begun, mut pause, mut told) = (Instant::now(), FIRST_PAUSE, String::new());
        let mut last = VerifyError::NoAnswer { step: VerifyStep::Wait, waited: limit };
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            let Ok(found) = timeout(left, self.look_until(until)).await else { return Err(last) };
            last = match found {
                Ok(None) => return Ok(()),
                Ok(Some(found)) => VerifyError::NotReady { waited: limit, found: Box::new(found) },
                Err(error) if is_worth_waiting(&error) => error,
                Err(error) => return Err(error),
            };
            let reason = reason(&last);
            if reason != told {
                observe(&reason);
                told = reason;
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(last);
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What is in the way.
    async fn look_until(&self, until: Until) -> Result<Option<Readiness>, VerifyError> {
        match until {
            Until::Accepting => {
                let connect = self.connect.clone().with_application_name(APPLICATION_NAME);
                dial(&connect).await.map_err(VerifyError::Connect)?.close().await;
                Ok(None)
            }
            Until::Ready => Ok(Some(self.check().await?).filter(|found| !found.is_ready())),
        }
    }
}

/// There is no connection, and that is not for somebody to mend first.
fn is_worth_waiting(error: &VerifyError) -> bool {
    let source = match error {
        VerifyError::Connect(source) | VerifyError::Migrate(Error::Connect(source)) => source,
        error => return error.is_disconnected(),
    };
    let code = source.server().map(|server| server.code().code());
    !code.is_some_and(|code| code.starts_with("28") || code.starts_with("3D") || code == "42501")
}

fn reason(error: &VerifyError) -> String {
    if let VerifyError::NotReady { found, .. } = error {
        return found.to_string();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
