//! Ctrl-C and SIGTERM: the first asks to stop in good order, the second ends at once.

use crate::Stop;

/// Waits for the second signal.
pub(crate) async fn second(stop: &Stop) {
    let mut signals = Signals::new();
    signals.next().await;
    eprintln!("migrate: stopping; once more to end at once");
    stop.request();
    signals.next().await;
}

#[cfg(unix)]
struct Signals(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::terminate()).ok())
    }

    async fn next(&mut self) {
        use std::pin::pin;
        let Some(terminate) = &mut self.0 else { return interrupted().await };
        futures_util::future::select(pin!(interrupted()), pin!(terminate.recv())).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        interrupted().await;
    }
}

/// Where signals cannot be listened to, none ever comes.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
