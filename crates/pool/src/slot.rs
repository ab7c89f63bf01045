//! What is kept in the pool: a connection with what the pool knows of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use pgkeel_connect::{Connection, TransactionStatus};
use tokio::runtime::Handle;

use crate::Config;
use crate::core::Core;
use crate::counts::{Place, State};
use crate::hooks::Hook;
use crate::ledger::Entry;
use crate::lifetime;
use crate::moment::Moment;
use crate::statements::{Prepared, Statements};
use crate::traces::commits_only_at_its_end;
use crate::traffic::Traffic;
use crate::transaction::Identity;
use crate::unnamed::Unnamed;

/// How long what is done before the good-bye may take.
const BEFORE_CLOSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) connection: Connection,
    pub(crate) place: Place,
    pub(crate) entry: Arc<Entry>,
    /// Which sessions it belongs to: those of an older generation are not used again.
    generation: u64,
    /// Whether it is not to be used again for a reason of its own.
    invalid: AtomicBool,
    /// When it is to be replaced. Fixed when it was opened: drawing it anew at each look would make all lives short.
    pub(crate) expires: Option<Moment>,
    pub(crate) taken: Moment,
    pub(crate) returned: Moment,
    /// How long the present holder waited for it.
    pub(crate) waited: Duration,
    /// The pool's configuration when the session was last taken or returned.
    pub(crate) config: Arc<Config>,
    /// Which one that is; see [`Core::changes`].
    change: Option<u64>,
    /// Whether it is entered in the ledger that it was taken.
    pub(crate) is_lent: bool,
    /// Whether the server may still have something to say: a statement failed, or was dropped before its end. Until
    /// the connection has settled its transaction status is not exact.
    unsettled: AtomicBool,
    /// Whether a statement was run that may have left something behind.
    traces: AtomicBool,
    pub(crate) traffic: Arc<Traffic>,
    statements: Statements,
    /// Behind a pooler in transaction mode, what runs statements instead.
    pub(crate) unnamed: Option<Unnamed>,
    /// Which server this is, once a transaction has had it asked for; `None` in it if it did not say.
    pub(crate) identity: OnceLock<Option<Identity>>,
}

impl Slot {
    /// A session that has just been opened.
    pub(crate) fn new(
        connection: Connection,
        place: Place,
        entry: Arc<Entry>,
        generation: u64,
        config: Arc<Config>,
    ) -> Self {
        let now = Moment::now();
        Self {
            connection,
            place,
            entry,
            generation,
            invalid: AtomicBool::new(false),
            expires: lifetime::end_of_life(&config, now),
            taken: now,
            returned: now,
            waited: Duration::ZERO,
            change: None,
            is_lent: false,
            unsettled: AtomicBool::new(false),
            traces: AtomicBool::new(false),
            traffic: Arc::default(),
            statements: Statements::at_most(config.statement_cache()),
            identity: OnceLock::new(),
            unnamed: Unnamed::of(config.pooler()),
            config,
        }
    }

    /// Takes over the pool's configuration if that has changed.
    pub(crate) fn learn(&mut self, core: &Core) {
        let change = core.changes();
        if self.change != Some(change) {
            self.config = core.config.load_full();
            self.change = Some(change);
        }
    }

    pub(crate) fn invalidate(&self) {
        self.invalid.store(true, Ordering::Relaxed);
    }

    /// Whether it may be used again by a pool of this generation.
    pub(crate) fn is_valid(&self, generation: u64) -> bool {
        self.generation == generation && !self.invalid.load(Ordering::Relaxed)
    }

    pub(crate) fn unsettle(&self) {
        self.unsettled.store(true, Ordering::Relaxed);
    }

