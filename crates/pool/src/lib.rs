//! PostgreSQL sessions: pooled, bounded, never handed on inside a transaction.
//!
//! Builds no SQL, knows no metrics library (numbers leave as [`PoolStats`]), runs nothing again unasked: only connecting
//! is tried again, and a statement that was refused before running it, or rolled back as a whole, because its table or its
//! types had changed. [`Pool::retrying`] runs again what has certainly had no effect, or what is declared idempotent.
//!
//! Read [`Config`], then [`Pool`], then [`Session`] and [`Tx`]. Statements are run through
//! [`Executor`], transactions opened through [`Begin`], [`Pool::transaction`] or [`Retrying::transaction`]; a service
//! gives each request a [`RequestTx`]. What is run once, or seldom, takes one round trip if it is told the types of its
//! parameters ([typed statements](Executor#typed-statements)). Large results and copies flow
//! ([`Session::query_stream`], [`Session::copy_in`]), many statements go together ([`Batch`]), and many tasks read over
//! few sessions ([`SharedReads`]).
//!
//! # Invariants
//! - There are never more sessions than `pool.size` and `pool.max_overflow` allow, those being opened and closed
//!   counted: a session's place is free when its server process is gone; or, where the server gave no answer in time,
//!   when its socket is closed, though the process may then go on until it notices. Of a session that ends outside of any
//!   runtime the place is free at once, as nobody is there to wait.
//! - Sessions are given out in the order of asking. Who was given one that turned out dead keeps that place.
//! - Every wait of the pool has a bound, and the error names the step that missed it.
//! - A session that comes back with a transaction open, or with a statement unfinished, is cleaned or closed before
//!   anyone else can have it; [`Reset`] says what else is undone.
//! - A statement whose future was dropped is cancelled (at its return to the pool, if BEGIN was under way with it), and the
//!   cancel hits nothing else: a session on which one may still be under way is not used again.
//! - A stream of rows or a copy ends well only once the server has said so.
//! - `Ok` from a commit means that the server committed, and an error that is safe to retry that it did not.
//! - Nothing is run again that may have taken effect, but for what is declared idempotent.
//! - No value of a statement or its parameters is kept, logged or told.
//!
//! # What can be seen
//! [`Pool::stats`] and [`Pool::times`] tell of sessions, [`Pool::statement_stats`] and [`Pool::slow_queries`] of statements
//! ([`Config::with_monitoring`]). `tracing` is told of trouble; of each statement it has a span at level DEBUG of the target
//! `pgkeel_pool::statement`, named as OpenTelemetry has it; and with [`Config::with_sql_echo`] each is logged.
//!
//! # Features
//! - `config-file`: settings from a TOML file.
//! - `macros`: `#[transactional]` and `#[retry]`, functions that run in a transaction, or again.

mod config;
mod settings;
mod pooler;
mod hooks;
mod pool;
mod life_cycle;
mod core;
mod acquire;
mod store;
mod call;
mod step;
mod open;
mod breaker;
mod lifetime;
mod moment;
mod upkeep;
mod jitter;
mod session;
mod held;
mod executor;
mod query;
mod outcome;
mod gather;
mod run;
mod statements;
mod recent;
mod unnamed;
mod traffic;
mod flow;
mod batch;
mod shared_reads;
mod reset;
mod traces;
mod begin;
mod transaction;
mod retry;
mod slot;
mod counts;
mod ledger;
mod stats;
mod histogram;
mod observe;
mod error;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __macro;

/// The crate below: addresses, errors of single statements, the connection itself.
pub use pgkeel_connect as connect;
pub use pgkeel_connect::{
    Begin, Executor, Isolation, Transaction, TransactionStatus, TxOptions, Type, TypedParam,
};

pub use self::batch::{Answer, Answers, Batch, Param, Params};
pub use self::config::Config;
pub use self::error::{Error, RetryLimit};
pub use self::flow::{CopyBytes, CopyIn, CopyOut, CopyRow, CopySink, CopyTarget, RowStream};
pub use self::histogram::{Histogram, PoolTimes};
pub use self::hooks::{Hook, HookFuture, Hooks};
pub use self::life_cycle::CloseReport;
pub use self::observe::{Fingerprint, SlowQuery, StatementStats};
pub use self::pool::Pool;
pub use self::pooler::PoolerMode;
pub use self::reset::Reset;
pub use self::retry::{RetryPolicy, Retryable, Retrying};
pub use self::session::Session;
pub use self::settings::{Draft, SETTINGS};
pub use self::shared_reads::SharedReads;
pub use self::stats::PoolStats;
pub use self::step::Step;
pub use self::transaction::{RequestTx, SessionTx, Tx};

/// An idempotent function, run again by [`Retrying::run_idempotent`].
///
/// ```
/// use pgkeel_pool::{Error, Executor as _, Pool, RetryPolicy, retry};
///
/// /// The same answer however often it is asked for.
/// #[retry(idempotent, policy = RetryPolicy::new().attempts(8))]
/// async fn left_over(pool: &Pool, item: i64) -> Result<i64, Error> {
///     pool.query_scalar("select left_over from stock where item = $1", &[&item]).await
/// }
/// # let _ = left_over;
/// ```
#[cfg(feature = "macros")]
pub use pgkeel_macros::retry;
/// A function that is a transaction, by [`Pool::transaction_with`] or [`Retrying::transaction_with`].
///
/// ```
/// use pgkeel_pool::{Error, Executor as _, Pool, Tx, transactional};
///
/// /// Takes one off the shelf; run again when it collides with another.
/// #[transactional(serializable, retry)]
/// async fn take(tx: Tx, item: i64) -> Result<i64, Error> {
///     let left: i64 = tx.query_scalar("select left_over from stock where item = $1", &[&item]).await?;
///     tx.execute("update stock set left_over = $1 where item = $2", &[&(left - 1), &item]).await?;
///     Ok(left - 1)
/// }
///
/// # async fn example(pool: Pool) -> Result<(), Error> {
/// let left = take(&pool, 7).await?;
/// # let _ = left;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "macros")]
pub use pgkeel_macros::transactional;
