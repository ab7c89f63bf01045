//! Books payments, and keeps the audit log short.
//!
//! # Bound
//! Every 20th round, about every 30 s, what tasks of the workload have written into the audit log is deleted up to its newest
//! 20,000 numbers. At some 10 changes a second, less than 1,000 rows come in between.

use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Tx, TxOptions};

use super::actor::Role;
use super::shop::{Shop, column};
use super::tally::Action;

const ACTOR: &str = "set local app.actor = 'shop cashier'";
/// Those that somebody else has in hand are left to him.
const PENDING: &str = "select id, order_id from payments where status = 'pending' order by created_at limit 8 \
    for update skip locked";
const CAPTURE: &str = "update payments set status = 'captured', captured_at = now(), response = '{\"approved\": true}' where id = any($1)";
const PAID: &str = "update orders set status = 'paid' where id = any($1) and status = 'placed'";

/// By time, for the BRIN index; by number, so that it is bounded whatever the clock does.
const TRIM: &str = "delete from audit_log where actor in ('shop window', 'shop cashier', 'shop warehouse') \
    and at <= (select at from audit_log where id <= (select max(id) - 20000 from audit_log) order by id desc limit 1)";

/// Rounds between two looks at the audit log.
const TRIM_EVERY: u32 = 20;

#[derive(Default)]
pub(super) struct Cashier {
    rounds: u32,
}

impl Role for Cashier {
    fn pause(&self) -> Duration {
        Duration::from_millis(1_500)
    }

    async fn act(&mut self, shop: &Shop) -> Result<(), Error> {
        self.rounds = (self.rounds + 1) % TRIM_EVERY;
        if self.rounds == 0 { trim(shop).await } else { capture(shop).await }
    }
}

async fn capture(shop: &Shop) -> Result<(), Error> {
    if shop.change(TxOptions::new(), capture_in).await? > 0 {
        shop.tally.did(Action::Capture);
    }
    Ok(())
}

/// How many payments were captured.
async fn capture_in(tx: Tx) -> Result<u64, Error> {
    tx.batch_execute(ACTOR).await?;
    let (mut payments, mut orders) = (Vec::<i64>::new(), Vec::<i64>::new());
    for row in tx.query(PENDING, &[]).await? {
        payments.push(column(&row, 0)?);
        orders.push(column(&row, 1)?);
    }
    if payments.is_empty() {
        return Ok(0);
    }
    tx.execute(PAID, &[&orders]).await?;
    tx.execute(CAPTURE, &[&payments]).await
}

async fn trim(shop: &Shop) -> Result<(), Error> {
    shop.change(TxOptions::new(), |tx| async move { tx.execute(TRIM, &[]).await }).await?;
    shop.tally.did(Action::TrimAudit);
    Ok(())
}
