//! Where everyone passes before acting, so that all can be held there.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    Paused,
    Stopped,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Actions under way.
    busy: u32,
}

/// Counts and lets in under one lock, so that nobody slips in behind a pause.
#[derive(Debug)]
pub(super) struct Gate(watch::Sender<State>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(State { mode: Mode::Open, busy: 0 }))
    }
}

impl Gate {
    pub(super) fn pause(&self) {
        self.switch(Mode::Open, Mode::Paused);
    }

    pub(super) fn resume(&self) {
        self.switch(Mode::Paused, Mode::Open);
    }

    pub(super) fn stop(&self) {
        self.0.send_modify(|state| state.mode = Mode::Stopped);
    }

    fn switch(&self, from: Mode, to: Mode) {
        self.0.send_if_modified(|state| {
            let switches = state.mode == from;
            if switches {
                state.mode = to;
            }
            switches
        });
    }

    pub(super) fn is_paused(&self) -> bool {
        self.0.borrow().mode == Mode::Paused
    }

    /// Waits until the gate is open; `None` once it has closed for good.
    pub(super) async fn enter(&self) -> Option<Busy<'_>> {
        loop {
            match self.try_enter() {
                Mode::Open => return Some(Busy(self)),
                Mode::Stopped => return None,
                Mode::Paused => self.until(|state| state.mode != Mode::Paused).await,
            }
        }
    }

    fn try_enter(&self) -> Mode {
        let mut mode = Mode::Stopped;
        self.0.send_if_modified(|state| {
            mode = state.mode;
            state.busy += u32::from(mode == Mode::Open);
            false // Nobody waits for more to be under way.
        });
        mode
    }

    /// Waits until nothing is under way.
    pub(super) async fn rested(&self) {
        self.until(|state| state.busy == 0).await;
    }

    /// Sleeps, unless the gate closes for good.
    pub(super) async fn sleep(&self, time: Duration) {
        let _ = timeout(time, self.until(|state| state.mode == Mode::Stopped)).await;
    }

    /// Sleeps as long as the gate is open.
    pub(super) async fn sleep_while_open(&self, time: Duration) {
        let _ = timeout(time, self.until(|state| state.mode != Mode::Open)).await;
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        let mut states = self.0.subscribe();
        states.wait_for(condition).await.map(drop).expect("the sender is borrowed, so it is there");
    }
}

/// An action under way.
pub(super) struct Busy<'a>(&'a Gate);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.0.send_if_modified(|state| {
            state.busy -= 1;
            state.busy == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_enters_while_it_is_paused_and_resting_means_empty() {
        let gate = Gate::default();
        let busy = gate.enter().await.expect("it is open");
        gate.pause();
        assert!(timeout(Duration::from_millis(5), gate.enter()).await.is_err());
        assert!(timeout(Duration::from_millis(5), gate.rested()).await.is_err());
        drop(busy);
        gate.rested().await;
        gate.resume();
        assert!(gate.enter().await.is_some());
    }

    #[tokio::test]
    async fn the_end_wakes_who_waits_and_cannot_be_undone() {
        let gate = Gate::default();
        gate.pause();
        let (entered, ()) = tokio::join!(gate.enter(), async { gate.stop() });
        assert!(entered.is_none());
        gate.resume();
        gate.sleep(Duration::MAX).await;
        assert!(gate.enter().await.is_none() && !gate.is_paused());
    }
}
