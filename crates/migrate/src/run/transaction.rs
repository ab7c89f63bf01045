//! One file in one transaction: BEGIN, the file, the rows of history and log, COMMIT.

use std::time::SystemTime;

use futures_util::future::{join, join3};
use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::timeout;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::ErrorPosition;

use super::code;
use super::failure::{Failure, Reason};
use super::job::Job;
use super::lock::Lock;
use super::session::{Answers, Limits, Session};
use super::verify::verify;
use crate::files::Script;
use crate::state::log::Entry;
use crate::{Directives, Error, Step};

/// Begins a file's transaction on a session that is as new, in one flight with what logs that: if something of it fails,
/// nothing of the file is sent. Returns what identifies the transaction, and when the file was begun if that is logged.
pub(crate) async fn open(
    session: &Session,
    lock: Lock,
    limits: Limits,
    running: Option<&Entry<'_>>,
) -> Result<(String, Option<SystemTime>), Failure> {
    let log = async {
        match running {
            Some(running) => running.write_soon(session).await,
            None => Ok(None),
        }
    };
    let (renewed, logged, begun) = join3(session.renew(limits), log, begin(session, lock)).await;
    let id = begun?;
    match renewed.and(logged) {
        Ok(started) => Ok((id, started)),
        Err(error) => {
            let failure = Failure::from(error);
            roll_back(session, failure.reason.is_without_answer()).await;
            Err(failure)
        }
    }
}

/// What identifies the transaction that is open, and has the lock.
pub(crate) async fn identify(session: &Session) -> Result<String, Error> {
    let sql = "select pg_catalog.pg_current_xact_id()::pg_catalog.text";
    session.step(Step::Check, session.query_scalar(sql, &[])).await
}

/// Runs a file and the statements that record it in the transaction that is open, or leaves nothing of both.
pub(crate) async fn run(
    session: &Session,
    lock: Lock,
    limits: Limits,
    job: &Job,
    record: impl Fn() -> String,
    id: &str,
) -> Result<(), Failure> {
    let script = job.script();
    let done = async {
        session.take_role(script.directives()).await?;
        precheck(session, limits, script.directives()).await?;
        if !code::call(session, limits, job).await? {
            run_file(session, limits, script).await?;
        }
        has_no_end(session)?;
        verify(session, limits, job).await?;
        has_no_end(session)?;
        write(session, lock, limits, id, &record()).await
    };
    match done.await {
        Ok(()) => commit(session, limits).await,
        Err(failure) => {
            roll_back(session, failure.reason.is_without_answer()).await;
            Err(failure)
        }
    }
}

/// If nobody answers, the server rolls back when the connection is dropped.
pub(crate) async fn roll_back(session: &Session, is_without_answer: bool) {
    if !is_without_answer {
        let rolled_back = session.step(Step::Run, session.connection.batch_execute("rollback")).await;
        tracing::debug!(?rolled_back, "a migration failed");
    }
}

/// Begins, and returns what identifies the transaction.
pub(crate) async fn begin(session: &Session, lock: Lock) -> Result<String, Failure> {
    let begin = format!("begin; {}", look(lock, "pg_current_xact_id"));
    let mut seen = None;
    session.step(Step::Begin, session.first_row(&begin, &mut seen)).await?;
    if let Some(Seen { id: Some(id), is_held: true }) = seen.map(|row| Seen::of(&row)) {
        return Ok(id);
    }
    roll_back(session, false).await;
    Err(Reason::LockLost.into())
}

/// The question for the transaction's id by this function, and whether this very session holds the lock. Behind a pooler that gives each
/// transaction another session it would not.
fn look(lock: Lock, id: &str) -> String {
    format!("select pg_catalog.{id}()::pg_catalog.text, {}", lock.is_held())
}

/// What a look shows.
struct Seen {
    id: Option<String>,
    is_held: bool,
}

impl Seen {
    fn of(row: &SimpleQueryRow) -> Self {
        Self { id: row.get(0).map(str::to_owned), is_held: row.get(1) == Some("t") }
    }
}

/// Asks what the file wants to be true before it runs.
pub(crate) async fn precheck(
    session: &Session,
    limits: Limits,
    directives: &Directives,
) -> Result<(), Failure> {
    for query in &directives.prechecks {
        let Ok(answer) = timeout(limits.answer(), session.query_opt(query, &[])).await else {
            return Err(Reason::TooSlow { waited: limits.answer() }.into());
        };
        let holds = match answer.map(|row| row.map(|row| row.try_get::<_, bool>(0))) {
            Ok(Some(Ok(holds))) => holds,
            Ok(_) => false,
            Err(pgkeel_connect::Error::Server(source)) if !source.is_fatal() => {
                return Err(Reason::Refused(source).into());
            }
            Err(source) => return Err(Error::Database { step: Step::Check, source }.into()),
        };
        if !holds {
            return Err(Reason::Precheck { query: query.clone() }.into());
        }
    }
    Ok(())
}

/// Sends the whole file at once, so that the server alone decides where statements end.
async fn run_file(session: &Session, limits: Limits, script: &Script) -> Result<(), Failure> {
    let mut ended = 0;
    let sent = send(session, limits, script.sql(), &mut ended).await;
    sent.map_err(|(failure, at)| placed(script, failure, at, ended))
}

