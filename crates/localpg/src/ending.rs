//! The words for how a server ends.

/// What became of the server after the caller had left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detached {
    /// The caller was the last one: the server has ended.
    ServerEnded,
    /// Another process uses the server (or starts it anew), and will end it.
    OthersAttached,
}

/// How a scratch cluster is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopMode {
    /// Ends sessions, writes a checkpoint (SIGINT).
    Fast,
    /// Ends at once, as after a crash: the next start recovers (SIGQUIT).
    Immediate,
}
