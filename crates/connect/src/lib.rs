//! One PostgreSQL connection: where it goes, how it is opened, what is known of it.
//!
//! Shares no connections (`pgkeel-pool` does), builds no SQL (`pgkeel-query` does).
//!
//! Read [`Address`] and [`Config`] for where to and how, [`Credentials`] for passwords that change, [`dial()`],
//! [`Connection`] and [`Canceller`] for the connection itself, then [`Executor`] and [`Begin`], the two traits through
//! which every crate above runs statements. [`Listener`] is a connection for notifications alone. [`settings`] is how all crates read what users configure.
//!
//! ```no_run
//! use pgkeel_connect::{Config, Executor as _, dial};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = dial(&Config::new("postgresql://app@localhost/shop".parse()?)).await?;
//! let orders: i64 = connection.query_scalar("select count(*) from orders", &[]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - Connecting has one deadline over all its steps and hosts, and its error names the step that missed it.
//! - No password and no value of a row or parameter is in any `Debug`, `Display` or log line.
//! - A connection that is over knows why.
//! - A connection whose settings ask for TLS has it, or is none.
//!
//! # Logs
//! What the server remarks (`RAISE NOTICE`, warnings) is an event of `tracing` under the target
//! `pgkeel_connect::notice`, without its text: `WARN` for warnings, `DEBUG` for the rest, `TRACE` for the server's own
//! log and debug lines.
//!
//! # Features
//! - `tls` (on by default): TLS by rustls. Without it `sslmode=prefer` and `allow` connect in the clear, and stricter
//!   modes are refused.
//! - `config-file`: settings from a TOML file.
//! - `deadpool-postgres`: [`Executor`] and [`Begin`] for the clients of that crate.

pub mod settings;
mod address;
mod config;
mod credentials;
mod dial;
mod tls;
mod connection;
mod cancel;
mod wire;
mod driver;
mod notice;
mod listener;
mod executor;
mod typed;
mod begin;
mod tx_options;
mod ident;
mod sqlstate;
mod server_error;
mod error;
mod database_error;

pub use self::address::{Address, AddressRule, Host, HostName, TargetSession};
pub use self::begin::{Begin, Transaction};
pub use self::cancel::Canceller;
pub use self::config::{Config, Draft, SETTINGS};
pub use self::connection::Connection;
pub use self::credentials::{Credentials, Occasion, PasswordFile, PasswordFuture, Target};
pub use self::database_error::DatabaseError;
pub use self::dial::dial;
pub use self::driver::{CloseReason, Killer};
pub use self::error::{DialStep, Error};
pub use self::executor::Executor;
pub use self::ident::{BadIdent, Ident};
pub use self::listener::{Listener, ListenerEvent, ListenerOptions, Notification};
pub use self::server_error::ServerError;
pub use self::sqlstate::{SqlClass, class, refuses_for_now, rolls_back_cleanly};
pub use self::tls::TlsInfo;
pub use self::tx_options::{Isolation, TxOptions};
pub use self::typed::{EncodedParams, TypedParam};
pub use self::wire::TransactionStatus;
/// A type of the server's. Those that are built in are constants: `Type::INT8`.
pub use tokio_postgres::types::Type;