/// With the place in the file: the character at which the server sees the mistake, or else the statement behind those that
/// have ended.
pub(crate) fn placed(script: &Script, failure: Failure, at: Option<usize>, ended: usize) -> Failure {
    match at {
        Some(at) => failure.at(script.location_in_file(at)),
        None if matches!(failure.reason, Reason::Refused(_)) => failure.at(script.location(ended)),
        None => failure,
    }
}

/// Sends a text and reads all answers, counting the statements that ended. An error comes with the character at which
/// the server sees the mistake, from 0; without one if the place is in another text, such as the body of a function.
pub(crate) async fn send(
    session: &Session,
    limits: Limits,
    sql: &str,
    ended: &mut usize,
) -> Result<(), (Failure, Option<usize>)> {
    // The server ends a statement that takes too long and says which; this is for when it does not.
    let limit = limits.answer();
    let mut answers = Answers::default();
    let sent = timeout(limit, session.read(sql, &mut answers)).await;
    *ended += answers.ended;
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refused(session, error)),
        Err(_) => Err((Reason::TooSlow { waited: limit }.into(), None)),
    }
}

/// What the server has against a text, and where.
pub(crate) fn refused(session: &Session, error: tokio_postgres::Error) -> (Failure, Option<usize>) {
    let at = match error.as_db_error().and_then(|error| error.position()) {
        Some(ErrorPosition::Original(position)) => Some((*position as usize).saturating_sub(1)),
        Some(ErrorPosition::Internal { .. }) | None => None,
    };
    let failure = match session.connection.explain(error.into()) {
        pgkeel_connect::Error::Server(source) if !source.is_fatal() => Reason::Refused(source).into(),
        source => Error::Database { step: Step::Run, source }.into(),
    };
    (failure, at)
}

fn has_no_end(session: &Session) -> Result<(), Failure> {
    match session.connection.transaction_status() {
        TransactionStatus::Open => Ok(()),
        _ => Err(Reason::TransactionEnded.into()),
    }
}

/// Writes into history and log, where what the file set does not count, and looks in the same flight: the file must not
/// have ended the transaction nor let go of the lock. What was seen says more than that the rest was refused.
///
/// Two messages, as the server reads each of them whole before it does what it says: in the encoding that is set by then.
pub(crate) async fn write(
    session: &Session,
    lock: Lock,
    limits: Limits,
    id: &str,
    record: &str,
) -> Result<(), Failure> {
    let plain = format!("{};\n{KEEP};\n{PLAIN};\n{}", Session::in_time(limits), Session::READABLE);
    let sql = format!("{};\n{record};\n{BACK}", look(lock, "pg_current_xact_id_if_assigned"));
    let mut seen = None;
    // sql: SET has no parameters; the limit is a number
    let plain = session.step(Step::Record, session.connection.batch_execute(&plain));
    let written = session.step(Step::Record, session.first_row(&sql, &mut seen));
    let (plain, written) = join(plain, written).await;
    plain?;
    match seen.map(|row| Seen::of(&row)) {
        Some(seen) if seen.id.as_deref() != Some(id) => Err(Reason::TransactionEnded.into()),
        Some(Seen { is_held: false, .. }) => Err(Reason::LockLost.into()),
        _ => Ok(written?),
    }
}

/// Makes what is said next mean the same whatever the file has set.
pub(crate) const PLAIN: &str = "reset session authorization; reset role; set local search_path = pg_catalog";

/// Notes what [`BACK`] goes back to.
pub(crate) const KEEP: &str =
    "select pg_catalog.set_config('pgkeel.search_path', pg_catalog.current_setting('search_path'), true),
    pg_catalog.set_config('pgkeel.user', pg_catalog.current_setting('session_authorization'), true),
    pg_catalog.set_config('pgkeel.role', pg_catalog.current_setting('role'), true)";

/// For what COMMIT calls: triggers of constraints that are put off find the names that the file finds, as who it is. Nothing
/// is noted any more on a session that has been cleaned for others.
pub(crate) const BACK: &str =
    "select set_config('session_authorization', current_setting('pgkeel.user'), true)
    where current_setting('pgkeel.user') not in ('', current_setting('session_authorization'));
    select set_config('role', current_setting('pgkeel.role'), true)
    where current_setting('pgkeel.role') not in ('', current_setting('role'));
    select set_config('search_path', current_setting('pgkeel.search_path'), true)
    where current_setting('pgkeel.user') <> ''";

/// Constraints that were put off are checked now, so this may take as long as a statement.
pub(crate) async fn commit(session: &Session, limits: Limits) -> Result<(), Failure> {
    match timeout(limits.answer(), session.connection.batch_execute("commit")).await {
        Ok(ended) => ended.map_err(not_committed),
        Err(_) => Err(Reason::OutcomeUnknown(None).into()),
    }
}

/// What it means that this was said to COMMIT.
pub(crate) fn not_committed(source: pgkeel_connect::Error) -> Failure {
    match source {
        pgkeel_connect::Error::Server(source) if !source.is_fatal() => Reason::Refused(source).into(),
        source => Reason::OutcomeUnknown(Some(source)).into(),
    }
}
