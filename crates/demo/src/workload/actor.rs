//! The life of a task: pause, act, and back off when the database does not do as it should.

use std::sync::Arc;
use std::time::Duration;

use pgkeel_pool::Error;

use super::backoff::{BETWEEN_ACTIONS, Backoff};
use super::shop::Shop;

/// What a task does again and again.
pub(super) trait Role: Send + 'static {
    /// The mean time before the next action.
    fn pause(&self) -> Duration;

    /// One action: some statements, at most a handful of transactions.
    fn act(&mut self, shop: &Shop) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Acts until the shop closes.
pub(super) async fn work(shop: Arc<Shop>, mut role: impl Role) {
    let mut failures = 0;
    loop {
        let pause = shop.pace.about(role.pause()) + wait_after(&shop, BETWEEN_ACTIONS, failures);
        shop.gate.sleep(pause).await;
        let Some(busy) = shop.gate.enter().await else { return };
        let done = role.act(&shop).await;
        drop(busy);
        failures = if shop.note(done) { 0 } else { failures + 1 };
    }
}

fn wait_after(shop: &Shop, backoff: Backoff, failures: u32) -> Duration {
    if failures == 0 { Duration::ZERO } else { shop.pace.scaled(backoff.full_jitter(failures)) }
}
