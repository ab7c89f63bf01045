use std::time::Duration;

/// How a [`Listener`](crate::Listener) buffers, and how it finds out that its connection is dead.
#[derive(Debug, Clone)]
pub struct ListenerOptions {
    pub(super) buffer: usize,
    pub(super) check_every: Duration,
    pub(super) answer_within: Duration,
}

impl ListenerOptions {
    /// A buffer of 1024 notifications; the server is asked for a sign of life 10 s after the last one, and has 5 s to
    /// answer.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: 1024, check_every: Duration::from_secs(10), answer_within: Duration::from_secs(5) }
    }

    /// The same with room for so many notifications, at least one. Each has at most 7999 bytes of payload.
    #[must_use]
    pub fn with_buffer(self, buffer: usize) -> Self {
        Self { buffer: buffer.max(1), ..self }
    }

    /// The same with the server asked for a sign of life every so often, and with so much time to answer that and
    /// `LISTEN`. Together they bound how long a dead connection goes unnoticed.
    #[must_use]
    pub fn with_check(self, every: Duration, within: Duration) -> Self {
        Self { check_every: every, answer_within: within, ..self }
    }
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}
