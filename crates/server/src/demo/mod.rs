//! `--demo`: a database of its own, filled, and a workload on it through our pool.

mod choice;
mod display;

use std::convert::Infallible;
use std::fmt;

use pgkeel_connect::Config;
use pgkeel_demo::{Demo, Target, Workload, discard, prepare};
use pgkeel_pool::Pool;
use tokio::sync::oneshot;

pub(crate) use self::choice::{SETTINGS, read};
use self::display::Display;
use crate::failure::Failure;
use crate::signals::{Signals, Toggle};

/// A demo that is at work.
#[derive(Debug)]
pub(crate) struct AtWork {
    demo: Demo,
    workload: Workload,
    signal: Toggle,
}

/// Makes the demo, or takes it up, unless a signal comes first: then nothing of it is left, and this is `None`.
pub(crate) async fn open(
    server: &Config,
    target: &Target,
    mut signals: Signals,
) -> Result<Option<(Demo, Signals)>, Failure> {
    let mut display = Display::new(target.name().name());
    let made = tokio::select! {
        made = prepare(server, target, |event| display.show(event)) => made,
        name = signals.next() => {
            drop(display);
            signals.second_ends(name);
            discard(server, target).await?;
            tracing::info!("stopped before the demo was whole; nothing of it is left");
            return Ok(None);
        }
    };
    drop(display);
    let demo = made?;
    let how = if demo.is_used_again() { "using again the demo" } else { "filled the demo" };
    tracing::info!("{how} {demo}");
    Ok(Some((demo, signals)))
}

/// Lets the demo, if there is one, rest and go on until the server is to stop; then ends it.
pub(crate) async fn attend(demo: Option<AtWork>, stopping: oneshot::Receiver<()>) {
    if let Some(mut demo) = demo {
        tokio::select! {
            never = demo.toggle() => match never {},
            _ = stopping => demo.stop().await,
        }
    }
}

impl AtWork {
    /// Lets the shop open.
    pub(crate) fn start(demo: Demo, pool: Pool) -> anyhow::Result<Self> {
        let signal = Toggle::listen()?;
        Ok(Self { demo, workload: Workload::start(pool), signal })
    }

    /// At each SIGUSR1 the workload rests, or goes on.
    async fn toggle(&mut self) -> Infallible {
        loop {
            self.signal.next().await;
            if self.workload.is_paused() {
                self.workload.resume();
                tracing::info!("SIGUSR1: the demo's workload goes on");
            } else {
                self.workload.pause();
                let rests = if self.workload.rested().await { "rests" } else { "does not rest yet" };
                tracing::info!("SIGUSR1: the demo's workload {rests}; another SIGUSR1 lets it go on");
            }
        }
    }

    /// Ends the workload, and then lets the database go.
    async fn stop(self) {
        let report = self.workload.stop().await;
        tracing::info!("the demo has stopped: {report}");
    }
}

/// As it is spoken of in the log.
impl fmt::Display for AtWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a demo at work in database {}", self.demo.connect().address().database())
    }
}
