use std::time::Duration;

use tokio::time::Instant;

/// How long a test waits for what has to happen: long enough for a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something.
///
/// # Panics
/// After [`PATIENCE`], saying what was waited for.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(done) = condition().await {
            return done;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for this: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
