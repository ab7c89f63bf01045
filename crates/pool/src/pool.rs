use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use pgkeel_connect::{Begin, Listener, TxOptions};

use crate::core::{Core, Phase};
use crate::held::Held;
use crate::outcome::Outcome;
use crate::query::{Query, Site};
use crate::transaction::{Plan, run_in};
use crate::{
    Config, Error, PoolStats, PoolTimes, PoolerMode, Session, SlowQuery, StatementStats, Tx, acquire,
};

/// A bounded number of sessions, shared. Cheap to clone; all clones are the same pool.
///
/// It can be used from several runtimes. A connection lives in the runtime of the caller for whom it was opened, and ends
/// with it; sessions may come back outside of any.
///
/// ```no_run
/// use pgkeel_pool::{Config, Error, Executor as _, Pool};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::lazy(Config::from_env()?);
/// let active: i64 = pool.query_scalar("select count(*) from users where active = $1", &[&true]).await?;
///
/// let id: i64 = pool
///     .transaction(|tx| async move {
///         tx.execute("update stock set left = left - 1 where item = $1", &[&7_i64]).await?;
///         tx.query_scalar("insert into orders(item) values ($1) returning id", &[&7_i64]).await
///     })
///     .await
///     .map_err(|error: Error| error)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    pub(crate) core: Arc<Core>,
}

impl Pool {
    /// A pool that opens its first connection when it is first needed.
    #[must_use]
    pub fn lazy(config: Config) -> Self {
        Self { core: Core::new(config) }
    }

    /// A pool whose first connection is open.
    ///
    /// # Errors
    /// [`Error::Connect`] and [`Error::AcquireTimeout`].
    ///
    /// # Cancellation
    /// Dropping the future drops the pool, which closes what was opened.
    pub async fn connect(config: Config) -> Result<Self, Error> {
        let pool = Self::lazy(config);
        drop(pool.session().await?);
        Ok(pool)
    }

    /// A session of one's own: a free one, a new one, or the next that comes back.
    ///
    /// # Errors
    /// [`Error::AcquireTimeout`], [`Error::Connect`], [`Error::Overloaded`], [`Error::Closed`].
    ///
    /// # Cancellation
    /// Dropping the future gives up the place in the queue. A connection that is being opened joins the pool.
    #[track_caller]
    pub fn session(&self) -> impl Future<Output = Result<Session, Error>> + Send {
        let site = Location::caller();
        async move { Ok(Session::new(acquire::acquire(&self.core, Some(site)).await?)) }
    }

    /// A session for one statement.
    async fn hold(&self, site: Site) -> Result<Held, Error> {
        Ok(acquire::acquire(&self.core, site).await?.for_one_statement())
    }

    pub(crate) async fn run<T: Outcome>(&self, query: Query<'_>) -> Result<T, Error> {
        self.hold(query.site).await?.run(query).await
    }

    pub(crate) async fn run_text(&self, query: Query<'_>) -> Result<(), Error> {
        self.hold(query.site).await?.run_text(query).await
    }

    /// Runs `run` in a transaction of its own: `Ok` commits, `Err` rolls back. What `run` captures it may move, as it
    /// runs once.
    ///
    /// # Errors
    /// What `run` returns; or as an error of the pool: no session, [`Error::Aborted`], [`Error::CommitUnknown`],
    /// [`Error::StatementInFlight`].
    ///
    /// # Cancellation
    /// Dropping the future rolls back, unless COMMIT had gone out already.
    #[track_caller]
    pub fn transaction<T, E, F, Fut>(&self, run: F) -> impl Future<Output = Result<T, E>> + use<T, E, F, Fut>
    where
        F: FnOnce(Tx) -> Fut,
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
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let (core, site) = (Arc::clone(&self.core), Location::caller());
        async move {
            let held = acquire::acquire(&core, Some(site)).await?;
            run_in(Tx::begin(Arc::new(held), Plan::once(options)).await?, run).await
        }
    }

    /// Listens for notifications on a connection of its own, opened as those of the pool are but not counted among them.
    /// It is the caller's from then on: closing the pool leaves it alone.
    ///
    /// # Errors
    /// As [`dial()`](pgkeel_connect::dial()); behind a pooler in transaction mode [`Error::NeedsSession`].
    ///
    /// # Cancellation
    /// As [`dial()`](pgkeel_connect::dial()).
    pub async fn listener(&self) -> Result<Listener, Error> {
        let config = self.config();
        if config.pooler() == PoolerMode::Transaction {
            return Err(Error::NeedsSession { what: "a listener" });
        }
        Ok(Listener::connect(config.connect()).await?)
    }

    /// The pool at this moment.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.core.stats()
    }

    /// How long things took in the pool so far.
    #[must_use]
    pub fn times(&self) -> PoolTimes {
        self.core.times.snapshot()
    }

    /// The slowest of the latest statements that took at least `pool.slow_query_threshold`, without their values; at
    /// most 200, the slowest first.
    #[must_use]
    pub fn slow_queries(&self) -> Vec<SlowQuery> {
        self.core.observed.slow.list()
    }

    /// Each kind of statement that was run while `pool.monitoring` was on, those that took the most time together first.
    /// At most 1 000 are told apart: one that was not run for long makes room, and counts among the others of its operation
    /// then, which come last; so all entries together are all statements. COMMIT and its like are among them. BEGIN is not,
    /// as it goes out with the first statement.
    #[must_use]
    pub fn statement_stats(&self) -> Vec<StatementStats> {
        self.core.observed.statements.list()
    }

    /// The configuration of the pool.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.core.config.load_full()
    }

    /// Whether the pool was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.phase() == Phase::Closed
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("config", &self.config()).field("stats", &self.stats()).finish()
    }
}

impl Begin for &Pool {
    type Tx = Tx;

    async fn begin_with(self, options: TxOptions) -> Result<Tx, Error> {
        Tx::begin(Arc::new(acquire::acquire(&self.core, None).await?), Plan::once(options)).await
    }
}
