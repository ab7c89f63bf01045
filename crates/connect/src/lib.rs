//! One PostgreSQL connection: where it goes, how it is opened, what is known of it.
//!
//! Shares no connections (`pgkeel-pool` does), builds no SQL (`pgkeel-query` does), speaks no TLS yet.
//!
//! Read [`Address`] and [`Config`] for where to and how, [`dial()`] and [`Connection`] for the connection itself, then
//! [`Executor`] and [`Begin`], the two traits through which every crate above runs statements. [`settings`] is how all
//! crates read what users configure.
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
//!
//! # Features
//! - `config-file`: settings from a TOML file.
//! - `deadpool-postgres`: [`Executor`] and [`Begin`] for the clients of that crate.

pub mod settings;
mod address;
mod config;
mod dial;
mod connection;
mod wire;
mod driver;
mod executor;
mod begin;
mod tx_options;
mod ident;
mod sqlstate;
mod server_error;
mod error;

pub use self::address::{Address, AddressRule, Host, HostName};
pub use self::begin::{Begin, Transaction};
pub use self::config::{Config, Draft, SETTINGS};
pub use self::connection::Connection;
pub use self::dial::dial;
pub use self::driver::{CloseReason, Killer};
pub use self::error::{DialStep, Error};
pub use self::executor::Executor;
pub use self::ident::{BadIdent, Ident};
pub use self::server_error::ServerError;
pub use self::sqlstate::{SqlClass, class, refuses_for_now, rolls_back_cleanly};
pub use self::tx_options::{Isolation, TxOptions};
pub use self::wire::TransactionStatus;
