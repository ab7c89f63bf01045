//! Where nonces and new keys come from.

/// One source for the product; tests bring one that fails.
pub(crate) trait Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error>;
}

/// The operating system, asked each time: a generator in this process would have a state that forks and snapshots of
/// virtual machines copy, and with it nonces.
pub(crate) struct OperatingSystem;

impl Random for OperatingSystem {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }
}
