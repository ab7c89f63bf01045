//! Whether the session at the server is ours alone, or a pooler gives each transaction another one.
//!
//! A pooler makes up the process id that it tells its clients, so one that is not the server's own tells that there is some
//! pooler. Whether it shares sessions is then tried. Where free sessions have their turns, the second of two questions in a
//! row is answered on another one, if there is another one. Where the last that became free comes first (`PgBouncer`, unless
//! told otherwise), or there is only one, a second client that begins a transaction while ours rests gets ours. Others
//! that use the pooler meanwhile can but move ours; and it is tried several times.
//!
//! In a pool without a free session the second client waits, in a queue that ours would be in behind it. If ours is
//! answered first, it has a session of its own.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use pgkeel_connect::{Config, Executor as _};
use tokio::time::{sleep, timeout};
use tokio_postgres::SimpleQueryMessage;

use super::session::Session;
use crate::{Error, Step};

/// How often it is tried.
const ROUNDS: usize = 8;

/// How long a second client has to wait until it counts as waiting for a session.
const QUEUED: Duration = Duration::from_millis(500);

/// Longest wait for a second client. Without one the lock's proof in each transaction is what is left.
const SECOND: Duration = Duration::from_secs(5);

/// `ours` is what [`pid`] has told.
pub(super) async fn shares_sessions(session: &Session, ours: i32, config: &Config) -> Result<bool, Error> {
    if session.connection.backend_pid() == Some(ours) {
        return Ok(false);
    }
    let Ok(Ok(second)) = timeout(SECOND, Session::open(config, &session.home)).await else {
        return is_moved(session, ours).await;
    };
    let shares = shares(session, ours, &second).await;
    second.connection.close().await;
    shares
}

async fn shares(session: &Session, ours: i32, second: &Session) -> Result<bool, Error> {
    for _ in 0..ROUNDS {
        if is_moved(session, ours).await? || is_moved(session, ours).await? {
            return Ok(true);
        }
        let theirs = match beside(session, ours, second).await? {
            Answer::Pid(theirs) => theirs,
            Answer::OursCameFirst => return Ok(false),
            Answer::Moved => return Ok(true),
        };
        if moved_meanwhile(session, ours, second).await? || theirs == ours {
            return Ok(true);
        }
    }
    Ok(false)
}

enum Answer {
    /// The second client has a transaction, on this session.
    Pid(i32),
    /// It still waits for one, and we do not.
    OursCameFirst,
    /// Ours is another one.
    Moved,
}

/// Begins a transaction over the second client.
async fn beside(session: &Session, ours: i32, second: &Session) -> Result<Answer, Error> {
    let begun = pin!(begin(second));
    let begun = match select(begun, pin!(sleep(QUEUED))).await {
        Either::Left((theirs, _)) => return theirs.map(Answer::Pid),
        Either::Right(((), begun)) => begun,
    };
    let (begun, now) = match select(begun, pin!(pid(session))).await {
        Either::Left((theirs, _)) => return theirs.map(Answer::Pid),
        Either::Right((now, begun)) => (begun, now?),
    };
    if now != ours {
        return Ok(Answer::Moved);
    }
    // Both answers may have been under way.
    match select(begun, pin!(sleep(QUEUED))).await {
        Either::Left((theirs, _)) => theirs.map(Answer::Pid),
        Either::Right(_) => Ok(Answer::OursCameFirst),
    }
}

/// Whether ours is another one while the second client has a transaction; ends that. If ours has to wait, it may be for just
/// that, or for somebody who waits for it in turn.
async fn moved_meanwhile(session: &Session, ours: i32, second: &Session) -> Result<bool, Error> {
    let end = async || second.step(Step::Check, second.batch_execute("rollback")).await;
    match select(pin!(is_moved(session, ours)), pin!(sleep(QUEUED))).await {
        Either::Left((is_moved, _)) => {
            end().await?;
            is_moved
        }
        Either::Right(((), asked)) => {
            end().await?;
            asked.await
        }
    }
}

/// In one flight, which a pooler answers as one.
async fn begin(second: &Session) -> Result<i32, Error> {
    let sent = async {
        let answers =
            second.connection.client().simple_query("begin; select pg_catalog.pg_backend_pid()").await;
        answers.map_err(|error| second.connection.explain(error.into()))
    };
    let answers = second.step(Step::Check, sent).await?;
    let pid = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(pid.unwrap_or_default())
}

async fn is_moved(session: &Session, ours: i32) -> Result<bool, Error> {
    Ok(pid(session).await? != ours)
}

/// On which of the server's sessions it is now.
pub(super) async fn pid(session: &Session) -> Result<i32, Error> {
    session.step(Step::Check, session.query_scalar("select pg_catalog.pg_backend_pid()", &[])).await
}
