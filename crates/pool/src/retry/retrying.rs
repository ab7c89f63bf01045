use std::panic::Location;
use std::sync::Arc;

use pgkeel_connect::TxOptions;

use super::attempts::Attempts;
use super::{RetryPolicy, transaction, verdict};
use crate::held::Held;
use crate::outcome::Outcome;
use crate::query::Query;
use crate::traces::commits_only_at_its_end;
use crate::{Error, Pool, RetryLimit, Tx};

/// A pool that runs again what has certainly had no effect, when the cause may pass. Cheap to clone; keep one for each
/// policy.
///
/// # What is run again
/// | what failed, and how | [transaction](Self::transaction) | statement | [idempotent](Self::idempotent) statement |
/// |---|---|---|---|
/// | no session: connecting fails for now, none free in time | yes | yes | yes |
/// | refused and undone: serialization failure, deadlock (40001, 40P01) | yes | yes¹ | yes |
/// | a lock was not free (55P03) | if the policy says so | if it says so¹ | if it says so |
/// | refused unrun: a prepared statement that its table outgrew | yes | yes¹ | yes |
/// | a write refused by a standby that was the primary (25006) | yes, elsewhere | no | no |
/// | perhaps carried out, its rows not readable ([`Error::RowsUnreadable`]) | | no | yes |
/// | connection lost before COMMIT | yes | | |
/// | connection lost, COMMIT or the statement under way | if nothing was committed² | no | yes |
/// | anything else: constraints, wrong SQL, `57014`, pool closed or overloaded | no | no | no |
///
/// ¹ Not `batch_execute`, and not a text that begins with `CALL` or `DO`: those may commit half-way.
/// ² The server is asked, unless [`TxOptions::resolve_commit`] says no; if it did commit, that is success. What is not
/// found out is [`Error::CommitUnknown`]. A transaction that wrote nothing is run again; what sends a notification
/// without saying `notify` in a statement of its own may then send it twice.
///
/// What decides on a transaction is what went wrong first in it, not what its closure returns.
///
/// # Limits
/// The policy's attempts and deadline; and the pool's retry budget, shared by all who retry: each call earns a tenth of
/// a retry, and 100 can be saved up. So when everything fails, retries add a tenth to the load.
/// [`Error::RetriesExhausted`] says which limit it was.
#[derive(Debug, Clone)]
pub struct Retrying {
    pub(super) pool: Pool,
    pub(super) policy: RetryPolicy,
    is_idempotent: bool,
}

impl Pool {
    /// This pool, with what has certainly had no effect run again; see [`Retrying`].
    ///
    /// ```no_run
    /// use pgkeel_pool::{Error, Executor as _, Pool, RetryPolicy, TxOptions};
    ///
    /// # async fn example(pool: Pool) -> Result<(), Error> {
    /// pool.retrying(RetryPolicy::default())
    ///     .transaction_with(TxOptions::serializable(), |tx| async move {
    ///         let left: i64 = tx.query_scalar("select left_over from stock where item = 7", &[]).await?;
    ///         tx.execute("update stock set left_over = $1 where item = 7", &[&(left - 1)]).await
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn retrying(&self, policy: RetryPolicy) -> Retrying {
        Retrying { pool: self.clone(), policy, is_idempotent: false }
    }
}

impl Retrying {
    /// For statements of which running them twice is as good as once: also those are run again whose connection was
    /// lost, though they may have been carried out. Reading is like that; so is `set state = 'sent'`, not `n = n + 1`.
    /// Changes nothing for transactions.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Runs `run` in a transaction, as often as is needed: `Ok` commits, `Err` rolls back. As it may run more than once
    /// it clones what it moves, and does outside of the database only what may be done twice, or
    /// [`after_commit`](Tx::after_commit).
    ///
    /// # Errors
    /// What `run` returns; [`Error::RetriesExhausted`] in place of what `run` returned for a reason that may pass; else as
    /// [`Pool::transaction`].
    ///
    /// # Cancellation
    /// As [`Pool::transaction`].
    #[track_caller]
    pub fn transaction<T, E, F, Fut>(&self, run: F) -> impl Future<Output = Result<T, E>> + use<T, E, F, Fut>
    where
        F: FnMut(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        self.transaction_with(TxOptions::new(), run)
    }

    /// The same with an isolation level and other options.
    ///
    /// # Errors
    /// As [`transaction`](Self::transaction).
    ///
    /// # Cancellation
    /// As [`transaction`](Self::transaction).
    #[track_caller]
    pub fn transaction_with<T, E, F, Fut>(
        &self,
        options: TxOptions,
        run: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, Fut>
    where
        F: FnMut(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let attempts = self.attempts(Some(Location::caller()));
        transaction::run(attempts, options, run)
    }

    fn attempts(&self, site: Option<&'static Location<'static>>) -> Attempts {
        Attempts::new(Arc::clone(&self.pool.core), self.policy, site)
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        self.repeat(query, true, |held| async move { held.for_one_statement().run(query).await }).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        self.repeat(query, false, |held| async move { held.run_text(query).await }).await
    }

    /// Runs one statement until it works.
    async fn repeat<T, Fut>(
        &self,
        query: Query<'_>,
        is_one_statement: bool,
        run: impl Fn(Held) -> Fut,
    ) -> Result<T, Error>
    where
        Fut: Future<Output = Result<T, Error>>,
    {
        let mut attempts = self.attempts(query.site);
        let is_whole = self.is_idempotent || (is_one_statement && commits_only_at_its_end(query.sql));
        loop {
            let failed = match attempts.session().await {
                Ok(held) => match self.within_deadline(&attempts, run(held)).await {
                    Ok(value) => return Ok(value),
                    Err(error)
                        if is_whole && verdict::may_repeat(&error, &self.policy, self.is_idempotent) =>
                    {
                        error
                    }
                    Err(error) => return Err(error),
                },
                Err(error) if verdict::may_get_session(&error) => error,
                Err(error) => return Err(error),
            };
            attempts.pause(failed).await?;
        }
    }

    /// A statement that must not be run twice is not dropped half-way: nobody would know what became of it.
    async fn within_deadline<T>(
        &self,
        attempts: &Attempts,
        run: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match attempts.deadline() {
            Some(deadline) if self.is_idempotent => tokio::time::timeout_at(deadline, run)
                .await
                .unwrap_or_else(|_| Err(attempts.given_up(RetryLimit::Deadline, None))),
            _ => run.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_commit_half_way_is_known_by_its_first_word() {
        assert!(commits_only_at_its_end("update t set n = 1") && commits_only_at_its_end(" select f()"));
        for text in ["call p()", "DO $$ begin commit; end $$", "\n Call p()", "/* ? */ call p()", ""] {
            assert!(!commits_only_at_its_end(text), "{text}");
        }
    }
}
