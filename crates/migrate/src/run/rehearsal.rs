//! A dry run in one transaction that is rolled back: everything runs on the real tables, and nothing of it stays.

use pgkeel_connect::{Executor as _, TransactionStatus};
use tokio::time::{Instant, timeout};

use super::code;
use super::constraints::{CHECK_CONSTRAINTS, HAS_CONSTRAINTS};
use super::failure::{Failure, FileError, Reason, Stays};
use super::job::Job;
use super::report::Done;
use super::session::{Limits, Session};
use super::transaction::{precheck, refused, roll_back, send};
use super::turns::Turns;
use super::verify::verify;
use super::watch::Watch;
use crate::state::history;
use crate::{Error, Event, Kind, Step};

/// How files are tried without anything that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DryRun {
    /// On the database itself, all files in one transaction that is rolled back. It locks what the files lock, for as
    /// long as all of them take; sequences do not go back. Files that run outside of a transaction cannot be tried so. Code
    /// that ends its transaction, which it must not, ends this one.
    Rollback,
    /// In a database of its own on the same server ([`Shadow`](crate::Shadow)), to which first all is applied that is
    /// applied, and which is dropped in the end. It has the schema but only the rows that files insert, and needs the right
    /// to create databases and a password from the address, not from [`Credentials`](pgkeel_connect::Credentials). Files
    /// that change what all databases share, such as roles, cannot be tried so.
    Shadow,
}

/// Where a repeatable goes back to that is put behind others.
const MARK: &str = "savepoint pgkeel_file";
const BACK: &str = "rollback to savepoint pgkeel_file";

/// Runs the files and rolls back.
pub(crate) async fn rehearse(
    session: &Session,
    limits: Limits,
    watch: &mut Watch<'_>,
    jobs: &[Job],
) -> Result<Vec<Done>, Error> {
    if let Some(job) = jobs.iter().find(|job| job.script().directives().outside_transaction) {
        let reason =
            "its statements run outside of a transaction; try it in a shadow database (--dry-run=shadow)";
        return Err(Error::CannotRehearse { file: job.script().file().to_owned(), reason });
    }
    session.renew(limits).await?;
    session.step(Step::Begin, session.connection.batch_execute("begin")).await?;
    let sql = "select pg_catalog.pg_current_xact_id()::pg_catalog.text";
    let id = session.step(Step::Begin, session.query_scalar::<String>(sql, &[])).await?;
    history::ensure_schema(session).await?;
    let mut done = Vec::new();
    let mut turns = Turns::new(jobs);
    while let Some(job) = turns.next() {
        let (migration, direction, of) = (&job.migration, job.direction, jobs.len());
        let position = done.len() + 1;
        (watch.observe)(Event::Begun { migration, direction, position, of, done: 0 });
        let begun = Instant::now();
        watch.begin();
        let run = watch
            .over(session, migration, file(session, limits.of(job.script().directives()), job, &id))
            .await;
        if let Err(failure) = run {
            let stops = watch.stop().is_requested() && failure.reason.is_cancelled();
            let is_over = failure.reason.is_without_answer();
            let error = Error::File(Box::new(FileError {
                file: failure.file.unwrap_or_else(|| job.script().file().to_owned()),
                direction,
                at: failure.at,
                reason: if stops { Reason::Stopped } else { failure.reason },
                stays: Stays::Nothing,
                attempts: 1,
                blockers: std::mem::take(&mut watch.blockers),
                before: Vec::new(),
            }));
            match turns.put_off(job, error) {
                Ok(lacks) => {
                    let back = session.connection.batch_execute(BACK);
                    session.step(Step::Run, back).await?;
                    (watch.observe)(Event::PutOff { migration, lacks: &lacks });
                    continue;
                }
                Err(error) => {
                    roll_back(session, is_over).await;
                    return Err(error);
                }
            }
        }
        turns.went_well();
        let took = begun.elapsed();
        let tried = Done {
            migration: migration.clone(),
            direction,
            statements: job.script().len(),
            outside_transaction: false,
            took,
            lock_wait: std::time::Duration::ZERO,
            attempts: 1,
            backfilled: None,
        };
        (watch.observe)(Event::Done(&tried));
        done.push(tried);
    }
    session.step(Step::Run, session.connection.batch_execute("rollback")).await?;
    Ok(done)
}

async fn file(session: &Session, limits: Limits, job: &Job, id: &str) -> Result<(), Failure> {
    let script = job.script();
    if job.migration.kind() == Kind::Repeatable {
        session.step(Step::Begin, session.connection.batch_execute(MARK)).await?;
    }
    session.forget(limits).await?;
    session.take_role(script.directives()).await?;
    precheck(session, limits, script.directives()).await?;
    code::call(session, limits, job).await?;
    for index in 0..script.len() {
        statement(session, limits, job, index).await?;
        if session.connection.transaction_status() != TransactionStatus::Open {
            return Err(Failure::from(Reason::TransactionEnded).at(script.location(index)));
        }
    }
    verify(session, limits, job).await?;
    session
        .step(Step::Check, session.connection.batch_execute("reset session authorization; reset role"))
        .await?;
    check_constraints(session, limits).await?;
    let sql = "select coalesce(pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text, '')";
    let now = session.step(Step::Check, session.query_scalar::<String>(sql, &[])).await?;
    if now == id { Ok(()) } else { Err(Reason::TransactionEnded.into()) }
}

/// The server itself first says that it is one statement; so no COMMIT can be behind it, whatever was made of the text
/// here.
async fn statement(session: &Session, limits: Limits, job: &Job, index: usize) -> Result<(), Failure> {
    let (script, sql) = (job.script(), job.script().statement(index));
    let place = |(failure, at): (Failure, Option<usize>)| match at {
        Some(at) => failure.at(script.location_in(index, at)),
        None => failure.at(script.location(index)),
    };
    match timeout(limits.answer(), session.connection.client().prepare(sql)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(place(refused(session, error))),
        Err(_) => return Err(Reason::TooSlow { waited: limits.answer() }.into()),
    }
    let mut ended = 0;
    send(session, limits, sql, &mut ended).await.map_err(place)
}

/// What COMMIT would check.
async fn check_constraints(session: &Session, limits: Limits) -> Result<(), Failure> {
    if !session.step(Step::Check, session.query_scalar(HAS_CONSTRAINTS, &[])).await? {
        return Ok(());
    }
    let mut ended = 0;
    let checked = send(session, limits, CHECK_CONSTRAINTS, &mut ended).await;
    checked.map_err(|(failure, _)| failure)
}
