use std::collections::BTreeMap;
use std::time::Duration;

use pgkeel_connect::{Error, Executor};
use tokio_postgres::Row;

use crate::Capabilities;
use crate::columns::Columns;

/// What the sessions of all clients of the server are doing. Background processes are not counted; the session that
/// asks is, but never as the oldest or longest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// All sessions.
    pub sessions: u64,
    /// Sessions whose state the role may not see; [`Capabilities::hidden_sessions`] has the remedy.
    pub hidden: u64,
    /// By state in the server's words (`active`, `idle`, `idle in transaction`, …); hidden ones are not among them.
    pub by_state: BTreeMap<String, u64>,
    /// Active sessions by what they wait for in the server's words (`Lock`, `IO`, …), `none` if they wait for nothing.
    pub by_wait: BTreeMap<String, u64>,
    /// By the name that clients gave themselves, the largest first.
    pub applications: Vec<Application>,
    /// Applications that are not listed, as there are too many.
    pub applications_left_out: u64,
    /// Sessions in a transaction that do nothing.
    pub idle_in_transaction: u64,
    /// How long the one of them has done nothing that has done so for longest.
    pub longest_idle_in_transaction: Option<Duration>,
    /// Sessions that wait for a lock.
    pub blocked: u64,
    /// How long the oldest transaction is open.
    pub oldest_transaction: Option<Duration>,
    /// The statement that has run for longest.
    pub longest_query: Option<RunningQuery>,
}

/// The sessions of one application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// Its `application_name`, which may be empty.
    pub name: String,
    /// Its sessions.
    pub sessions: u64,
    /// Those that run a statement.
    pub active: u64,
    /// Those in a transaction that do nothing.
    pub idle_in_transaction: u64,
}

/// A statement that runs now. Its text is not here: the server shows it with its literals.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningQuery {
    /// For how long it has run.
    pub took: Duration,
    /// The server process that runs it.
    pub pid: i32,
    /// Who asked for it.
    pub application: String,
    /// What it waits for, if it waits.
    pub wait: Option<String>,
    /// Its number in `pg_stat_statements`; from PostgreSQL 14 on, where `compute_query_id` is on.
    pub id: Option<i64>,
}

/// Asks what all sessions are doing; `applications` says how many of these are listed by name.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn activity<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
    applications: usize,
) -> Result<Activity, E::Error> {
    let rows = executor.query(&sql(capabilities), &[]).await?;
    let sessions: Vec<_> = rows.iter().map(Session::of).collect::<Result<_, Error>>()?;
    Ok(summed(&sessions, applications))
}

/// A row a session, of which there are at most `max_connections`. Without privilege the server leaves almost all of it
/// empty, `backend_type` too; a session of a client always has a database.
fn sql(capabilities: &Capabilities) -> String {
    let query_id = if capabilities.is_at_least(14) { "query_id" } else { "null::pg_catalog.int8" };
    format!(
        "select /* pgkeel:activity */
            pid,
            coalesce(application_name, ''),
            state,
            wait_event_type,
            extract(epoch from pg_catalog.clock_timestamp() - xact_start)::pg_catalog.float8,
            extract(epoch from pg_catalog.clock_timestamp() - query_start)::pg_catalog.float8,
            extract(epoch from pg_catalog.clock_timestamp() - state_change)::pg_catalog.float8,
            {query_id},
            pid = pg_catalog.pg_backend_pid()
          from pg_catalog.pg_stat_activity
          where datid is not null and coalesce(backend_type, 'client backend') = 'client backend'"
    )
}

struct Session {
    pid: i32,
    application: String,
    state: Option<String>,
    wait: Option<String>,
    in_transaction: Option<Duration>,
    in_query: Option<Duration>,
    in_state: Option<Duration>,
    query_id: Option<i64>,
    is_own: bool,
}

impl Session {
    fn of(row: &Row) -> Result<Self, Error> {
        let mut columns = Columns::of(row);
        Ok(Self {
            pid: columns.take()?,
            application: columns.take()?,
            state: columns.take()?,
            wait: columns.take()?,
            in_transaction: columns.seconds()?,
            in_query: columns.seconds()?,
            in_state: columns.seconds()?,
            query_id: columns.take()?,
            is_own: columns.take()?,
        })
    }

