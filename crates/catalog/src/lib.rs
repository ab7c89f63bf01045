//! What PostgreSQL's statistics views and catalogs say, as plain typed facts, on PostgreSQL 12 to 18.
//!
//! Judges nothing (health does), changes nothing, keeps nothing between calls, never asks for what waits behind a lock.
//!
//! Read [`Capabilities`] (what this server and role allow), [`Reading`] and [`Skipped`] (a fact, or why there is none
//! and what would mend it), [`opening()`] (how a caller bounds what it asks), then the facts: [`server()`],
//! [`activity()`], [`database()`], [`statements()`], [`tables()`], [`indexes()`], [`checkpoints()`], [`wal()`].
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use pgkeel_catalog::{Limits, database, opening};
//! use pgkeel_connect::{Config, Executor as _, dial};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = dial(&Config::new("postgresql://app@localhost/shop".parse()?)).await?;
//! connection.batch_execute(&opening(Limits::default())).await?;
//! let shop = database(&connection).await?;
//! connection.batch_execute("commit").await?;
//! println!("{} commits, {} deadlocks", shop.commits, shop.deadlocks);
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - One statement a function; each holds [`MARKER`], so that it is told from the statements that it counts.
//! - No function waits for a lock on a table: sizes are those that the server wrote down, not those of its files.
//! - No literal of anybody's statement leaves the crate.
//! - What a role may not see is said, never counted as nothing.

mod capabilities;
mod skipped;
mod sample;
mod server;
mod activity;
mod database;
mod statements;
mod statement_text;
mod place;
mod tables;
mod indexes;
mod checkpoints;
mod wal;
mod columns;

pub use self::activity::{Activity, Application, RunningQuery, activity};
pub use self::capabilities::Capabilities;
pub use self::checkpoints::{Checkpoints, checkpoints};
pub use self::database::{Database, database, database_size};
pub use self::indexes::{Index, indexes};
pub use self::place::Place;
pub use self::sample::{Limits, MARKER, opening};
pub use self::server::{Server, server};
pub use self::skipped::{Reading, Reason, Skipped};
pub use self::statement_text::{StatementText, statement_texts};
pub use self::statements::{Statement, StatementOrder, StatementQuery, Statements, statements};
pub use self::tables::{Table, tables};
pub use self::wal::{Wal, wal};
