//! Plans: what the server makes of a statement, and tests that hold on to it.
//!
//! [`Sql::explain`](crate::Sql::explain), and `explain` of each statement that is [built](crate::statement), give an [`Explain`],
//! whose three methods ask for a [`Plan`]:
//!
//! - [`estimate`](Explain::estimate): the plan for these values; nothing is run.
//! - [`analyze`](Explain::analyze): the statement is run and **its effects are rolled back**.
//! - [`generic`](Explain::generic): the plan for any values, which the server may take for a prepared statement from its sixth
//!   run on; nothing is run.
//!
//! In the conditions of a plan the server writes out the values of parameters. So conditions are neither in `Display` nor in
//! `Debug` nor in the message of a failed assertion, but those of a generic plan, which have `$1` and the like. Who needs
//! the others asks for [`Node::conditions_with_values`].
//!
//! ```
//! use pgkeel_query::connect::{Begin, Executor};
//! use pgkeel_query::{Entity, Error, sql};
//!
//! #[derive(Entity)]
//! #[pgkeel(table = "users", columns = u)]
//! struct User {
//!     #[pgkeel(id)]
//!     id: i64,
//!     email: String,
//! }
//!
//! async fn plan_holds<D: Executor + Sync>(database: &D, email: &str) -> Result<(), Error>
//! where
//!     for<'a> &'a D: Begin,
//! {
//!     let plan = User::query().filter(u::email.eq(email)).explain()?.estimate(database).await?;
//!     plan.assert_no_seq_scan_over(10_000).assert_index_used("users_email_key");
//!     let found = sql!("select id from users where email = {email}");
//!     let plan = found.explain().analyze(database).await?;
//!     plan.assert_estimates_within(10.0);
//!     println!("{plan}");
//!     Ok(())
//! }
//! # let _ = |user: User| (user.id, user.email);
//! ```

mod ask;
mod assert;
mod node;
mod parse;
mod plan;
mod show;
mod tables;

pub use self::ask::Explain;
pub use self::node::{Actual, Buffers, Node};
pub use self::plan::{Plan, PlanKind};
