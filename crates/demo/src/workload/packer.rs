//! Two hands in the warehouse that take the same orders: the oldest that are paid.
//!
//! The careful one works in a serializable transaction without locking; if the quick one was faster, the server refuses
//! (40001). The quick one locks what it takes in the order of time, the careful one goes about it in any order; so now and
//! then each waits for the other (40P01). Both are run again, which is what this is here to show.

use std::sync::Arc;
use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Tx, TxOptions};

use super::actor::Role;
use super::parcels::Parcels;
use super::shop::{Shop, first_column};
use super::tally::Action;

const ACTOR: &str = "set local app.actor = 'shop warehouse'";
const PAID: &str = "select id from orders where status = 'paid' order by placed_at limit 4";
const PAID_LOCKED: &str = "select id from orders where status = 'paid' order by placed_at limit 4 for update";
const SHIP: &str = "update orders set status = 'shipped' where id = any($1) and status = 'paid'";
const DELIVER: &str = "update orders set status = 'delivered' where id = any($1) and status = 'shipped'";

/// How long fetching one article from the shelf takes.
const FETCH: Duration = Duration::from_millis(25);

/// Every third round takes parcels to customers.
const DELIVER_EVERY: u32 = 3;

pub(super) struct Packer {
    careful: bool,
    rounds: u32,
    parcels: Arc<Parcels>,
}

impl Packer {
    pub(super) fn careful(parcels: Arc<Parcels>) -> Self {
        Self { careful: true, rounds: 0, parcels }
    }

    pub(super) fn quick(parcels: Arc<Parcels>) -> Self {
        Self { careful: false, rounds: 0, parcels }
    }

    async fn ship(&self, shop: &Shop) -> Result<(), Error> {
        let shipped = if self.careful {
            shop.change(TxOptions::serializable(), |tx| ship_carefully(shop, tx)).await?
        } else {
            shop.change(TxOptions::new(), |tx| ship_quickly(shop, tx)).await?
        };
        if !shipped.is_empty() {
            self.parcels.add(shipped);
            shop.tally.did(Action::Ship);
        }
        Ok(())
    }

    async fn deliver(&self, shop: &Shop) -> Result<(), Error> {
        let parcels = self.parcels.take();
        if parcels.is_empty() {
            return Ok(());
        }
        let done = shop.change(TxOptions::new(), |tx| update(tx, DELIVER, &parcels)).await;
        if done.is_err() {
            self.parcels.add(parcels); // for another time
        } else {
            shop.tally.did(Action::Deliver);
        }
        done.map(drop)
    }
}

impl Role for Packer {
    fn pause(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn act(&mut self, shop: &Shop) -> Result<(), Error> {
        self.rounds = (self.rounds + 1) % DELIVER_EVERY;
        if self.rounds == 0 { self.deliver(shop).await } else { self.ship(shop).await }
    }
}

/// One by one, in any order.
async fn ship_carefully(shop: &Shop, tx: Tx) -> Result<Vec<i64>, Error> {
    tx.batch_execute(ACTOR).await?;
    let mut orders: Vec<i64> = first_column(&tx.query(PAID, &[]).await?)?;
    fastrand::shuffle(&mut orders);
    for order in &orders {
        fetch(shop).await;
        tx.execute(SHIP, &[&[order].as_slice()]).await?;
    }
    Ok(orders)
}

/// All at once.
async fn ship_quickly(shop: &Shop, tx: Tx) -> Result<Vec<i64>, Error> {
    tx.batch_execute(ACTOR).await?;
    let orders: Vec<i64> = first_column(&tx.query(PAID_LOCKED, &[]).await?)?;
    if !orders.is_empty() {
        fetch(shop).await;
        tx.execute(SHIP, &[&orders]).await?;
    }
    Ok(orders)
}

async fn update(tx: Tx, sql: &str, orders: &[i64]) -> Result<u64, Error> {
    tx.batch_execute(ACTOR).await?;
    tx.execute(sql, &[&orders]).await
}

/// Not shortened like other pauses: it is what lets the two meet.
async fn fetch(shop: &Shop) {
    shop.gate.sleep_while_open(FETCH.mul_f64(fastrand::f64())).await;
}
