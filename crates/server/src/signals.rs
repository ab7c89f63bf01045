//! Being told to stop, or to let the demo rest.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What shells say of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// SIGUSR1, which otherwise ends a process, listened for from the moment this is made.
#[derive(Debug)]
pub(crate) struct Toggle(Signal);

impl Toggle {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self(signal(SignalKind::user_defined1()).context("listening for signals")?))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Ctrl-C and SIGTERM, listened for from the moment this is made.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the first signal. From then on a second one ends the process at once.
    pub(crate) async fn first(mut self) {
        let name = self.next().await;
        self.second_ends(name);
    }

    /// The signal of this name is obeyed; another one ends the process at once.
    pub(crate) fn second_ends(mut self, name: &str) {
        tracing::info!("{name}: stopping; once more stops at once");
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(INTERRUPTED);
        });
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
