#![deny(warnings)]

mod stub;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::sync::Arc;

use pgkeel_macros::{retry, transactional};
use stub::{Error, Pool, RetryPolicy, Tx};

/// Its documentation stays.
#[transactional(crate = "crate::stub")]
#[must_use]
pub async fn plain(_tx: Tx) -> Result<u8, Error> {
    Ok(1)
}

#[transactional(repeatable_read, read_only, deferrable, resolve_commit, crate = "crate::stub")]
async fn moves_what_it_gets(_: Tx, owned: Box<dyn Display + Send>, (a, mut b): (u8, u8)) -> Result<String, Error> {
    b += a;
    Ok(format!("{owned} {b}"))
}

#[transactional(read_committed, retry, crate = "crate::stub")]
async fn generic<'a, T, const N: usize>(
    mut transaction: stub::Tx,
    _: Arc<T>,
    mut list: Vec<T>,
    (first, _): (&'a str, [u8; N]),
    shown: impl Display + Clone,
) -> Result<(Vec<T>, String), Error>
where
    T: Clone + Send + Sync,
{
    use std::mem::swap;
    swap(&mut transaction, &mut Tx);
    if first.is_empty() {
        return Ok(Default::default());
    }
    list.reverse();
    Ok((list, format!("{first}{shown}")))
}

/// What is inferred from the return type is inferred still.
#[transactional(serializable, retry = RetryPolicy::new(), crate = "crate::stub")]
async fn inferred(_tx: Tx, words: Vec<String>) -> Result<Box<dyn Debug + Send>, Error> {
    let pairs = words.into_iter().map(|word| Ok((word.len(), word))).collect::<Result<BTreeMap<_, _>, Error>>()?;
    Ok(Box::new(pairs))
}

#[retry(idempotent, crate = "crate::stub")]
async fn anonymous(pool: &Pool, most: u8) -> Result<impl Iterator<Item = u8> + use<>, Error> {
    let _: &Pool = pool;
    Ok(0..most)
}

/// `pool` is no name that the expansion has taken.
#[transactional(retry, crate = "crate::stub")]
async fn same_names(tx: Tx, pool: &str, returned: u8) -> Result<usize, Error> {
    drop(tx);
    Ok(pool.len() + usize::from(returned))
}

struct Repository {
    pool: Pool,
    name: String,
}

impl Repository {
    #[transactional(crate = "crate::stub")]
    async fn consuming(self, _tx: Tx) -> Result<String, Error> {
        Ok(self.name)
    }

    #[transactional(crate = "crate::stub")]
    async fn changing(&mut self, _tx: Tx, name: String) -> Result<(), Error> {
        self.name = name;
        Ok(())
    }

    #[transactional(retry, crate = "crate::stub")]
    async fn reading(&self, _tx: Tx) -> Result<&str, Error> {
        Ok(&self.name)
    }

    #[retry(idempotent, policy = Self::policy(), crate = "crate::stub")]
    pub(crate) async fn again(&self, pool: Arc<Pool>, name: &str) -> Result<Self, Error> {
        drop(pool);
        Ok(Self { pool: Pool, name: name.to_owned() })
    }

    fn policy() -> RetryPolicy {
        RetryPolicy::new()
    }
}

fn is_send(_: impl Future + Send) {}

fn main() {
    let mut repository = Repository { pool: Pool, name: String::new() };
    is_send(plain(&repository.pool));
    is_send(moves_what_it_gets(&Pool, Box::new(1), (1, 2)));
    is_send(generic(&Pool, Arc::new(1), vec![1], ("a", [1, 2]), 'b'));
    is_send(inferred(&Pool, Vec::new()));
    is_send(anonymous(&Pool, 3));
    is_send(same_names(&Pool, "", 1));
    is_send(repository.changing(&Pool, String::new()));
    is_send(repository.reading(&Pool));
    is_send(repository.again(Arc::new(Pool), ""));
    is_send(repository.consuming(&Pool));
}
