//! The back office: looks at single customers, and now and then at whole months, which takes long.
//!
//! `order_overview` reads all payments for each order, as `payments.order_id` has no index. So the report by month is slow by
//! nature; how many orders it takes is chosen so that it is slow, and the server ends it if it takes too long all the same.

use std::time::Duration;

use pgkeel_pool::{Error, Executor as _, Tx, TxOptions};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use super::actor::Role;
use super::portion::Portion;
use super::shop::Shop;
use super::tally::Action;

const OVERVIEW: &str = "select number, status::text, customer, lines, total, paid, open_amount from order_overview \
    where customer_id = (select customer_id from orders order by id desc limit 1) \
    order by placed_at desc limit 3";
const CUT_OFF: &str = "set local statement_timeout = '4s'";
const NEWEST: &str = "select coalesce(max(id), 0) from orders";
const MONTHLY: &str = "select date_trunc('month', placed_at), channel::text, count(*), sum(total), sum(open_amount) \
    from order_overview where id > $1 and id <= $2 group by 1, 2 order by 1 desc, 2";

/// Every fifth action is a report by month, about once a minute.
const MONTHLY_EVERY: u32 = 5;

pub(super) struct Reporter {
    portion: Portion,
    /// Whether the portion has been found.
    is_settled: bool,
    round: u32,
}

impl Reporter {
    pub(super) fn new(slow_from: Duration) -> Self {
        Self { portion: Portion::new(slow_from), is_settled: false, round: 0 }
    }

    async fn monthly(&mut self, shop: &Shop) -> Result<(), Error> {
        let orders = self.portion.orders();
        let read_only = TxOptions::new().read_only(true);
        match shop.change(read_only, |tx| monthly_in(tx, orders)).await {
            Ok(took) => {
                self.is_settled = self.portion.took(took);
                if took >= shop.slow_from() {
                    shop.tally.slow_reports.add_one();
                }
                shop.tally.did(Action::Monthly);
            }
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                self.portion.was_cut_off();
                shop.tally.expected_errors.add_one();
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Role for Reporter {
    fn pause(&self) -> Duration {
        Duration::from_secs(if self.is_settled { 12 } else { 4 })
    }

    async fn act(&mut self, shop: &Shop) -> Result<(), Error> {
        self.round = (self.round + 1) % MONTHLY_EVERY;
        if self.round == 0 || !self.is_settled {
            self.monthly(shop).await?;
        }
        if self.round != 0 {
            shop.read(OVERVIEW, &[]).await?;
            shop.tally.did(Action::Overview);
        }
        Ok(())
    }
}

/// How long the report took.
async fn monthly_in(tx: Tx, orders: i64) -> Result<Duration, Error> {
    tx.batch_execute(CUT_OFF).await?;
    let newest: i64 = tx.query_scalar(NEWEST, &[]).await?;
    let start = Instant::now();
    tx.query(MONTHLY, &[&(newest - orders), &newest]).await?;
    Ok(start.elapsed())
}
