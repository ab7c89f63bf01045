#![allow(unused_imports)]

mod stub;

use pgkeel_macros::{retry, transactional};
use stub::{Error, Pool, Tx};

#[transactional(serialisable, crate = "crate::stub")]
async fn unknown(tx: Tx) -> Result<(), Error> {}

#[transactional(serializable, read_committed, crate = "crate::stub")]
async fn two_levels(tx: Tx) -> Result<(), Error> {}

#[transactional(read_only, read_only, crate = "crate::stub")]
async fn twice(tx: Tx) -> Result<(), Error> {}

#[transactional(crate = stub)]
async fn unquoted(tx: Tx) -> Result<(), Error> {}

#[retry(crate = "crate::stub")]
async fn perhaps_not_idempotent(pool: &Pool) -> Result<(), Error> {}

#[retry(idempotent, serializable, crate = "crate::stub")]
async fn no_transaction(pool: &Pool) -> Result<(), Error> {}

#[retry(idempotent, policy, crate = "crate::stub")]
async fn which_policy(pool: &Pool) -> Result<(), Error> {}

fn main() {}
