use std::time::Instant;

use pgkeel_connect::TxOptions;

/// What a transaction is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) options: TxOptions,
    /// Whether a COMMIT whose answer is lost is to be resolved.
    pub(crate) resolves: bool,
    /// When the server is to stop working on its statements.
    pub(crate) deadline: Option<Instant>,
}

impl Plan {
    /// A transaction that is run once.
    pub(crate) fn once(options: TxOptions) -> Self {
        Self { options, resolves: options.resolves_commit().unwrap_or(false), deadline: None }
    }

    /// One that may be run again: only if it is known that it had no effect, so that is found out unless told otherwise.
    pub(crate) fn repeatable(options: TxOptions, deadline: Option<Instant>) -> Self {
        Self { options, resolves: options.resolves_commit().unwrap_or(true), deadline }
    }
}