    fn is_active(&self) -> bool {
        self.state.as_deref() == Some("active")
    }

    /// The state has a variant for a transaction that has failed.
    fn is_idle_in_transaction(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.starts_with("idle in transaction"))
    }
}

fn summed(sessions: &[Session], applications: usize) -> Activity {
    let mut activity = Activity { sessions: sessions.len() as u64, ..Activity::default() };
    for session in sessions {
        match &session.state {
            Some(state) => *activity.by_state.entry(state.clone()).or_default() += 1,
            None => activity.hidden += 1,
        }
        activity.idle_in_transaction += u64::from(session.is_idle_in_transaction());
        activity.blocked += u64::from(session.wait.as_deref() == Some("Lock"));
        if session.is_active() {
            let wait = session.wait.clone().unwrap_or_else(|| "none".into());
            *activity.by_wait.entry(wait).or_default() += 1;
        }
    }
    let others = || sessions.iter().filter(|session| !session.is_own);
    activity.oldest_transaction = others().filter_map(|session| session.in_transaction).max();
    let idle = others().filter(|session| session.is_idle_in_transaction());
    activity.longest_idle_in_transaction = idle.filter_map(|session| session.in_state).max();
    activity.longest_query =
        others().filter(|session| session.is_active()).filter_map(running).max_by_key(|q| q.took);
    activity.applications = by_application(sessions);
    activity.applications_left_out = activity.applications.len().saturating_sub(applications) as u64;
    activity.applications.truncate(applications);
    activity
}

fn running(session: &Session) -> Option<RunningQuery> {
    Some(RunningQuery {
        took: session.in_query?,
        pid: session.pid,
        application: session.application.clone(),
        wait: session.wait.clone(),
        id: session.query_id.filter(|id| *id != 0),
    })
}

fn by_application(sessions: &[Session]) -> Vec<Application> {
    let mut by_name: BTreeMap<&str, Application> = BTreeMap::new();
    for session in sessions {
        let application = by_name.entry(&session.application).or_default();
        application.sessions += 1;
        application.active += u64::from(session.is_active());
        application.idle_in_transaction += u64::from(session.is_idle_in_transaction());
    }
    let named = |(name, application): (&str, Application)| Application { name: name.into(), ..application };
    let mut all: Vec<_> = by_name.into_iter().map(named).collect();
    all.sort_by_key(|application| std::cmp::Reverse(application.sessions)); // stable: equals stay in order of name
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(application: &str, state: Option<&str>, wait: Option<&str>, seconds: u64) -> Session {
        let time = Some(Duration::from_secs(seconds));
        Session {
            pid: 1,
            application: application.into(),
            state: state.map(Into::into),
            wait: wait.map(Into::into),
            in_transaction: time,
            in_query: time,
            in_state: time,
            query_id: Some(0),
            is_own: application == "own",
        }
    }

    #[test]
    fn sessions_are_summed_and_the_own_one_is_never_the_oldest() {
        let sessions = [
            session("own", Some("active"), None, 100),
            session("shop", Some("active"), Some("Lock"), 7),
            session("shop", Some("idle in transaction (aborted)"), Some("Client"), 9),
            session("a", None, None, 0),
        ];
        let activity = summed(&sessions, 2);
        assert_eq!((activity.sessions, activity.hidden, activity.blocked), (4, 1, 1));
        assert_eq!(
            (activity.by_state["active"], activity.by_wait["Lock"], activity.by_wait["none"]),
            (2, 1, 1)
        );
        assert_eq!(activity.oldest_transaction, Some(Duration::from_secs(9)));
        assert_eq!(activity.longest_idle_in_transaction, Some(Duration::from_secs(9)));
        let longest = activity.longest_query.unwrap();
        assert_eq!((longest.took, longest.id), (Duration::from_secs(7), None));
        let names: Vec<_> = activity.applications.iter().map(|application| &*application.name).collect();
        assert_eq!((names, activity.applications_left_out), (vec!["shop", "a"], 1));
    }
}
