//! The peer that figures are held against, in the same run: plain deadpool-postgres.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use pgkeel_pool::connect::{Address, HostName};
use tokio_postgres::NoTls;

/// The driver's own settings for a server that asks for no password.
pub(crate) fn driver_config(address: &Address) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    let host = &address.hosts()[0];
    match host.name() {
        HostName::Tcp(name) => config.host(name),
        HostName::Socket(directory) => config.host_path(directory),
    };
    config.port(host.port()).user(address.user()).dbname(address.database());
    config
}

/// A pool of the peer that checks sessions in this way before it hands them out, within this time.
pub(crate) fn peer_of(address: &Address, size: usize, method: RecyclingMethod, recycle: Duration) -> Pool {
    let manager =
        Manager::from_config(driver_config(address), NoTls, ManagerConfig { recycling_method: method });
    let builder = Pool::builder(manager).max_size(size).recycle_timeout(Some(recycle));
    builder.runtime(Runtime::Tokio1).build().unwrap()
}
