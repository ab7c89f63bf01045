//! Where the tables of this crate are and what they are called, and in which schema files run.

use std::fmt;
use std::sync::Arc;

use super::{Library, Tenant};

/// Ours.
const SCHEMA: &str = "pgkeel";

/// A table, written with its schema as a file may change the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// As the catalogs have it.
    pub(crate) name: String,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The search path of files, where they run for one of many tenants.
    search_path: Option<String>,
    /// Whether the schema is made where it is not there.
    is_made: bool,
    /// Whether it is beside the application's own.
    is_of_library: bool,
}

impl Tables {
    /// In our own schema: history, log, repeatables and snapshot of these names.
    fn ours(names: [String; 4]) -> Self {
        let [history, log, repeatable, snapshot] =
            names.map(|name| Table { sql: format!("{SCHEMA}.{name}"), name });
        let (schema, schema_sql) = (SCHEMA.to_owned(), SCHEMA.to_owned());
        let (search_path, is_made, is_of_library) = (None, true, false);
        Self { history, log, repeatable, snapshot, schema, schema_sql, search_path, is_made, is_of_library }
    }
}

/// Where the tables are. Whoever reads or writes them is told by the session, or by the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home(Arc<Tables>);

impl Default for Home {
    /// A schema of their own.
    fn default() -> Self {
        let names = [Self::REFINERYS, "migration_log", "repeatable", "schema_snapshot"];
        Self(Arc::new(Tables::ours(names.map(str::to_owned))))
    }
}

impl Home {
    /// What plain refinery calls its history.
    pub(crate) const REFINERYS: &str = "refinery_schema_history";

    /// Beside the application's own, in the same schema.
    pub(crate) fn of_library(library: Library) -> Self {
        let names = ["schema_history", "migration_log", "repeatable", "schema_snapshot"];
        let tables = Tables::ours(names.map(|name| format!("{}_{name}", library.name())));
        Self(Arc::new(Tables { is_of_library: true, ..tables }))
    }

    /// A tenant's own schema, so that who drops it drops the history, too. The names are none that a tenant's tables have.
    pub(crate) fn of(tenant: &Tenant) -> Self {
        Self::of_tenant(tenant, true)
    }

    /// As [`of`](Self::of), for a tenant that was found: if it is dropped meanwhile, it is not to be made anew.
    pub(crate) fn found(tenant: &Tenant) -> Self {
        Self::of_tenant(tenant, false)
    }

    /// The same in a shadow, where nobody has made its schema.
    pub(crate) fn in_shadow(&self) -> Self {
        Self(Arc::new(Tables { is_made: true, ..(*self.0).clone() }))
    }

    fn of_tenant(tenant: &Tenant, is_made: bool) -> Self {
        let schema = tenant.schema();
        let table = |name: &str| Table { name: name.to_owned(), sql: format!("{schema}.{name}") };
        Self(Arc::new(Tables {
            history: table("pgkeel_schema_history"),
            log: table("pgkeel_migration_log"),
            repeatable: table("pgkeel_repeatable"),
            snapshot: table("pgkeel_schema_snapshot"),
            schema: schema.name().to_owned(),
            schema_sql: schema.to_string(),
            search_path: Some(tenant.search_path()),
            is_made,
            is_of_library: false,
        }))
    }

    pub(crate) fn is_of_tenant(&self) -> bool {
        self.0.search_path.is_some()
    }

    pub(crate) fn is_of_library(&self) -> bool {
        self.0.is_of_library
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0.is_made
    }

    /// On which search path files run; none of ours where there is only the database's own.
    pub(crate) fn search_path(&self) -> Option<&str> {
        self.0.search_path.as_deref()
    }

    /// Whether something in its schema that has this name is ours.
    pub(crate) fn has(&self, name: &str) -> bool {
        let Tables { history, log, repeatable, snapshot, .. } = self.tables();
        let of_log = name.strip_prefix(&*log.name) == Some("_id_seq");
        of_log || [history, log, repeatable, snapshot].iter().any(|table| table.name == name)
    }

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
