//! Taking back what was begun and will not be finished.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgkeel_connect::{Config, Ident};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;

use crate::lease::{Lease, Taken};
use crate::mark::Mark;
use crate::session::Session;
use crate::{Error, Target, databases};

/// How long a server that is just starting again is waited for, and a session that is just ending.
const PATIENCE: Duration = Duration::from_secs(15);

const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(200);

/// Drops what a [`prepare`](crate::prepare()) that was dropped has left, as soon as its session at the server has ended;
/// within 15 s or so. Returns whether there was anything left to drop.
///
/// # Errors
/// [`Error::Filling`] if another process is filling this demo, [`Error::Foreign`] if the database was made by
/// somebody else, and that the server cannot be reached or refuses. Then the next [`prepare`](crate::prepare()) drops it.
///
/// # Cancellation
/// Dropping the future leaves the database to the next [`prepare`](crate::prepare()).
pub async fn discard(server: &Config, target: &Target) -> Result<bool, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt(server, target, deadline.saturating_duration_since(Instant::now())).await {
            Err(error) if may_pass(&error) && Instant::now() < deadline => sleep(BETWEEN_ATTEMPTS).await,
            done => return done,
        }
    }
}

async fn attempt(server: &Config, target: &Target, patience: Duration) -> Result<bool, Error> {
    match Lease::take(server, target, patience).await? {
        Taken::Ours(lease) => sweep(lease.session(), target).await,
        Taken::Theirs(_, holder) => Err(Error::Filling { database: target.name().clone(), holder }),
    }
}

/// Whether a server that has crashed is just starting again, or a session takes long to end.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Connect(source) => source.is_safe_to_retry(),
        Error::Database { source, .. } => source
            .code()
            .is_some_and(|code| [SqlState::OBJECT_IN_USE, SqlState::LOCK_NOT_AVAILABLE].contains(code)),
        _ => false,
    }
}

/// Drops the database that is not whole, if it is there and was made by us. Only for who has the lock.
pub(crate) async fn sweep(session: &Session, target: &Target) -> Result<bool, Error> {
    match databases::mark(session, target.unfinished()).await? {
        None => Ok(false),
        Some(Mark::Unfinished) => databases::drop(session, target.unfinished()).await.map(|()| true),
        Some(_) => Err(Error::Foreign { database: target.unfinished().clone() }),
    }
}

/// What is on the server while a demo is made. Dropped before it is settled, it discards that in the background.
#[derive(Debug)]
pub(crate) struct Leftover {
    server: Config,
    target: Target,
    is_settled: AtomicBool,
}

impl Leftover {
    pub(crate) fn of(server: &Config, target: &Target) -> Self {
        Self { server: server.clone(), target: target.clone(), is_settled: AtomicBool::new(false) }
    }

    /// The demo is whole, or everything is taken back that can be.
    pub(crate) fn is_settled(&self) {
        self.is_settled.store(true, Ordering::Relaxed);
    }

    /// Drops it: on the session that made it, or on a new one if that is lost. Returns what could not be dropped.
    pub(crate) async fn take_back(&self, lease: Lease) -> Option<Ident> {
        if sweep(lease.session(), &self.target).await.is_ok() {
            return None;
        }
        drop(lease);
        let discarded = discard(&self.server, &self.target).await;
        let error = discarded.err()?;
        say(&error, &self.target);
        Some(self.target.unfinished().clone())
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if *self.is_settled.get_mut() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let (server, target) = (self.server.clone(), self.target.clone());
            runtime.spawn(async move {
                if let Err(error) = discard(&server, &target).await {
                    say(&error, &target);
                }
            });
        }
    }
}

fn say(error: &Error, target: &Target) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, database = target.unfinished().name(), "a database could not be dropped");
}
