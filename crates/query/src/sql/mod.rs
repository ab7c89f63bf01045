//! Statements: texts that are literals, and those that are not.

mod literal;
mod audited;
mod numbers;
mod tally;

pub use self::audited::AuditedSql;
pub use self::literal::Sql;
pub use self::tally::AuditedRuns;
