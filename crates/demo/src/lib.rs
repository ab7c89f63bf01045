//! The reference application: the shop of `migrations/`, filled and at work.
//!
//! Serves nothing, configures nothing, and is no benchmark: its load is light and bounded. It never drops or writes to a
//! database that it has not made.
//!
//! Read [`Target`] for which database it gets, [`prepare()`] for how it is made, [`Demo`] for what comes of that, then
//! [`Workload`] for what happens on it. The rows are in `fill/`, a file a table.
//!
//! ```no_run
//! use pgkeel_demo::{Target, Workload, prepare};
//! use pgkeel_pool::{Config, Pool};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = pgkeel_connect::Config::from_env()?; // any database of it
//! let demo = prepare(&server, &Target::new_database("shop")?, |_| {}).await?;
//! let pool = Pool::lazy(Config::new(demo.connect().address().clone()));
//! let workload = Workload::start(pool);
//! // … look at it
//! println!("{}", workload.stop().await);
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - A database has its name only once it is whole; until then it is marked as unfinished, at every moment.
//! - What was begun and not finished is dropped: at once if the process can, else by the next one.
//! - One process at a time makes or uses a demo.
//! - Every wait has a bound, and its error names the step.

mod target;
mod schema;
mod step;
mod event;
mod prepare;
mod discard;
mod databases;
mod mark;
mod room;
mod fill;
mod lease;
mod session;
mod demo;
mod keeper;
mod error;
mod workload;

pub use self::demo::Demo;
pub use self::discard::discard;
pub use self::error::Error;
pub use self::event::{Event, Progress};
pub use self::lease::Holder;
pub use self::prepare::prepare;
pub use self::schema::schema;
pub use self::step::Step;
pub use self::target::Target;
pub use self::workload::{Report, Workload};
