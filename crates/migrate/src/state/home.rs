//! Where the tables of this crate are, and what they are called.

use std::fmt;
use std::sync::Arc;

/// A table, written with its schema as a file may change the search path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// As the catalogs have it.
    pub(crate) name: &'static str,
    sql: String,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl Table {
    /// As SQL writes it.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }
}

/// The tables in which is written what is applied, how it came to that, and what the schema was then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    /// Refinery's own.
    pub(crate) history: Table,
    pub(crate) log: Table,
    pub(crate) repeatable: Table,
    pub(crate) snapshot: Table,
    /// The schema that they are in, as the catalogs have it.
    schema: String,
    /// The same as SQL writes it.
    schema_sql: String,
}

/// Where the tables are. Whoever reads or writes them is told by the session, or by the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home(Arc<Tables>);

impl Default for Home {
    /// A schema of their own.
    fn default() -> Self {
        let table = |name| Table { name, sql: format!("pgkeel.{name}") };
        Self(Arc::new(Tables {
            history: table("refinery_schema_history"),
            log: table("migration_log"),
            repeatable: table("repeatable"),
            snapshot: table("schema_snapshot"),
            schema: "pgkeel".to_owned(),
            schema_sql: "pgkeel".to_owned(),
        }))
    }
}

impl Home {
    pub(crate) fn tables(&self) -> &Tables {
        &self.0
    }

    /// The schema's name, unquoted.
    pub(crate) fn schema(&self) -> &str {
        &self.0.schema
    }

    /// The schema's name as SQL writes it.
    pub(crate) fn schema_sql(&self) -> &str {
        &self.0.schema_sql
    }
}
