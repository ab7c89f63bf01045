mod stub;

use pgkeel_macros::{retry, transactional};
use stub::{Error, Pool, Tx};

struct Once<T>(T);

enum Own {}

#[transactional(retry, crate = "crate::stub")]
async fn only_one_attempt(_tx: Tx, item: i64, once: Once<Vec<u8>>) -> Result<i64, Error> {
    drop(once);
    Ok(item)
}

#[retry(idempotent, crate = "crate::stub")]
async fn only_one_attempt_again(_pool: &Pool, once: &mut Once<u8>) -> Result<(), Error> {
    once.0 = 1;
    Ok(())
}

#[retry(idempotent, crate = "crate::stub")]
async fn no_pool(pool: &str) -> Result<usize, Error> {
    Ok(pool.len())
}

#[transactional(crate = "crate::stub")]
async fn no_room_for_the_pools_errors(_tx: Tx) -> Result<(), Own> {
    Ok(())
}

#[transactional(retry, crate = "crate::stub")]
async fn nor_when_run_again(_tx: Tx) -> Result<(), Own> {
    Ok(())
}

#[retry(idempotent, crate = "crate::stub")]
async fn tells_nothing(_pool: &Pool) -> Result<(), Own> {
    Ok(())
}

#[transactional(retry = 5, crate = "crate::stub")]
async fn no_policy(_tx: Tx) -> Result<(), Error> {
    Ok(())
}

fn main() {}
