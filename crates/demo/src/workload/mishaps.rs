//! Mistakes made on purpose, each a single statement that the server refuses.

use std::time::Duration;

use pgkeel_pool::{Error, Executor as _};
use tokio_postgres::error::SqlState;

use super::actor::Role;
use super::shop::Shop;
use super::tally::Action;

struct Mishap {
    action: Action,
    sql: &'static str,
    expected: SqlState,
}

static MISHAPS: [Mishap; 4] = [
    Mishap {
        action: Action::DuplicateNumber,
        sql: "insert into orders (number, customer_id) select number, customer_id from orders order by id limit 1",
        expected: SqlState::UNIQUE_VIOLATION,
    },
    Mishap {
        action: Action::NegativeAmount,
        sql: "insert into payments (order_id, method, amount, reference) \
            select id, 'card', -1, 'a mishap' from orders order by id limit 1",
        expected: SqlState::CHECK_VIOLATION,
    },
    Mishap {
        action: Action::MissingCustomer,
        sql: "insert into orders (number, customer_id) values ('0000-000000', 0)",
        expected: SqlState::FOREIGN_KEY_VIOLATION,
    },
    Mishap {
        action: Action::Typo,
        sql: "select count(*) from custmers",
        expected: SqlState::UNDEFINED_TABLE,
    },
];

/// Makes one after the other.
#[derive(Default)]
pub(super) struct Mishaps {
    next: usize,
}

impl Role for Mishaps {
    fn pause(&self) -> Duration {
        Duration::from_secs(20)
    }

    async fn act(&mut self, shop: &Shop) -> Result<(), Error> {
        let mishap = &MISHAPS[self.next];
        self.next = (self.next + 1) % MISHAPS.len();
        match shop.pool.execute(mishap.sql, &[]).await {
            Err(error) if error.code() == Some(&mishap.expected) => {
                shop.tally.expected_errors.add_one();
                shop.tally.did(mishap.action);
                Ok(())
            }
            done => done.map(drop), // In an empty shop there is no order to copy.
        }
    }
}
