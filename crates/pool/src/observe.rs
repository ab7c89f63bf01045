//! What is seen of statements: how often each is run and how long it takes, which are slow, and what `tracing` is told.
//!
//! Nothing of it shows a value: texts go through [`values`], parameters through [`params`].

mod tokens;
mod lists;
mod values;
mod fingerprint;
mod summary;
mod figures;
mod table;
mod params;
mod slow;
mod told;
mod watch;

pub(crate) use self::figures::Figures;
pub use self::figures::StatementStats;
pub use self::fingerprint::Fingerprint;
pub use self::slow::SlowQuery;
pub(crate) use self::told::tell_of_opening;
pub(crate) use self::watch::{Ending, Watch};

use self::slow::SlowQueries;
pub(crate) use self::table::Table;

/// What was seen in one pool.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) statements: Table,
    pub(crate) slow: SlowQueries,
}
