//! The statements that make and drop shadows.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pgkeel_connect::{Config, Connection, Executor as _, Ident, TypedParam, dial};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::run::by_own_names;
use crate::{VerifyError, VerifyStep};

/// Creating a database may wait for a checkpoint, dropping one too.
const WORK: Duration = Duration::from_secs(90);

/// From which age on a shadow that nobody is connected to was left behind. The time between making one and connecting to
/// it is far below a second.
const LEFT_BEHIND: Duration = Duration::from_mins(10);

pub(super) async fn bounded<T>(
    step: VerifyStep,
    run: impl Future<Output = Result<T, pgkeel_connect::Error>>,
) -> Result<T, VerifyError> {
    match timeout(WORK, run).await {
        Ok(done) => done.map_err(|source| VerifyError::Server { step, source }),
        Err(_) => Err(VerifyError::NoAnswer { step, waited: WORK }),
    }
}

/// What a session answers that has the search path of a database, in which anything may come before the server's own.
fn asked<'a, T: Send + 'a>(
    step: VerifyStep,
    connection: &'a Connection,
    question: impl Future<Output = Result<T, pgkeel_connect::Error>> + Send + 'a,
) -> BoxFuture<'a, Result<T, VerifyError>> {
    Box::pin(bounded(step, by_own_names(connection, question)))
}

/// A session beside the shadow, which may write and take its time whatever the database has for defaults.
pub(super) async fn open(server: &Config, application: &str) -> Result<Connection, VerifyError> {
    let connection = dial(&server.clone().with_application_name(application)).await;
    let connection = connection.map_err(VerifyError::Connect)?;
    let settings = "set default_transaction_read_only = off; set statement_timeout = 0; set lock_timeout = 0";
    bounded(VerifyStep::MakeShadow, connection.batch_execute(settings)).await?;
    Ok(connection)
}

/// A name that nobody has, with the server's time in it.
pub(super) async fn new_name(admin: &Connection) -> Result<Ident, VerifyError> {
    let now = admin.query_scalar_typed("select floor(extract(epoch from now()))::int8", &[]);
    let now: i64 = asked(VerifyStep::MakeShadow, admin, now).await?;
    let random = RandomState::new().build_hasher().finish();
    Ok(Ident::new(format!("pgkeel_shadow_{now}_{random:016x}")).expect("it is short"))
}

