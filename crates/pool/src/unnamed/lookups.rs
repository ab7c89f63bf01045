//! The statements with which the driver looks types up.
//!
//! It prepares them under names when it meets the first type that it does not know, and uses them ever after. Behind a
//! pooler they stay on the server session of that moment. So they are noted, taken away before that session goes, and
//! made again, under the same names, where the driver is about to need them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pgkeel_connect::{Connection, Error};

/// Their texts by their names.
#[derive(Debug, Default)]
pub(super) struct Lookups(BTreeMap<String, String>);

/// What the driver has prepared in this transaction. A pooler that knows prepared statements gives them names of its own,
/// and sees to it that they are there; those are left alone. The driver numbers its statements, `s0`, `s1`, …
const MADE_NOW: &str = "select name, statement from pg_catalog.pg_prepared_statements
    where not from_sql and name ~ '^s[0-9]+$' and prepare_time >= transaction_timestamp()
        and statement ~ '^SELECT (t\\.typname, t\\.typtype|enumlabel|attname, atttypid)\\M'";

impl Lookups {
    /// Makes them anew. Another process whose driver counts the same may have left something under the name.
    pub(super) fn make(&self) -> String {
        self.0.iter().fold(self.unmake(), |mut sql, (name, text)| {
            let _ = write!(sql, "prepare {name} as {text};");
            sql
        })
    }

    /// Takes them away, as far as they are there.
    pub(super) fn unmake(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        format!(
            "do $pgkeel$ declare prepared text; begin
                for prepared in select name from pg_catalog.pg_prepared_statements
                    where name = any ('{{{}}}') loop
                    execute format('deallocate %I', prepared);
                end loop;
            end $pgkeel$;",
            names.join(",")
        )
    }

    /// Notes those that are new in this transaction.
    pub(super) async fn note(&mut self, connection: &Connection) -> Result<(), Error> {
        let rows = connection.client().query_typed(MADE_NOW, &[]).await?;
        for row in rows {
            let of_column = |column| move |source| Error::Decode { column, source };
            let name: String = row.try_get(0).map_err(of_column(0))?;
            self.0.insert(name, row.try_get(1).map_err(of_column(1))?);
        }
        Ok(())
    }
}
