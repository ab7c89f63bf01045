//! All that a database holds: its schema, and its rows but for what tells the time and who was there.

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Aspect, Differences, Scope, Snapshot};

/// What is in a database.
#[derive(Debug, Clone)]
pub(crate) struct State {
    schema: Snapshot,
    /// Each table, how many rows it has, and a sum over them; each sequence and where it is.
    rows: String,
}

/// A query over all rows, in as many parts as there are tables.
const QUERY: &str = "
    select string_agg(format(
        'select %L || count(*) || '' '' || coalesce(md5(string_agg(r::text, E''\\n'' order by r::text collate \"C\")), '''') from (select %s from %I.%I) as r',
        format('%I.%I: ', nspname, relname), coalesce(columns, '1'), nspname, relname), ' union all ' order by nspname, relname)
      from (select n.nspname, c.relname, (
                select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                 where attrelid = c.oid and attnum > 0 and not attisdropped
                   and format_type(atttypid, null) not in ('timestamp with time zone', 'tstzrange', 'name', 'date')) as columns
              from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
             where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pgkeel')) as tables";

impl State {
    pub(crate) async fn of(connection: &Connection) -> Self {
        let scope = Scope::default().with(Aspect::Owners).with(Aspect::Population);
        let schema = Snapshot::take(connection, &scope).await.unwrap();
        let query: Option<String> = connection.query_scalar(QUERY, &[]).await.unwrap();
        let rows = match query {
            Some(query) => connection.query(&query, &[]).await.unwrap(),
            None => Vec::new(),
        };
        let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        Self { schema, rows: rows.join("\n") }
    }

    pub(crate) fn schema(&self) -> &Snapshot {
        &self.schema
    }

    /// Panics with what differs.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Self, when: &str) {
        let differences = Differences::between(&expected.schema, &self.schema);
        assert!(differences.is_empty(), "{when}: {differences}");
        assert_eq!(self.rows, expected.rows, "{when}");
    }
}
