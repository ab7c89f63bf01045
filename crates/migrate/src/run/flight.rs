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
use super::failure::{Failure, Reason};
use super::job::Job;
use super::lock::Lock;
use super::session::{Answers, CLEAN, Limits, Session};
use super::transaction::{placed, refused};
use crate::state::history;
use crate::state::log::{Handover, Literal, Rows};
use crate::{Direction, Error, Kind, Migration, Step};

/// The setting that says which file the session was made as new for. No file has a reason to know it.
const TURN: &str = "pgkeel.turn";

/// Sets what each file finds set, and `TURN` unless the transaction that is named is not committed, or COMMIT has had something
/// prepared, which would reach the next file. Prepared with a name, as it goes in one message with other statements.
const READY: &str = "pgkeel_ready";

/// Fails unless the session was made as new for this turn and has the lock. Short in views of what the server does, which cut
/// texts off.
const PROOF: &str = "pgkeel_proof";

/// Those of the statements that have been prepared which files have, and what COMMIT calls.
const FOREIGN: &str = "from_sql and name operator(pg_catalog.<>) all (array['pgkeel_ready', 'pgkeel_proof'])";

/// The same as `TURN`, and which transaction this is, for as long as the file's transaction is open.
const FILE: &str = "pgkeel.file";

/// What is prepared once for files that go this way.
#[derive(Debug)]
pub(crate) struct Flights {
    handover: Handover,
    lock: Lock,
    limits: Limits,
    /// How many files have been sent.
    turn: u64,
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
    /// Whether the server was content with what comes before the file, and did not read on behind it.
    pub(crate) is_begun: bool,
    /// When its transaction began, by the server's clock, if it did.
    pub(crate) started: Option<SystemTime>,
    /// What identifies the transaction in which it began.
    pub(crate) ended: Result<String, Failure>,
}

impl Flown {
    /// For one of which nothing was heard.
    pub(crate) fn never(failure: Failure) -> Self {
        Self { is_begun: false, started: None, ended: Err(failure) }
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
        let words = script.words_of(index).words;
        words.first().is_some_and(|first| WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)))
    })
}

impl Flights {
    /// For a session that has the lock, and makes it as new first: what has made the tables may have set off triggers. `like` is
    /// one of the files that travel.
    pub(crate) async fn prepare(context: &Context<'_>, like: &Job) -> Result<Self, Error> {
        let Context { session, lock, limits, .. } = *context;
        let rows = [&context.flown(like), &context.running(like)];
        // In one flight, in this order.
        let (renewed, is_plain) = join(session.forget(limits), is_plain(session)).await;
        renewed?;
        let is_plain = is_plain?;
        let guard = |turn: usize| {
            format!(
                "pg_catalog.current_setting('{FILE}', true) operator(pg_catalog.=)
                 pg_catalog.concat(${turn}::pg_catalog.text, ' ', pg_catalog.pg_current_xact_id_if_assigned())
                 and {} and {is_plain}",
                lock.is_held()
            )
        };
        let handover = Handover::prepare(session, &context.run, rows, guard).await?;
        Ok(Self { handover, lock, limits, turn: 0 })
    }

    /// What is written into history and log where the next file goes behind this one, if it does.
    pub(crate) fn rows(&self, context: &Context<'_>, job: &Job, next: &Job) -> Option<Rows> {
        let entries = [&context.flown(job), &context.running(next)];
        self.handover.rows(history::cells(&job.migration), entries).filter(|_| can_travel(next))
    }

    /// What the first file of a row is sent behind, on a session that is as new.
    pub(crate) fn line_up(&mut self, session: &Session) -> String {
        let (settings, is_held) = (session.settings(self.limits), self.lock.is_held());
        let ready = format!(
            "prepare {READY} (pg_catalog.text, pg_catalog.xid8) as
             select pg_catalog.concat({settings}, pg_catalog.set_config('{TURN}', case
             when exists (select from pg_catalog.pg_prepared_statements where {FOREIGN}) then null
             when $2 is null or pg_catalog.pg_xact_status($2) operator(pg_catalog.=) 'committed' then $1 end, false))"
        );
        let proof = format!(
            "prepare {PROOF} (pg_catalog.text) as select pg_catalog.pg_current_xact_id(),
             (pg_catalog.date_part('epoch', pg_catalog.now()) operator(pg_catalog.*) 1000000)::pg_catalog.int8,
             1 operator(pg_catalog./) case when
                 pg_catalog.current_setting('{TURN}', true) operator(pg_catalog.=) $1 and {is_held}
                 and pg_catalog.set_config('{FILE}', pg_catalog.concat($1, ' ', pg_catalog.pg_current_xact_id()), true)
                     operator(pg_catalog.<>) '' then 1 else 0 end"
        );
        format!("{ready}; {proof}; {}", self.make_ready(None))
    }

