//! What goes to the server together, so that it has the next file before it is done with the one before.
//!
//! With the COMMIT of one file travel the cleaning of the session, BEGIN, the next file, and its rows of history and log. The
//! server is in step with this without being asked: each message proves what it needs of those before it, else nothing of it
//! happens.

use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, FutureExt as _, MaybeDone, join, maybe_done};
use pgkeel_connect::Error as ConnectError;
use tokio_postgres::SimpleQueryRow;

use super::context::Context;
use super::defaults::Defaults;
use super::failure::{Failure, Reason};
use super::job::Job;
use super::lock::Lock;
use super::prepared;
use super::session::{Answers, Session};
use super::transaction::{placed, refused};
use crate::state::history;
use crate::state::log::{Handover, Rows};
use crate::{Direction, Error, Kind, Migration, Step};

/// The setting that says for which file the session was made as new, and then which transaction is that file's. No file has a
/// reason to know it.
const FILE: &str = "pgkeel.file";

/// Fails unless the file before is committed, nothing of it is left on the session, and the session has the lock; sets what a
/// file finds set. Prepared with a name, as it goes in one message with other statements. Short in views of what the server does,
/// which cut texts off.
const PROOF: &str = "pgkeel_proof";

/// Leaves nothing of a file's session but its role, which [`PROOF`] looks at. What is set to [`FILE`] behind it proves that all of
/// it ran.
const CLEAN: &str = "discard temp; discard sequences; close all; unlisten *; reset all";

/// What is prepared once for files that go this way.
#[derive(Debug)]
pub(crate) struct Flights {
    handover: Handover,
    lock: Lock,
    defaults: Defaults,
    /// Whether files can have prepared anything.
    may_prepare: bool,
    /// How many files have been sent.
    turn: u64,
    /// The transaction behind which the next file goes.
    behind: Option<String>,
}

/// A file that was sent, and what will be known of it.
pub(crate) struct Sent<'a> {
    pub(crate) run: MaybeDone<BoxFuture<'a, Flown>>,
    /// What is written into history and log behind [`BEFORE_LOG`], while the client looks at what has come of the file.
    pub(crate) logged: Option<Logged<'a>>,
}

pub(crate) type Logged<'a> = MaybeDone<BoxFuture<'a, Result<(), ConnectError>>>;

/// Where what was logged with a file is taken back to.
const MARK: &str = "savepoint pgkeel_log";
pub(crate) const BEFORE_LOG: &str = "rollback to savepoint pgkeel_log";

/// What a file has come to behind its last statement.
#[derive(Debug)]
pub(crate) struct Flown {
    /// When its transaction began, by the server's clock. `None` if the server was not content with what comes before the
    /// file, or could not read the text: that depends on what the session was left like.
    pub(crate) started: Option<SystemTime>,
    /// What identifies the transaction in which it began.
    pub(crate) ended: Result<String, Failure>,
}

impl Flown {
    /// For one of which nothing was heard.
    pub(crate) fn never(failure: Failure) -> Self {
        Self { started: None, ended: Err(failure) }
    }
}

/// Whether a file can travel with the one before: nothing comes between BEGIN and its text, nor behind it, it runs under
/// the limits of all, and none of its statements is there to change the session for what comes after.
pub(crate) fn can_travel(job: &Job) -> bool {
    let directives = job.script().directives();
    let has_limits = directives.lock_timeout.is_some() || directives.statement_timeout.is_some();
    job.migration.kind() == Kind::Versioned
        && job.direction == Direction::Up
        && !directives.outside_transaction
        && !has_limits
        && directives.role.is_none()
        && directives.prechecks.is_empty()
        && job.verify().is_none()
        && !changes_session(&job.migration)
}

fn changes_session(migration: &Migration) -> bool {
    const WORDS: [&str; 9] =
        ["set", "reset", "discard", "prepare", "deallocate", "listen", "declare", "load", "notify"];
    let script = migration.up();
    (0..script.len()).any(|index| {
        let first = script.first_word(index);
        WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
    })
}

impl Flights {
    /// For a session that has the lock, and makes it as new first: what has made the tables may have set off triggers. `like` is
    /// one of the files that travel.
    pub(crate) async fn prepare(context: &Context<'_>, jobs: &[Job], like: &Job) -> Result<Self, Error> {
        let Context { session, lock, limits, .. } = *context;
        let rows = [&context.flown(like), &context.running(like)];
        // In one flight, in this order.
        let (defaults, may_prepare) =
            join(Defaults::look(session, limits), prepared::may_happen(session, jobs)).await;
        let (defaults, may_prepare) = (defaults?, may_prepare?);
        let is_plain = defaults.is_plain();
        let guard = |turn: usize| {
            format!(
                "pg_catalog.current_setting('{FILE}', true) operator(pg_catalog.=) {} and {} and {is_plain}",
                file(&format!("${turn}"), "pg_current_xact_id_if_assigned"),
                lock.is_held()
            )
        };
        let handover = Handover::prepare(session, &context.run, rows, guard).await?;
        Ok(Self { handover, lock, defaults, may_prepare, turn: 0, behind: None })
    }

