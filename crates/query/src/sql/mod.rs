//! Statements: texts that are literals, and those that are not.

mod literal;
mod audited;

pub use self::audited::AuditedSql;
pub use self::literal::Sql;