    /// Whether the transaction status may not be exact.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Relaxed)
    }

    pub(crate) fn leave_traces(&self) {
        self.traces.store(true, Ordering::Relaxed);
    }

    pub(crate) fn forget_traces(&self) {
        self.traces.store(false, Ordering::Relaxed);
    }

    pub(crate) fn has_traces(&self) -> bool {
        self.traces.load(Ordering::Relaxed)
    }

    /// Whether it is cleaned when it comes back, though nothing is open on it.
    pub(crate) fn is_to_be_cleaned(&self) -> bool {
        self.config.cleans(self.unnamed.is_some(), self.has_traces())
    }

    /// The statement of this text, prepared now or before, to be run at once: what is dropped half-way may have had its
    /// effect, so its traces count from now on.
    pub(crate) async fn prepared(&self, sql: &str) -> Result<Arc<Prepared>, pgkeel_connect::Error> {
        if let Some(kept) = self.kept(sql) {
            return Ok(kept);
        }
        // In a box, as it is seldom needed and would make every statement large.
        Ok(self.to_be_run(self.statements.prepare(sql, &self.connection).boxed().await?))
    }

    /// The same if it was prepared before.
    pub(crate) fn kept(&self, sql: &str) -> Option<Arc<Prepared>> {
        self.statements.kept(sql).map(|kept| self.to_be_run(kept))
    }

    fn to_be_run(&self, prepared: Arc<Prepared>) -> Arc<Prepared> {
        if prepared.leaves_traces {
            self.leave_traces();
        }
        prepared
    }

    /// Whether it is prepared already, so that running it is one message.
    pub(crate) fn keeps(&self, sql: &str) -> bool {
        self.statements.keeps(sql)
    }

    /// Whether a kept statement was refused as it does not fit its tables or its parameters any more, nothing was run, and no
    /// transaction has failed: then preparing and running it once more is as good as if it had not been kept.
    pub(crate) fn can_heal<T>(&self, sql: &str, done: &Result<T, pgkeel_connect::Error>) -> bool {
        let Err(error) = done else { return false };
        self.can_heal_of(sql, error)
    }

    #[cold]
    fn can_heal_of(&self, sql: &str, error: &pgkeel_connect::Error) -> bool {
        if self.statements.is_outgrown(sql, error) {
            // What the driver knows of the user's own types may be as old.
            self.connection.client().clear_type_cache();
            return self.takes_statements();
        }
        self.statements.is_stale(sql, error) && self.was_undone(sql)
    }

    /// The statement prepared anew, if the server refused what the one that was kept means, nothing of it is left, and its
    /// parameters or columns have other types by now: then it may be run once more. It is forgotten in any case, so that the
    /// next run prepares it.
    pub(crate) async fn renewed(
        &self,
        sql: &str,
        old: &Prepared,
        error: &pgkeel_connect::Error,
    ) -> Option<Arc<Prepared>> {
        if !self.statements.is_overtaken(sql, error) || !self.was_undone(sql) {
            return None;
        }
        self.connection.client().clear_type_cache();
        self.prepared(sql).await.ok().filter(|new| !new.is_as(old))
    }

    /// Forgets a kept statement that the server refused for what it means.
    pub(crate) fn forget_overtaken(&self, sql: &str, error: &pgkeel_connect::Error) {
        self.statements.is_overtaken(sql, error);
    }

    /// Whether the statement that failed was a transaction of its own, and is undone.
    fn was_undone(&self, sql: &str) -> bool {
        commits_only_at_its_end(sql) && self.connection.transaction_status() == TransactionStatus::Idle
    }

    /// Whether no transaction is open that may have failed.
    pub(crate) fn takes_statements(&self) -> bool {
        match self.connection.transaction_status() {
            TransactionStatus::Idle => true,
            TransactionStatus::Open => !self.unsettled.load(Ordering::Relaxed),
            TransactionStatus::Failed => false,
        }
    }

    /// The exact transaction status, for one round trip if it is not known.
    pub(crate) async fn settled_status(&self) -> Result<TransactionStatus, pgkeel_connect::Error> {
        if self.is_unsettled() {
            self.connection.settle().await?;
            self.traffic.guard(false); // Whatever was under way has been answered.
            self.unsettled.store(false, Ordering::Relaxed);
        }
        Ok(self.connection.transaction_status())
    }

    /// Whether it can be handed on as it is.
    pub(crate) fn is_clean(&self) -> bool {
        !self.is_unsettled()
            && self.connection.transaction_status() == TransactionStatus::Idle
            && !self.connection.is_closed()
    }

    pub(crate) fn is_expired(&self, now: Moment) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// Says good-bye. Its place is free when the server has closed its side too.
    pub(crate) async fn close(self: Box<Self>, before: Option<Hook>) {
        let Self { connection, mut place, .. } = *self;
        place.move_to(State::Closing);
        if let Some(before) = before.filter(|_| !connection.is_closed()) {
            let _ = tokio::time::timeout(BEFORE_CLOSE, before(&connection)).await;
        }
        connection.close().await;
    }

    /// Closes the socket of a server that does not answer. Its place is free when that is done, which outside of a
    /// runtime nobody can wait for.
    pub(crate) fn kill(mut self: Box<Self>) {
        self.entry.killer.kill();
        self.place.move_to(State::Closing);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.close(None));
        }
    }
}