    /// Commits the transaction that has this id, and makes the session as new for the next file.
    pub(crate) fn commit(&mut self, id: &str) -> String {
        format!("commit; {CLEAN}; {}", self.make_ready(Some(id)))
    }

    fn make_ready(&mut self, behind: Option<&str>) -> String {
        self.turn += 1;
        let behind = behind.map_or_else(|| "null".to_owned(), |id| format!("'{id}'"));
        format!("execute {READY}('{}', {behind})", self.turn)
    }

    /// BEGIN, the file, and what records and logs its good end, to be sent behind [`line_up`](Self::line_up) or
    /// [`commit`](Self::commit).
    pub(crate) fn send<'a>(&self, session: &'a Session, job: &Job, rows: Option<Rows>) -> Sent<'a> {
        let begin = format!("begin; execute {PROOF}('{}');\n", self.turn);
        let job = job.clone();
        let mark = if rows.is_some() { MARK } else { "" };
        let sql = format!("{begin}{}\n;{mark}", job.script().sql());
        let before = begin.chars().count();
        let run = async move {
            let mut answers = Answers::default();
            let ran = session.read(&sql, &mut answers).await;
            let opened = answers.row.as_ref().and_then(Opened::of);
            let started = opened.as_ref().map(|opened| opened.started);
            let mut is_begun = opened.is_some();
            let ended = match (ran, opened) {
                (Ok(()), Some(opened)) => Ok(opened.id),
                (Ok(()), None) => Err(Reason::LockLost.into()),
                (Err(error), opened) => {
                    let (failure, at) = refused(session, error);
                    let at = at.and_then(|at| in_file(&job, before, at));
                    is_begun |= at.is_some();
                    Err(told(&job, failure, at, opened.map(|_| answers.ended.saturating_sub(BEFORE))))
                }
            };
            Flown { is_begun, started, ended }
        };
        let (handover, guard) = (self.handover.clone(), self.turn.to_string());
        let log = |rows: Rows| async move { handover.write(session, rows, guard).await }.boxed();
        Sent { run: maybe_done(run.boxed()), logged: rows.map(|rows| maybe_done(log(rows))) }
    }
}

/// So many statements come before the text of a file: BEGIN and the proof.
const BEFORE: usize = 2;

/// The character of the file that is at this one of the message, where so many come `before` the file's. What comes behind it is
/// not the file's: a text that breaks off is refused there.
fn in_file(job: &Job, before: usize, at: usize) -> Option<usize> {
    let at = at.checked_sub(before)?;
    (at <= job.script().sql().chars().count()).then_some(at)
}

/// A failure `at` this character of the file, or else behind so many statements that have `ended` since its text began.
fn told(job: &Job, failure: Failure, at: Option<usize>, ended: Option<usize>) -> Failure {
    let is_behind_file = at.is_none() && ended.is_some_and(|ended| ended >= job.script().len());
    match failure.reason {
        Reason::Refused(source) if is_behind_file => {
            Error::Database { step: Step::Check, source: ConnectError::Server(source) }.into()
        }
        // Without an answer the server has not even read the text, or could not.
        _ if at.is_none() && ended.is_none() => failure,
        _ => placed(job.script(), failure, at, ended.unwrap_or_default()),
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

/// All that decides what the rows of history and log mean, and that they get there. What files have prepared, [`READY`]
/// looks for.
const SETTINGS: [&str; 7] = [
    "session_authorization",
    "role",
    "search_path",
    "client_encoding",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
];

/// Whether these are as they are now, as one expression: each column of an answer takes the server its time.
async fn is_plain(session: &Session) -> Result<String, Error> {
    let settings = SETTINGS.map(|name| format!("pg_catalog.current_setting('{name}')"));
    let (mut seen, look) = (None, format!("select {}", settings.join(", ")));
    session.step(Step::Check, session.first_row(&look, &mut seen)).await?;
    let now = |column| seen.as_ref().and_then(|row| row.try_get(column).ok().flatten()).unwrap_or_default();
    let is_same = |(column, setting)| format!("{setting} operator(pg_catalog.=) {}", Literal(now(column)));
    Ok(settings.iter().enumerate().map(is_same).collect::<Vec<_>>().join(" and "))
}
