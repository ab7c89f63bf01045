//! Somebody at the shop's window: looks around, and sometimes buys.

use std::time::Duration;

use pgkeel_pool::Error;
use tokio_postgres::Row;

use super::actor::Role;
use super::orders;
use super::shop::{Shop, column};
use super::tally::Action;

/// Any customer: the first from a random place in the table on.
const ANYBODY: &str = "select email from customers \
    where id >= (select min(id) + floor(random() * (max(id) - min(id) + 1))::bigint from customers) \
    order by id limit 1";
const SIGN_IN: &str = "select id, full_name from customers where lower(email) = lower($1)";
const ORDERS: &str = "select number, status::text, placed_at from orders where customer_id = $1 order by placed_at desc limit 20";
const SEARCH: &str = "select id, full_name, email from customers \
    where search @@ plainto_tsquery('simple', $1) order by full_name limit 20";
const ORDER: &str =
    "select id, status::text, channel::text, shipping, note, placed_at from orders where number = $1";
const LINES: &str = "select sku, title, options, quantity, unit_price, amount from order_lines where order_id = $1 order by line";
const HISTORY: &str = "select at, actor, action from audit_log \
    where table_name = 'orders' and row_id = $1 order by at desc limit 10";
const SALES: &str = "select count(*), sum(quantity), sum(amount) from order_lines where sku = $1";

/// Looks at the shop as one customer, then as another.
#[derive(Default)]
pub(super) struct Shopper {
    visit: Visit,
    /// The order placed last, which may be cancelled again.
    placed: Option<i64>,
}

/// What a customer has seen so far.
#[derive(Default)]
struct Visit {
    customer: Option<i64>,
    name: String,
    /// Numbers of orders.
    orders: Vec<String>,
    /// An article of the order that was read last.
    sku: Option<String>,
}

impl Role for Shopper {
    fn pause(&self) -> Duration {
        Duration::from_millis(350)
    }

    async fn act(&mut self, shop: &Shop) -> Result<(), Error> {
        let Some(customer) = self.visit.customer else { return self.sign_in(shop).await };
        match fastrand::u32(0..100) {
            0..22 => self.visit.look_at_orders(shop, customer).await,
            22..37 => self.visit.search(shop).await,
            37..57 => self.visit.read_order(shop).await,
            57..65 => self.visit.ask_for_sales(shop).await,
            65..78 => self.place(shop).await,
            78..82 => self.cancel(shop).await,
            _ => self.sign_in(shop).await,
        }
    }
}

impl Shopper {
    async fn sign_in(&mut self, shop: &Shop) -> Result<(), Error> {
        self.visit = Visit::default();
        let Some(anybody) = shop.read(ANYBODY, &[]).await?.pop() else { return Ok(()) };
        let email: String = column(&anybody, 0)?;
        let Some(customer) = shop.read(SIGN_IN, &[&email]).await?.pop() else { return Ok(()) };
        self.visit.customer = Some(column(&customer, 0)?);
        self.visit.name = column(&customer, 1)?;
        shop.tally.did(Action::SignIn);
        Ok(())
    }

    async fn place(&mut self, shop: &Shop) -> Result<(), Error> {
        self.placed = orders::place(shop).await?;
        Ok(())
    }

    async fn cancel(&mut self, shop: &Shop) -> Result<(), Error> {
        match self.placed.take() {
            Some(order) => orders::cancel(shop, order).await,
            None => Ok(()),
        }
    }
}

impl Visit {
    async fn look_at_orders(&mut self, shop: &Shop, customer: i64) -> Result<(), Error> {
        let rows = shop.read(ORDERS, &[&customer]).await?;
        self.orders = rows.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
        shop.tally.did(Action::LookAtOrders);
        Ok(())
    }

    async fn search(&self, shop: &Shop) -> Result<(), Error> {
        shop.read(SEARCH, &[&self.name]).await?;
        shop.tally.did(Action::Search);
        Ok(())
    }

    async fn read_order(&mut self, shop: &Shop) -> Result<(), Error> {
        let Some(number) = fastrand::choice(&self.orders) else { return Ok(()) };
        let Some(order) = shop.read(ORDER, &[number]).await?.pop() else { return Ok(()) };
        let id: i64 = column(&order, 0)?;
        let lines = shop.read(LINES, &[&id]).await?;
        shop.read(HISTORY, &[&id]).await?;
        self.sku = lines.first().map(sku).transpose()?;
        shop.tally.did(Action::ReadOrder);
        Ok(())
    }

    async fn ask_for_sales(&self, shop: &Shop) -> Result<(), Error> {
        let Some(sku) = &self.sku else { return Ok(()) };
        shop.read(SALES, &[sku]).await?;
        shop.tally.did(Action::AskForSales);
        Ok(())
    }
}

fn sku(line: &Row) -> Result<String, Error> {
    column(line, 0)
}
