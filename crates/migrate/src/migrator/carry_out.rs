//! How an order is carried out: one caller at a time, on the database itself or in a shadow of it.

use futures_util::future::{join, join3};
use pgkeel_connect::TransactionStatus;
use tokio::time::Instant;

use super::Migrator;
use super::order::Order;
use crate::files::{of_whole_server, statements};
use crate::run::session::Session;
use crate::run::{
    Attempt, Context, Job, Lock, Patience, Runner, Watch, check_connection, check_roles, rehearse,
};
use crate::state::log::{self, RunId};
use crate::state::{history, repeated};
use crate::{
    Done, DryRun, Error, Event, Kind, LockHolder, Migration, Migrations, Phase, Report, Shadow, Status,
    Target, Unsuitable, VerifyError,
};

impl Migrator {
    pub(super) async fn look(&self, session: &Session) -> Result<Status, Error> {
        let holder = Lock::held_by(session).await?;
        Box::pin(self.compare(session, holder)).await
    }

    /// Without asking who holds the lock.
    pub(super) async fn look_alone(&self, session: &Session) -> Result<Status, Error> {
        Box::pin(self.compare(session, None)).await
    }

    async fn compare(&self, session: &Session, holder: Option<LockHolder>) -> Result<Status, Error> {
        let repeated = repeated::rows(session, &self.migrations);
        // What does not depend on each other goes in one flight, here and below.
        let (rows, trail, repeated) = join3(history::rows(session), log::trail(session), repeated).await;
        let mut status = Status::compare(&self.migrations, rows?, &trail?, holder);
        if status.pending.first().is_some_and(|first| first.kind() == Kind::Checkpoint) {
            status.has_tables = history::has_other_tables(session).await?;
        }
        Ok(status.with_repeatables(&self.migrations, repeated?))
    }

