use std::time::{Duration, SystemTime};

use pgkeel_connect::Executor;

use crate::columns::Columns;

/// The server as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// As it calls itself: `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Whether it is a replica.
    pub in_recovery: bool,
    /// When it started, by its own clock.
    pub started: SystemTime,
    /// For how long it has run, by its own clock.
    pub uptime: Duration,
    /// Sessions at most, reserved ones included.
    pub max_connections: u32,
    /// Sessions kept back for superusers.
    pub superuser_reserved: u32,
    /// Sessions kept back for members of `pg_use_reserved_connections`; 0 before PostgreSQL 16.
    pub reserved: u32,
    /// Bytes of a block; 8192 almost everywhere.
    pub block_size: u32,
}

const SQL: &str = "select /* pgkeel:server */
    pg_catalog.current_setting('server_version'),
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.pg_postmaster_start_time(),
    extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())::pg_catalog.float8,
    pg_catalog.current_setting('max_connections')::pg_catalog.int4,
    pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4,
    coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::pg_catalog.int4,
    pg_catalog.current_setting('block_size')::pg_catalog.int4";

/// Asks for what the server is.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn server<E: Executor>(executor: &E) -> Result<Server, E::Error> {
    let row = executor.query_one(SQL, &[]).await?;
    let mut columns = Columns::of(&row);
    Ok(Server {
        version: columns.take()?,
        in_recovery: columns.take()?,
        started: columns.take()?,
        uptime: columns.seconds()?.unwrap_or_default(),
        max_connections: columns.take::<i32>()?.unsigned_abs(),
        superuser_reserved: columns.take::<i32>()?.unsigned_abs(),
        reserved: columns.take::<i32>()?.unsigned_abs(),
        block_size: columns.take::<i32>()?.unsigned_abs(),
    })
}
