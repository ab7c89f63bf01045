//! How far a caller who wants a session has come: told by the slot store's manager, asked when the deadline passes.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use crate::counts::{Counts, Place, State};

/// The steps of getting a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Waiting until a session is free.
    Wait,
    /// Checking a session that has rested.
    Check,
    /// Opening a connection.
    Connect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "waiting for a free session",
            Self::Check => "checking a session",
            Self::Connect => "connecting",
        })
    }
}

/// How far one caller has come.
pub(crate) struct Progress {
    step: Step,
    /// The caller's place among those that wait, until a session is there.
    waiting: Option<Place>,
}

impl Progress {
    /// A caller who has just come.
    pub(crate) fn waiting(counts: &Arc<Counts>) -> Self {
        Self { step: Step::Wait, waiting: Some(Place::take(counts, State::Waiting)) }
    }

    pub(crate) fn step(&self) -> Step {
        self.step
    }
}

tokio::task_local! {
    pub(crate) static PROGRESS: RefCell<Progress>;
}

/// Notes that the caller under way in this task has come to `step`.
pub(crate) fn enter(step: Step) {
    let _ = PROGRESS.try_with(|progress| {
        let mut progress = progress.borrow_mut();
        progress.step = step;
        progress.waiting = None;
    });
}
