//! What the tests of this workspace stand on: real PostgreSQL databases, and a network that breaks on command.
//!
//! Fakes nothing, skips nothing (a missing server fails the test), knows no crate above connect: a caller passes its
//! own migrations.
//!
//! Read [`TestDatabase`] for a database a test, [`TestCluster`] for a server that a test may stop, [`Proxy`] for the
//! network between, `Bouncer` for a pooler there, [`eventually()`] for waiting without guessing, [`Log`] for what must not
//! be logged.
//!
//! ```no_run
//! use pgkeel_connect::{Executor as _, dial};
//! use pgkeel_testkit::TestDatabase;
//!
//! # async fn example() {
//! let database = TestDatabase::empty().await;
//! let connection = dial(&database.config()).await.expect("the server is there");
//! let one: i32 = connection.query_scalar("select 1", &[]).await.expect("a row");
//! assert_eq!(one, 1);
//! # }
//! ```
//!
//! # Environment
//! - `PGKEEL_TEST_KEEP=1`: databases stay, on a private server whose data directory each test prints.
//! - `PGKEEL_TEST_SOAK=1`: [`scaled`] gives full counts instead of those for every day; `cargo xtask soak` sets it.
//! - `PGKEEL_TEST_SEED=N`: repeats what [`Random`] did in a run that printed this seed.
//! - `PGKEEL_TEST_HOSTILE=FILE`, `PGKEEL_TEST_HARMLESS=FILE`: [texts](hostile_texts) of yours, one a line, beside those of the
//!   tests.
//! - `PGKEEL_PG_MAJOR` and the other `PGKEEL_PG_*`: as in `pgkeel-localpg`.

mod database;
mod server;
mod cluster;
mod proxy;
#[cfg(unix)]
mod bouncer;
mod eventually;
mod log;
mod random;
mod environment;

pub use pgkeel_localpg::Auth;

#[cfg(unix)]
pub use self::bouncer::Bouncer;
pub use self::cluster::TestCluster;
pub use self::database::TestDatabase;
pub use self::environment::{harmless_texts, hostile_texts, is_soak, scaled};
pub use self::eventually::{PATIENCE, eventually};
pub use self::log::{Log, in_full};
pub use self::proxy::{Direction, Proxy};
pub use self::random::Random;
