#![allow(unused_imports)]

mod stub;

use pgkeel_macros::{retry, transactional};
use stub::{Error, Pool, Tx};

#[transactional(crate = "crate::stub")]
fn blocking(tx: Tx) -> Result<(), Error> {}

#[transactional(crate = "crate::stub")]
async fn infallible(tx: Tx) {}

#[transactional(crate = "crate::stub")]
async fn without_transaction() -> Result<(), Error> {}

#[transactional(crate = "crate::stub")]
async fn borrowed_transaction(tx: &Tx) -> Result<(), Error> {}

#[transactional(crate = "crate::stub")]
async fn transaction_elsewhere(item: i64, tx: Tx) -> Result<(), Error> {}

#[transactional(crate = "crate::stub")]
struct NoFunction;

#[retry(idempotent, crate = "crate::stub")]
async fn without_pool() -> Result<(), Error> {}

#[retry(idempotent, crate = "crate::stub")]
async fn nameless_pool(_: &Pool) -> Result<(), Error> {}

struct Repository;

impl Repository {
    #[transactional(retry, crate = "crate::stub")]
    async fn consuming(self, tx: Tx) -> Result<(), Error> {}

    #[retry(idempotent, crate = "crate::stub")]
    async fn changing(&mut self, pool: &Pool) -> Result<(), Error> {}
}

fn main() {}