    pub(super) async fn carry_out(
        &self,
        order: Order,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Report, Error> {
        let start = Instant::now();
        let mut report = match self.dry_run {
            Some(DryRun::Shadow) => Box::pin(self.try_in_shadow(order, observe)).await?,
            Some(DryRun::Rollback) | None => Box::pin(self.run(order, observe)).await?,
        };
        (report.took, report.is_dry_run) = (start.elapsed(), self.dry_run.is_some());
        Ok(report)
    }

    async fn run(&self, order: Order, observe: &mut (dyn FnMut(Event<'_>) + Send)) -> Result<Report, Error> {
        let session = Session::open(&self.connect, &self.home).await?;
        if self.has_nothing_to_do(&session, order).await? {
            return Ok(Report::default());
        }
        match check_connection(&session, &self.connect).await {
            Err(Error::Unsuitable { reason: Unsuitable::Pooler }) if self.may_share_sessions(order) => {
                return Box::pin(self.run_shared(&session, observe)).await;
            }
            checked => checked?,
        }
        let Some(lock) = self.wait_for_turn(&session, order, observe).await? else {
            return Ok(Report::default());
        };
        let done = self.run_alone(&session, lock, order, observe).await;
        lock.release(&session).await;
        Ok(Report { done: done?, ..Report::default() })
    }

    /// Looks who else is at it only where something is wrong: whoever is may be resolving just that.
    async fn has_nothing_to_do(&self, session: &Session, order: Order) -> Result<bool, Error> {
        if let Ok(jobs) = self.jobs(self.look_alone(session).await?, order) {
            return Ok(jobs.is_empty());
        }
        let status = self.look(session).await?;
        let is_held = status.holder.is_some();
        match self.jobs(status, order) {
            Err(error) if !is_held => Err(error),
            jobs => Ok(jobs.is_ok_and(|jobs| jobs.is_empty())),
        }
    }

    /// Waits for others, who may do meanwhile all that there is to do: then there is no need for the lock, and of many
    /// starters none waits for the one before.
    async fn wait_for_turn(
        &self,
        session: &Session,
        order: Order,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Option<Lock>, Error> {
        let mut patience = Patience::new(self.limits.others);
        loop {
            let holder = match Lock::attempt(session).await? {
                Attempt::Taken(lock) => return Ok(Some(lock)),
                Attempt::HeldBy(holder) => holder,
            };
            if patience.is_fresh() {
                observe(Event::Waiting { holder: holder.as_ref() });
            }
            patience.wait(holder, &self.stop).await?;
            if self.jobs(self.look(session).await?, order).is_ok_and(|jobs| jobs.is_empty()) {
                return Ok(None);
            }
        }
    }

    /// Looks again, as others may have done something meanwhile, and does the rest.
    pub(super) async fn run_alone(
        &self,
        session: &Session,
        lock: Lock,
        order: Order,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Vec<Done>, Error> {
        let (renewed, status) = join(session.renew(self.limits), self.look_alone(session)).await;
        let status = renewed.and(status)?;
        let (applied, has_repeated) = (status.applied.clone(), !status.repeated.is_empty());
        let jobs = self.jobs(status, order)?;
        check_roles(session, &jobs).await?;
        if self.dry_run.is_some() {
            let mut watch = Watch::new(&self.connect, self.stop.clone(), lock.taken_by(), observe);
            return rehearse(session, self.limits, &mut watch, &jobs).await;
        }
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let run = RunId::new(session, self.revision.clone());
        let (ensured, run) = join(history::ensure(session), run).await;
        let run = ensured.and(run)?;
        if jobs.iter().any(|job| job.migration.kind() == Kind::Repeatable) {
            repeated::ensure(session).await?;
        }
        let context = Context { session, lock, limits: self.limits, run, is_shared: false };
        let mut recorder = self.recorder(session, jobs.len());
        let mut observe = |event: Event<'_>| {
            recorder.see(&event);
            observe(event);
        };
        let watch = Watch::new(&self.connect, self.stop.clone(), lock.taken_by(), &mut observe);
        let mut runner = Runner::new(context, watch);
        (runner.applied, runner.has_repeated) = (applied, has_repeated);
        let ended = runner.run_all(&jobs).await;
        let done = std::mem::take(&mut runner.done);
        drop(runner);
        // Of a session that is lost or still busy nothing more can be asked.
        let is_at_rest = session.connection.transaction_status() == TransactionStatus::Idle;
        if !done.is_empty() && is_at_rest && !session.connection.is_closed() {
            self.record(session, recorder).await;
        }
        ended.map(|()| done)
    }

    /// Applies to a new database what is applied, and does there what is asked for.
    async fn try_in_shadow(
        &self,
        order: Order,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Report, Error> {
        let status = self.status().await?;
        let applied: Vec<i64> = status.applied.iter().map(|row| row.version).collect();
        // One that is due may need others that are not: so there all run that may, and those that are due are told.
        let is_there = |file: &&Migration| {
            !matches!(order, Order::Up) && status.repeated.iter().any(|row| row.name == file.name())
        };
        let repeatables: Vec<&Migration> = self.migrations.repeatables().filter(is_there).collect();
        let applied = self.migrations.only(&applied, &repeatables).chain();
        let jobs = self.jobs(status, order)?;
        if jobs.is_empty() {
            return Ok(Report::default());
        }
        let scripts = applied.all().map(Migration::up).chain(jobs.iter().map(Job::script));
        for script in scripts {
            if statements(script.sql()).iter().any(|statement| of_whole_server(statement).is_some()) {
                let reason =
                    "it changes what all databases of the server share; try it by rollback (--dry-run)";
                return Err(Error::CannotRehearse { file: script.file().to_owned(), reason });
            }
        }
        let shadow = Shadow::create_unless(&self.connect, &self.stop).await.map_err(of_shadow)?;
        let (connect, home) = (shadow.config().clone(), self.home.in_shadow());
        let there = Self { connect, home, dry_run: None, recorded: None, ..self.clone() };
        // What is due is accepted by now, and of the rest there is nothing to lose.
        let there = there.accepting_destructive();
        let is_told = |migration: &Migration| {
            let is_it = |job: &Job| job.migration.name() == migration.name();
            migration.kind() != Kind::Repeatable || jobs.iter().any(is_it)
        };
        let mut tell = |event: Event<'_>| {
            if event.migration().is_none_or(is_told) {
                observe(event);
            }
        };
        let tried = Box::pin(there.replay(applied, order, &mut tell)).await;
        shadow.leave().await;
        let mut report = tried?;
        report.done.retain(|done| is_told(&done.migration));
        Ok(report)
    }

    async fn replay(
        &self,
        applied: Migrations,
        order: Order,
        observe: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Report, Error> {
        let (target, phase) = (Target::Latest, Phase::Contract);
        let before = Self { migrations: applied, target, phase, recorded: None, ..self.clone() };
        let before = before.accepting_destructive();
        before.run(Order::Up, &mut |_| {}).await?;
        self.run(order, observe).await
    }
}

fn of_shadow(error: VerifyError) -> Error {
    if error.is_stopped() { Error::Stopped { before: Vec::new() } } else { Error::Shadow(Box::new(error)) }
}
