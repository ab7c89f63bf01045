//! Work of any kind of which running it twice is as good as once.

use std::mem;
use std::sync::Arc;

use tokio::time::timeout_at;

use super::attempts::Attempts;
use super::{Retrying, verdict};
use crate::{Error, RetryLimit};

/// An error that shows which error of the pool it was made of, so that [`Retrying::run_idempotent`] can judge it.
///
/// ```
/// use pgkeel_pool::{Error, Retryable};
///
/// enum AppError {
///     Database(Error),
///     OutOfStock,
/// }
///
/// impl From<Error> for AppError {
///     fn from(error: Error) -> Self {
///         Self::Database(error)
///     }
/// }
///
/// impl Retryable for AppError {
///     fn pool_error(&mut self) -> Option<&mut Error> {
///         match self {
///             Self::Database(error) => Some(error),
///             Self::OutOfStock => None,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not show an error of the pool, so nobody can tell whether to run again",
    label = "has to implement `pgkeel_pool::Retryable`"
)]
pub trait Retryable: From<Error> {
    /// The pool's error in this one. `None` is for good: nothing is run again. When all is given up,
    /// [`Error::RetriesExhausted`] is put in its place, and has it as its source.
    fn pool_error(&mut self) -> Option<&mut Error>;
}

impl Retryable for Error {
    fn pool_error(&mut self) -> Option<&mut Error> {
        Some(self)
    }
}

impl Retrying {
    /// Runs `run` until it works: any number of statements, transactions and other work of which running all of it twice is
    /// as good as once, be it cut off anywhere. It is run again after what the table says of idempotent statements and
    /// of transactions, and after a commit of which nobody knows what became, whether or not
    /// [`idempotent`](Self::idempotent) was said. Where it is not like that, use [`transaction`](Self::transaction).
    ///
    /// ```no_run
    /// use pgkeel_pool::{Error, Executor as _, Pool, RetryPolicy};
    ///
    /// # async fn example(pool: Pool) -> Result<(), Error> {
    /// let open: i64 = pool
    ///     .retrying(RetryPolicy::default())
    ///     .run_idempotent(|| async {
    ///         pool.execute("delete from baskets where touched < now() - interval '1 day'", &[]).await?;
    ///         pool.query_scalar("select count(*) from baskets", &[]).await
    ///     })
    ///     .await?;
    /// # let _ = open;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `run` returns; in it [`Error::RetriesExhausted`] in place of an error for a reason that may pass. At the
    /// policy's deadline `run` is dropped.
    ///
    /// # Cancellation
    /// Dropping the future drops what `run` has returned.
    pub fn run_idempotent<T, E, F, Fut>(
        &self,
        run: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, Fut>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Retryable,
    {
        let attempts = Attempts::new(Arc::clone(&self.pool.core), self.policy, None);
        until_it_works(attempts, run)
    }
}

async fn until_it_works<T, E, F, Fut>(mut attempts: Attempts, mut run: F) -> Result<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Retryable,
{
    loop {
        attempts.begin();
        let attempt = run();
        let done = match attempts.deadline() {
            None => attempt.await,
            Some(deadline) => timeout_at(deadline, attempt)
                .await
                .unwrap_or_else(|_| Err(attempts.given_up(RetryLimit::Deadline, None).into())),
        };
        let mut error = match done {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(failed) = to_be_repeated(&mut error, &attempts) else { return Err(error) };
        if let Err(last) = attempts.pause(failed).await {
            if let Some(place) = error.pool_error() {
                *place = last;
            }
            return Err(error);
        }
    }
}

/// Takes out the pool's error if there is to be another attempt.
fn to_be_repeated<E: Retryable>(error: &mut E, attempts: &Attempts) -> Option<Error> {
    let inner = error.pool_error()?;
    verdict::may_run_whole_again(inner, &attempts.policy).then(|| mem::replace(inner, Error::Closed))
}
