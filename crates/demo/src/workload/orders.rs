//! Placing orders, cancelling them, and clearing out old ones.
//!
//! # Bound
//! New orders are placed for 100 regular customers only, and who has 12 gives up the oldest first. As the four shoppers may
//! do this for one customer at the same moment, nobody comes to more than 15. So there are at most 1,500 orders, 1,500
//! payments and 4,500 lines more than were filled in, however long it goes on.

use pgkeel_pool::{Error, Executor as _, Tx, TxOptions};

use super::shop::{Shop, column, first_column};
use super::tally::Action;

/// One of the 100 regular customers: those who came last, so that few of their orders were filled in.
const REGULAR: &str = "select id from \
    (select id from customers where closed_at is null order by id desc limit 100) regular \
    order by random() limit 1";

/// All but the newest 11 orders of a customer, so that one more makes 12; a few at a time, as each costs a walk over all
/// payments.
const OLD: &str = "select id from orders where customer_id = $1 order by placed_at desc offset 11 limit 5";
const DELETE_PAYMENTS: &str = "delete from payments where order_id = any($1)";
const DELETE_ORDERS: &str = "delete from orders where id = any($1)";

const ACTOR: &str = "set local app.actor = 'shop window'";
/// The running number is from the sequence of ids, so nobody else has it.
const NEW: &str = "insert into orders (number, customer_id, status, placed_at, channel, shipping) \
    select to_char(now(), 'YYYY-') || to_char(nextval(pg_get_serial_sequence('orders', 'id')), 'FM999999000000'), \
        id, 'placed', now(), (enum_range(null::sales_channel))[1 + floor(random() * 3)::int], \
        jsonb_build_object('name', full_name) \
    from customers where id = $1 returning id";
/// Up to three articles from a random place among those sold so far, or else a voucher.
const NEW_LINES: &str = "insert into order_lines (order_id, line, sku, title, options, quantity, unit_price) \
    select $1, row_number() over (), sku, title, options, 1 + floor(random() * 3)::int, unit_price from ( \
        (select sku, title, options, unit_price from order_lines \
            where order_id >= (select min(order_id) + floor(random() * (max(order_id) - min(order_id) + 1))::bigint \
                from order_lines) \
            order by order_id, line limit 3) \
        union all select 'VOUCHER-25', 'Gift voucher', '{}', 25 \
        limit 1 + floor(random() * 3)::int) basket";
const NEW_PAYMENT: &str = "insert into payments (order_id, method, amount, reference) \
    select $1, (enum_range(null::payment_method))[1 + floor(random() * 4)::int], greatest(sum(amount), 0.01), \
        'SHOP-' || $1::bigint \
    from order_lines where order_id = $1";

const LOCK: &str = "select id from orders where id = $1 and status in ('placed', 'paid') for update";
const GIVE_BACK: &str = "update payments \
    set status = case status when 'captured' then 'refunded' else 'failed' end::payment_status \
    where order_id = $1 and status in ('pending', 'captured')";
const CANCEL: &str = "update orders set status = 'cancelled' where id = $1";

/// Places an order for a regular customer, who may have to give up old ones first. Its id, if there is a customer.
pub(super) async fn place(shop: &Shop) -> Result<Option<i64>, Error> {
    let Some(regular) = shop.read(REGULAR, &[]).await?.pop() else { return Ok(None) };
    let customer: i64 = column(&regular, 0)?;
    clear_out(shop, customer).await?;
    let placed = shop.change(TxOptions::new(), |tx| place_for(tx, customer)).await?;
    shop.tally.did(Action::Place);
    Ok(Some(placed))
}

async fn place_for(tx: Tx, customer: i64) -> Result<i64, Error> {
    tx.batch_execute(ACTOR).await?;
    let order: i64 = tx.query_scalar(NEW, &[&customer]).await?;
    tx.execute(NEW_LINES, &[&order]).await?;
    tx.execute(NEW_PAYMENT, &[&order]).await?;
    Ok(order)
}

async fn clear_out(shop: &Shop, customer: i64) -> Result<(), Error> {
    let old: Vec<i64> = first_column(&shop.read(OLD, &[&customer]).await?)?;
    if old.is_empty() {
        return Ok(());
    }
    shop.change(TxOptions::new(), |tx| delete(tx, &old)).await?;
    shop.tally.did(Action::ClearOut);
    Ok(())
}

async fn delete(tx: Tx, orders: &[i64]) -> Result<(), Error> {
    tx.batch_execute(ACTOR).await?;
    tx.execute(DELETE_PAYMENTS, &[&orders]).await?;
    tx.execute(DELETE_ORDERS, &[&orders]).await?;
    Ok(())
}

/// Cancels an order that has not left the house, and gives the money back.
pub(super) async fn cancel(shop: &Shop, order: i64) -> Result<(), Error> {
    if shop.change(TxOptions::new(), |tx| cancel_in(tx, order)).await? {
        shop.tally.did(Action::Cancel);
    }
    Ok(())
}

/// Whether it was still to be cancelled.
async fn cancel_in(tx: Tx, order: i64) -> Result<bool, Error> {
    tx.batch_execute(ACTOR).await?;
    if tx.query_opt(LOCK, &[&order]).await?.is_none() {
        return Ok(false);
    }
    tx.execute(GIVE_BACK, &[&order]).await?;
    tx.execute(CANCEL, &[&order]).await?;
    Ok(true)
}