/// As the database that the session is in, but empty. A server before 15 has one provider of sorting rules.
pub(super) async fn create(maker: &Connection, name: &Ident) -> Result<(), VerifyError> {
    let like = "
        select format('encoding %L lc_collate %L lc_ctype %L', pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
               || case d.is ->> 'datlocprovider'
                  when 'c' then ' locale_provider libc'
                  when 'i' then format(' locale_provider icu icu_locale %L', coalesce(d.is ->> 'datlocale', d.is ->> 'daticulocale'))
                  when 'b' then format(' locale_provider builtin builtin_locale %L', d.is ->> 'datlocale')
                  else '' end
               || case when d.is ->> 'daticurules' <> '' then format(' icu_rules %L', d.is ->> 'daticurules') else '' end
          from (select d.*, to_jsonb(d) as is from pg_catalog.pg_database as d where datname = current_database()) as d";
    let like: String = asked(VerifyStep::MakeShadow, maker, maker.query_scalar_typed(like, &[])).await?;
    let create = format!("create database {name} template template0 {like}");
    // sql: CREATE DATABASE has no parameters; the name is quoted, and the rest as the server quotes it
    match timeout(WORK, maker.batch_execute(&create)).await {
        Ok(created) => created.map_err(VerifyError::of_create),
        Err(_) => Err(VerifyError::NoAnswer { step: VerifyStep::MakeShadow, waited: WORK }),
    }
}

/// Gives it the settings that the database of the session has for everybody in it and for this role, such as a search path:
/// files mean other tables under another. What the role may not set is left out.
pub(super) async fn settle(maker: &Connection, name: &Ident) -> Result<(), VerifyError> {
    let settings = "
        select distinct (select string_agg(quote_ident(part), '.' order by n)
                           from regexp_split_to_table(split_part(setting, '=', 1), '\\.') with ordinality as parts (part, n))
          from pg_db_role_setting as s
          join pg_database as d on d.oid = s.setdatabase
          cross join unnest(s.setconfig) as setting
         where d.datname = current_database()
           and s.setrole in (select 0::oid union all select oid from pg_roles where rolname = current_user)";
    let rows = asked(VerifyStep::MakeShadow, maker, maker.query_typed(settings, &[])).await?;
    for setting in rows.iter().filter_map(|row| row.try_get::<_, String>(0).ok()) {
        let set = format!("alter database {name} set {setting} from current");
        // sql: ALTER DATABASE has no parameters; both names are quoted
        match bounded(VerifyStep::MakeShadow, maker.batch_execute(&set)).await {
            Err(error) if is_privilege(&error) => tracing::debug!(setting, "a shadow is without a setting"),
            done => done?,
        }
    }
    Ok(())
}

fn is_privilege(error: &VerifyError) -> bool {
    error.server().is_some_and(|server| *server.code() == SqlState::INSUFFICIENT_PRIVILEGE)
}

/// Lets a session stay however long it is idle; servers before 14 have no such limit.
pub(super) async fn keep(connection: &Connection) -> Result<(), VerifyError> {
    let keep = "select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
         where name operator(pg_catalog.=) 'idle_session_timeout'";
    bounded(VerifyStep::MakeShadow, connection.query(keep, &[])).await.map(|_| ())
}

/// Ends the sessions in it, and those that are just making it, and drops it if it is there.
pub(super) async fn drop(admin: &Connection, name: &Ident) -> Result<(), VerifyError> {
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
               where (datname = $1 or application_name = $1) and pid <> pg_backend_pid()";
    let (started, sql) = (tokio::time::Instant::now(), format!("drop database if exists {name}"));
    loop {
        let name: [TypedParam<'_>; 1] = [(&name.name(), Type::TEXT)];
        let ended: i64 = asked(VerifyStep::DropShadow, admin, admin.query_scalar_typed(end, &name)).await?;
        if ended == 0 {
            // sql: DROP DATABASE has no parameters; the name is quoted
            match bounded(VerifyStep::DropShadow, admin.batch_execute(&sql)).await {
                Err(VerifyError::Server { source, .. }) if is_in_use(&source) => {}
                done => return done,
            }
        }
        if started.elapsed() > WORK {
            return Err(VerifyError::NoAnswer { step: VerifyStep::DropShadow, waited: WORK });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_in_use(error: &pgkeel_connect::Error) -> bool {
    error.server().is_some_and(|server| *server.code() == SqlState::OBJECT_IN_USE)
}

/// Drops what runs left behind that were killed. One that somebody uses, or that another role made, stays.
pub(super) async fn sweep(admin: &Connection) -> Result<(), VerifyError> {
    let find = "
        select datname::text from pg_database
         where datname ~ '^pgkeel_shadow_[0-9]{1,12}_[0-9a-f]{16}$' and pg_has_role(datdba, 'usage')
           and split_part(datname, '_', 3)::int8 < extract(epoch from now()) - $1::int8
           and not exists (select from pg_stat_activity as a where a.datname = pg_database.datname)";
    let age = i64::try_from(LEFT_BEHIND.as_secs()).unwrap_or(i64::MAX);
    let age: [TypedParam<'_>; 1] = [(&age, Type::INT8)];
    let rows = asked(VerifyStep::Sweep, admin, admin.query_typed(find, &age)).await?;
    for name in rows.iter().filter_map(|row| Ident::new(row.try_get::<_, String>(0).ok()?).ok()) {
        let sql = format!("drop database if exists {name}");
        // sql: DROP DATABASE has no parameters; the name is quoted
        match bounded(VerifyStep::Sweep, admin.batch_execute(&sql)).await {
            Ok(()) => tracing::info!(database = name.name(), "a shadow that was left behind is dropped"),
            Err(error) if error.is_disconnected() => return Err(error),
            Err(error) => tracing::debug!(%error, database = name.name(), "a shadow stays"),
        }
    }
    Ok(())
}
