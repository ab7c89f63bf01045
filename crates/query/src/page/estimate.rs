//! How many rows the planner expects of a statement, for the values that it has.
//!
//! Of a statement without filters as well: the planner goes by `pg_class.reltuples`, scaled to the size that the table has by
//! now, and knows tables that were never analyzed, partitions, views and policies, which reading `reltuples` would not.

use std::error::Error as StdError;

use pgkeel_connect::Executor;
use tokio_postgres::types::{FromSql, Type};

use crate::Error;
use crate::statement::{Parts, Writer};

pub(super) async fn rows(parts: &Parts<'_>, database: &impl Executor) -> Result<u64, Error> {
    let mut out = Writer::new();
    out.push("explain (format json) ");
    parts.write_counted(&mut out);
    let ready = out.finish()?.ready()?;
    let row = database.query_one(&ready.text, ready.params().as_slice()).await?;
    let told = row.try_get::<_, Told<'_>>(0).ok();
    told.and_then(|Told(plan)| rows_of(plan)).ok_or(Error::NoPlan)
}

/// The first number of rows is that of the root, as a node's own facts come before those of the nodes below. Names cannot be
/// taken for it: in what JSON quotes there is no plain `"`.
fn rows_of(plan: &str) -> Option<u64> {
    let (_, behind) = plan.split_once("\"Plan Rows\": ")?;
    let end = behind.find(|letter: char| !letter.is_ascii_digit())?;
    behind[..end].parse().ok()
}

/// `json` as the server wrote it.
struct Told<'a>(&'a str);

impl<'a> FromSql<'a> for Told<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSON
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_that_of_the_root() {
        let plan = r#"[{"Plan": {"Node Type": "Limit", "Alias": "a \"Plan Rows\": 3", "Plan Rows": 70, "Plan Width": 4,
            "Plans": [{"Plan Rows": 5000000}]}}]"#;
        assert_eq!(rows_of(plan), Some(70));
        assert_eq!((rows_of("[]"), rows_of(r#""Plan Rows": x"#)), (None, None));
    }
}
