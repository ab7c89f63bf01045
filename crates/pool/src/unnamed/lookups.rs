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
    where not from_sql and name ~ '^s[0-9]+$' and prepare_time >= transaction_timestamp() and ";

/// What those have for a text.
const ASKS: &str = "statement ~ '^SELECT (t\\.typname, t\\.typtype|enumlabel|attname, atttypid)\\M'";

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
        if self.0.is_empty() { String::new() } else { deallocate(&self.known()) }
    }

    /// The same where asking for the types of a statement came to no good end: with that statement, which the driver has
    /// forgotten; and, if it is not used any more, with all that it may have prepared for looking them up.
    pub(super) fn unmake_with(&self, sql: &str, is_over: bool) -> String {
        // What has a zero byte in it was never sent.
        let text = Some(format!("statement = {}", quoted(sql))).filter(|_| !sql.contains('\0'));
        let which: Vec<_> = text.into_iter().chain(is_over.then(|| ASKS.into())).collect();
        if which.is_empty() {
            return self.unmake();
        }
        let left = format!("not from_sql and name ~ '^s[0-9]+$' and ({})", which.join(" or "));
        deallocate(&format!("{} or {left}", self.known()))
    }

    fn known(&self) -> String {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        format!("name = any ('{{{}}}')", names.join(","))
    }

    /// Notes those that are new in this transaction.
    pub(super) async fn note(&mut self, connection: &Connection) -> Result<(), Error> {
        let rows = connection.client().query_typed(&format!("{MADE_NOW}{ASKS}"), &[]).await?;
        for row in rows {
            let of_column = |column| move |source| Error::Decode { column, source };
            let name: String = row.try_get(0).map_err(of_column(0))?;
            self.0.insert(name, row.try_get(1).map_err(of_column(1))?);
        }
        Ok(())
    }
}

fn deallocate(which: &str) -> String {
    let mut tag = "pgkeel".to_owned();
    while which.contains(&tag) {
        tag.push('_');
    }
    format!(
        "do ${tag}$ declare prepared text; begin
            for prepared in select name from pg_catalog.pg_prepared_statements where {which} loop
                execute format('deallocate %I', prepared);
            end loop;
        end ${tag}$;"
    )
}

/// As a literal, whatever the server makes of backslashes in others.
fn quoted(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_gets_out_of_its_quotes() {
        let sql = Lookups::default().unmake_with(r"select 'a\' || $pgkeel$; drop table t; $pgkeel$", false);
        assert!(
            sql.contains(r"(statement = E'select ''a\\'' || $pgkeel$; drop table t; $pgkeel$')"),
            "{sql}"
        );
        assert!(sql.starts_with("do $pgkeel_$") && sql.ends_with("$pgkeel_$;"), "{sql}");
        assert_eq!(Lookups::default().unmake_with("\0", false), "");
        assert!(!Lookups::default().unmake_with("\0", true).contains('\0'));
    }
}
