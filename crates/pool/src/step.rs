use std::fmt;

/// The steps of getting a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Waiting until a session is free.
    Wait,
    /// Waiting for the end of a [`pause`](crate::Pool::pause).
    Pause,
    /// Checking a session that has rested.
    Check,
    /// Opening a connection.
    Connect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "waiting for a free session",
            Self::Pause => "the pause of the pool",
            Self::Check => "checking a session",
            Self::Connect => "connecting",
        })
    }
}
