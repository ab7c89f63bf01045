use pgkeel_connect::{Executor, Ident};

use crate::columns::Columns;
use crate::{Reading, Reason, Skipped};

/// What the server has and the role may see. Read it again after a grant, a `create extension` or an upgrade.
#[derive(Debug, Clone)]
pub struct Capabilities {
    version: u32,
    role: String,
    database: String,
    in_recovery: bool,
    reads_all_stats: bool,
    statements: Reading<StatementStatistics>,
}

/// Where `pg_stat_statements` is, and which columns its function has: after an upgrade of the server the extension may
/// still be an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatementStatistics {
    pub(crate) schema: Ident,
    columns: Vec<String>,
    pub(crate) has_info: bool,
}

impl StatementStatistics {
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }
}

/// The setting `pg_stat_statements.max` exists only where the library was loaded at start, and anyone may look;
/// `shared_preload_libraries` is for few.
const SQL: &str = "select /* pgkeel:capabilities */
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
    current_user::pg_catalog.text,
    pg_catalog.current_database()::pg_catalog.text,
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
    pg_catalog.current_setting('pg_stat_statements.max', true) is not null,
    n.nspname::pg_catalog.text,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
    pg_catalog.has_function_privilege(p.oid, 'EXECUTE'),
    p.proargnames,
    exists (select from pg_catalog.pg_proc as i
            where i.pronamespace = n.oid and i.proname = 'pg_stat_statements_info')
  from (values (1)) as one
  left join pg_catalog.pg_extension as e on e.extname = 'pg_stat_statements'
  left join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
  left join pg_catalog.pg_proc as p on p.pronamespace = n.oid and p.proname = 'pg_stat_statements'
  limit 1";

impl Capabilities {
    /// Asks the server.
    ///
    /// # Errors
    /// Those of the executor.
    ///
    /// # Cancellation
    /// As for any statement of the executor.
    pub async fn read<E: Executor>(executor: &E) -> Result<Self, E::Error> {
        let row = executor.query_one(SQL, &[]).await?;
        let mut columns = Columns::of(&row);
        let version: i32 = columns.take()?;
        let (role, database): (String, String) = (columns.take()?, columns.take()?);
        let (in_recovery, reads_all_stats) = (columns.take()?, columns.take()?);
        let extension = Extension {
            is_loaded: columns.take()?,
            schema: columns.take()?,
            schema_is_open: columns.take::<Option<bool>>()?.unwrap_or(false),
            function_is_open: columns.take::<Option<bool>>()?.unwrap_or(false),
            columns: columns.take::<Option<Vec<String>>>()?.unwrap_or_default(),
            has_info: columns.take()?,
        };
        let statements = extension.reading(&role);
        let version = version.unsigned_abs();
        Ok(Self { version, role, database, in_recovery, reads_all_stats, statements })
    }

    /// The server's version as one number: 150018 for 15.18.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether the server was a replica when it was asked.
    #[must_use]
    pub fn in_recovery(&self) -> bool {
        self.in_recovery
    }

    /// Why there are no figures of single statements, if there are none.
    #[must_use]
    pub fn no_statements(&self) -> Option<&Skipped> {
        self.statements.skipped()
    }

    /// What hides the sessions and statements of other roles from this one, if something does.
    #[must_use]
    pub fn hidden_sessions(&self) -> Option<Skipped> {
        (!self.reads_all_stats).then(|| {
            let remedy = format!("grant pg_read_all_stats to {}", quoted(&self.role));
            Skipped::new(Reason::NoPrivilege, remedy)
        })
    }

    pub(crate) fn statements(&self) -> &Reading<StatementStatistics> {
        &self.statements
    }

    pub(crate) fn is_at_least(&self, major: u32) -> bool {
        self.version >= major * 10_000
    }

    pub(crate) fn grant_connect(&self) -> Skipped {
        let (database, role) = (quoted(&self.database), quoted(&self.role));
        Skipped::new(Reason::NoPrivilege, format!("grant connect on database {database} to {role}"))
    }
}

/// What was found of `pg_stat_statements`.
#[expect(clippy::struct_excessive_bools, reason = "answers to questions that do not depend on each other")]
struct Extension {
    is_loaded: bool,
    schema: Option<String>,
    schema_is_open: bool,
    function_is_open: bool,
    columns: Vec<String>,
    has_info: bool,
}

const LOAD: &str = "add pg_stat_statements to shared_preload_libraries and restart the server";
const CREATE: &str = "create extension pg_stat_statements";

impl Extension {
    fn reading(self, role: &str) -> Reading<StatementStatistics> {
        let skipped = |reason, remedy: String| Reading::Skipped(Skipped::new(reason, remedy));
        let schema = self.schema.and_then(|schema| Ident::new(schema).ok());
        match schema {
            None if self.is_loaded => skipped(Reason::ExtensionMissing, CREATE.into()),
            None => skipped(Reason::LibraryNotLoaded, format!("{LOAD}, then {CREATE}")),
            Some(_) if !self.is_loaded => skipped(Reason::LibraryNotLoaded, LOAD.into()),
            Some(schema) if !self.schema_is_open => {
                let remedy = format!("grant usage on schema {schema} to {}", quoted(role));
                skipped(Reason::NoPrivilege, remedy)
            }
            Some(schema) if !self.function_is_open => {
                let function = format!("{schema}.pg_stat_statements(boolean)");
                let remedy = format!("grant execute on function {function} to {}", quoted(role));
                skipped(Reason::NoPrivilege, remedy)
            }
            Some(schema) => {
                let (columns, has_info) = (self.columns, self.has_info);
                Reading::Known(StatementStatistics { schema, columns, has_info })
            }
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