    /// What is written into history and log where the next file goes behind this one, if it does.
    pub(crate) fn rows(&self, context: &Context<'_>, job: &Job, next: &Job) -> Option<Rows> {
        let entries = [&context.flown(job), &context.running(next)];
        self.handover.rows(history::cells(&job.migration), entries).filter(|_| can_travel(next))
    }

    /// What the first file of a row is sent behind, on a session that is as new.
    pub(crate) fn line_up(&mut self) -> String {
        self.turn += 1;
        self.behind = None;
        let (is_held, is_new) = (self.lock.is_held(), self.defaults.is_new());
        let opens = format!("pg_catalog.set_config('{FILE}', {}, false)", file("$1", "pg_current_xact_id"));
        let settings: Vec<String> = self.defaults.set().into_iter().chain([opens]).collect();
        let settings = settings.join(", ");
        let is_prepared = if self.may_prepare { prepared::is_there_but(PROOF) } else { "false".to_owned() };
        // A condition, as the server copies the columns of an answer each time.
        format!(
            "prepare {PROOF} (pg_catalog.text, pg_catalog.xid8) as select pg_catalog.pg_current_xact_id(),
             (pg_catalog.date_part('epoch', pg_catalog.now()) operator(pg_catalog.*) 1000000)::pg_catalog.int8
             where 1 operator(pg_catalog./) case when
                 pg_catalog.current_setting('{FILE}', true) operator(pg_catalog.=) $1 and {is_held}
                 and ($2 is null or pg_catalog.pg_xact_status($2) operator(pg_catalog.=) 'committed')
                 and {is_new} and not {is_prepared}
                 and pg_catalog.concat({settings}) is not null then 1 else 0 end operator(pg_catalog.=) 1;
             {}",
            self.is_for()
        )
    }

    /// Commits the transaction that has this id, and makes the session as new for the next file.
    pub(crate) fn commit(&mut self, id: &str) -> String {
        self.turn += 1;
        self.behind = Some(id.to_owned());
        let statements = ["commit", CLEAN].map(str::to_owned).into_iter().chain(self.defaults.set_before());
        statements.chain([self.is_for()]).collect::<Vec<_>>().join("; ")
    }

    /// Says that the session is as new for the file whose turn it is.
    fn is_for(&self) -> String {
        format!("set {FILE} = '{}'", self.turn)
    }

    /// BEGIN, the file, and what records and logs its good end, to be sent behind [`line_up`](Self::line_up) or
    /// [`commit`](Self::commit).
    pub(crate) fn send<'a>(&self, session: &'a Session, job: &Job, rows: Option<Rows>) -> Sent<'a> {
        let behind = self.behind.as_ref().map_or_else(|| "null".to_owned(), |id| format!("'{id}'"));
        let begin = format!("begin; execute {PROOF}('{}', {behind});\n", self.turn);
        let job = job.clone();
        let mark = if rows.is_some() { MARK } else { "" };
        let sql = format!("{begin}{}\n;{mark}", job.script().sql());
        let before = begin.chars().count();
        let run = async move {
            let mut answers = Answers::default();
            let ran = session.read(&sql, &mut answers).await;
            let opened = answers.row.as_ref().and_then(Opened::of);
            let started = opened.as_ref().map(|opened| opened.started);
            let ended = match (ran, opened) {
                (Ok(()), Some(opened)) => Ok(opened.id),
                (Ok(()), None) => Err(Reason::LockLost.into()),
                (Err(error), None) => Err(refused(session, error).0),
                (Err(error), Some(_)) => {
                    let (failure, at) = refused(session, error);
                    let at = at.and_then(|at| at.checked_sub(before));
                    Err(told(&job, failure, at, answers.ended.saturating_sub(BEFORE)))
                }
            };
            Flown { started, ended }
        };
        let (handover, guard) = (self.handover.clone(), self.turn.to_string());
        let log = |rows: Rows| async move { handover.write(session, rows, guard).await }.boxed();
        Sent { run: maybe_done(run.boxed()), logged: rows.map(|rows| maybe_done(log(rows))) }
    }
}

/// So many statements come before the text of a file: BEGIN and the proof.
const BEFORE: usize = 2;

/// A failure `at` this character of the file, or else behind so many statements that have `ended` since its text began.
fn told(job: &Job, failure: Failure, at: Option<usize>, ended: usize) -> Failure {
    let is_behind_file = at.is_none() && ended >= job.script().len();
    match failure.reason {
        Reason::Refused(source) if is_behind_file => {
            Error::Database { step: Step::Check, source: ConnectError::Server(source) }.into()
        }
        _ => placed(job.script(), failure, at, ended),
    }
}

/// What is seen when the transaction has begun.
struct Opened {
    id: String,
    started: SystemTime,
}

impl Opened {
    fn of(row: &SimpleQueryRow) -> Option<Self> {
        let cell = |column: usize| row.try_get(column).ok().flatten();
        let started = SystemTime::UNIX_EPOCH + Duration::from_micros(cell(1)?.parse().ok()?);
        Some(Self { id: cell(0)?.to_owned(), started })
    }
}

/// An expression of what [`FILE`] is set to, where this function tells the transaction.
fn file(turn: &str, transaction: &str) -> String {
    format!(
        "({turn}::pg_catalog.text operator(pg_catalog.||) ' '
          operator(pg_catalog.||) pg_catalog.{transaction}()::pg_catalog.text)"
    )
}
