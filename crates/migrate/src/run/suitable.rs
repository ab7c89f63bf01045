//! Whether a connection can be used to change a schema, before anything is written.

use std::fmt;

use futures_util::future::join3;
use pgkeel_connect::{Config, Executor as _, TypedParam};
use tokio_postgres::types::Type;

use super::job::Job;
use super::pooler;
use super::session::Session;
use crate::{Error, Step};

/// The oldest server whose sessions notice that their client has gone (`client_connection_check_interval`).
const OLDEST: i32 = 140_000;

/// The schema of the history, and a role for which `"$user"` leads there.
const OURS: &str = "pgkeel";

/// Why a connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsuitable {
    /// The server is a standby, which only reads.
    Standby,
    /// The server is older than PostgreSQL 14.
    TooOld {
        /// Its version, as in `server_version_num`.
        version: i32,
    },
    /// Tables that files name without a schema would be made in ours, `pgkeel`: as `"$user"` leads there for a role of that
    /// name, or as the search path says so.
    OwnSchema,
    /// There is a pooler in between that gives each transaction another session, on which no lock can be held.
    Pooler,
    /// Files are to be applied safely for such a pooler, and one of them has to run outside of a transaction, as a backfill
    /// has to, or is code, a repeatable or a hook.
    NeedsSession {
        /// Its name.
        file: String,
    },
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standby => f.write_str("the server is a standby; connect to the primary"),
            Self::TooOld { version } => {
                write!(f, "the server is PostgreSQL {}; 14 is the oldest that will do", version / 10_000)
            }
            Self::OwnSchema => f.write_str(
                "what files make without naming a schema would be made in pgkeel, the schema of the history: search_path has \
                 it first, or \"$user\" for a role called pgkeel; say alter role … set search_path = public, or use another role",
            ),
            Self::Pooler => f.write_str(
                "there is a pooler in transaction mode in between, on which no lock can be held; connect to the server \
                 itself, or apply with --pooler-safe",
            ),
            Self::NeedsSession { file } => {
                write!(
                    f,
                    "{file} takes a session of its own, for it is not one transaction of SQL; connect to the server itself"
                )
            }
        }
    }
}

/// Refuses a connection that cannot be used.
pub(crate) async fn check(session: &Session, config: &Config) -> Result<(), Error> {
    let (server, own, pid) =
        join3(check_server(session), refuse_own_schema(session, None), pooler::pid(session)).await;
    server.and(own)?;
    let is_shared = pooler::shares_sessions(session, pid?, config).await?;
    if is_shared { Err(Error::Unsuitable { reason: Unsuitable::Pooler }) } else { Ok(()) }
}

/// Whether what is made without naming a schema would be made in ours, be that there already or not. The first that is
/// there of the search path counts; names in it are read as the server reads them.
const LEADS_HOME: &str = r#"
    select coalesce((
        select name operator(pg_catalog.=) 'pgkeel' from (
            select at, case when part operator(pg_catalog.=) any (array['"$user"', '$user'])
                    then coalesce($1, current_user::pg_catalog.text)
                when pg_catalog.starts_with(part, '"')
                    then pg_catalog.replace(pg_catalog.btrim(part, '"'), '""', '"')
                else pg_catalog.lower(part) end as name
            from (select at, pg_catalog.btrim(part) as part
                from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('search_path'), ','))
                    with ordinality as parts (part, at)) as parts
        ) as names
        where name operator(pg_catalog.=) 'pgkeel'
           or pg_catalog.to_regnamespace(pg_catalog.quote_ident(name)) is not null
        order by at limit 1), false)"#;

/// As [`check`], for files that take on a role.
pub(crate) async fn check_roles(session: &Session, jobs: &[Job]) -> Result<(), Error> {
    let is_ours = |job: &Job| job.script().directives().role.as_ref().is_some_and(|it| it.name() == OURS);
    if jobs.iter().any(is_ours) { refuse_own_schema(session, Some(OURS)).await } else { Ok(()) }
}

/// Refuses a session on which files would make their tables among those of the history; as this role, if they take one on.
async fn refuse_own_schema(session: &Session, role: Option<&str>) -> Result<(), Error> {
    let role: TypedParam<'_> = (&role, Type::TEXT);
    let rows = session.step(Step::Check, session.query_typed(LEADS_HOME, &[role])).await?;
    if rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
        return Err(Error::Unsuitable { reason: Unsuitable::OwnSchema });
    }
    Ok(())
}

/// Refuses a server that cannot be used, however it is reached.
async fn check_server(session: &Session) -> Result<(), Error> {
    let sql = "select pg_catalog.current_setting('server_version_num')::int, pg_catalog.pg_is_in_recovery()";
    let row = session.step(Step::Check, session.query_one(sql, &[])).await?;
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let (version, is_standby) = read()
        .map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
        .map_err(|source| Error::Database { step: Step::Check, source })?;
    let reason = if version < OLDEST {
        Unsuitable::TooOld { version }
    } else if is_standby {
        Unsuitable::Standby
    } else {
        return Ok(());
    };
    Err(Error::Unsuitable { reason })
}
