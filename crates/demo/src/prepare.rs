//! From no database to a whole one, with nothing in between that lasts.

use std::time::Duration;

use pgkeel_connect::Config;
use pgkeel_migrate::Migrator;
use tokio_postgres::error::SqlState;

use crate::discard::{Leftover, sweep};
use crate::lease::{Lease, Taken};
use crate::mark::{Contents, Mark};
use crate::session::Session;
use crate::target::to_database;
use crate::{Demo, Error, Event, Progress, Step, Target, databases, fill, room, schema};

/// How long the lock of a process that was killed may take to go.
const OTHERS: Duration = Duration::from_secs(3);

/// How often the name is given before somebody who is connected to the database is too much; each time the server waits
/// for 5 s (`CountOtherDBBackends`).
const NAMINGS: u32 = 3;

/// Makes a demo on the server that `server` leads to, or takes up the one that is kept there. `server` names any
/// database of it; the demo's own is `target`'s. It must lead to the server itself, not to a pooler in transaction mode.
///
/// The database is made under another name and renamed when it is whole. Meanwhile and for as long as the [`Demo`] lives,
/// a lock keeps other processes from it.
///
/// # Errors
/// [`Error::Exists`], [`Error::Foreign`] and [`Error::OtherSchema`] for databases that are in the way: they are not
/// touched. [`Error::Filling`] and [`Error::Running`] for other processes. [`Error::NotMade`] for what went wrong on the way:
/// it says whether anything could not be taken back.
///
/// # Cancellation
/// Dropping the future drops the unfinished database in the background, unless the runtime ends too soon for that: await
/// [`discard`](crate::discard()) to be sure. A process that is killed leaves it to the next call.
pub async fn prepare(
    server: &Config,
    target: &Target,
    mut observe: impl FnMut(Event<'_>) + Send,
) -> Result<Demo, Error> {
    let lease = lease(server, target).await?;
    match databases::mark(lease.session(), target.name()).await? {
        Some(Mark::Whole(contents)) if target.is_kept() => {
            check_schema(server, target).await?;
            return Ok(Demo::new(server, target, lease, contents, true));
        }
        Some(mark) => return Err(taken(target, &mark)),
        None => {}
    }
    if sweep(lease.session(), target).await? {
        observe(Event::Swept { database: target.unfinished() });
    }
    let leftover = Leftover::of(server, target);
    let made = match make(server, target, lease.session(), &mut observe).await {
        Ok(contents) => Ok(Demo::new(server, target, lease, contents, false)),
        Err(source) => Err(Error::NotMade { left: leftover.take_back(lease).await, source: source.into() }),
    };
    leftover.is_settled();
    made
}

async fn lease(server: &Config, target: &Target) -> Result<Lease, Error> {
    let (session, holder) = match Lease::take(server, target, OTHERS).await? {
        Taken::Ours(lease) => return Ok(lease),
        Taken::Theirs(session, holder) => (session, holder),
    };
    let database = target.name().clone();
    Err(match databases::mark(&session, target.name()).await? {
        None => Error::Filling { database, holder },
        Some(Mark::Whole(_)) if target.is_kept() => Error::Running { database, holder },
        Some(mark) => taken(target, &mark),
    })
}

/// The name is somebody's who does not share it.
fn taken(target: &Target, mark: &Mark) -> Error {
    let database = target.name().clone();
    if target.is_kept() {
        Error::Foreign { database }
    } else {
        Error::Exists { database, is_demo: matches!(mark, Mark::Whole(_)) }
    }
}

/// A demo of another build may have other tables, which the workload would not know.
async fn check_schema(server: &Config, target: &Target) -> Result<(), Error> {
    let status = migrator(target.connect(server))?.status().await.map_err(Error::of_migrations)?;
    let source = match status.conflicts {
        conflicts if !conflicts.is_empty() => Some(Box::new(pgkeel_migrate::Error::Conflicts { conflicts })),
        _ if status.pending.is_empty() => return Ok(()),
        _ => None,
    };
    Err(Error::OtherSchema { database: target.name().clone(), source })
}

async fn make(
    server: &Config,
    target: &Target,
    session: &Session,
    observe: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Contents, Error> {
    let (unfinished, total) = (target.unfinished(), fill::rows(target.divisor()));
    let begun = |step| Event::Progress(Progress { step, done: 0, total });
    observe(begun(Step::Create));
    databases::create(session, unfinished, server.address().user()).await?;
    let database = to_database(server, unfinished);
    observe(begun(Step::Reserve));
    room::reserve(&Session::open(&database).await?, target.divisor()).await?;
    observe(begun(Step::Migrate));
    migrator(database.clone())?.up().await.map_err(Error::of_migrations)?;
    let contents =
        fill::fill(&database, target.divisor(), &mut |done| observe(Event::Progress(done))).await?;
    observe(Event::Progress(Progress { step: Step::Name, done: total, total }));
    name(session, target, &contents).await?;
    Ok(contents)
}

fn migrator(database: Config) -> Result<Migrator, Error> {
    Ok(Migrator::new(database, schema().map_err(Error::of_migrations)?))
}

/// Waits for those who look into every database, such as monitoring.
async fn name(session: &Session, target: &Target, contents: &Contents) -> Result<(), Error> {
    let mut left = NAMINGS;
    loop {
        left -= 1;
        match databases::finish(session, target.unfinished(), target.name(), contents).await {
            Err(Error::Database { source, .. })
                if left > 0 && source.code() == Some(&SqlState::OBJECT_IN_USE) => {}
            done => return done,
        }
    }
}
