//! What is in the rows of a shadow, in short: a number for each column, whatever the order of the rows.

use std::collections::BTreeMap;

use pgkeel_connect::Executor as _;

use crate::Shadow;

/// Of each column that has values how many, and the sum of their hashes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<String, String>);

/// A query for all columns, or nothing if there are none.
const QUERY: &str = "
    select string_agg(format('select %1$L, count(%2$I) || $$ $$ || sum(hashtextextended(%2$I::text collate \"C\", 0)::numeric)
                                from only %3$I.%4$I having count(%2$I) > 0',
                             format('%I.%I.%I', nspname, relname, attname), attname, nspname, relname), ' union all ')
      from pg_catalog.pg_attribute join pg_catalog.pg_class c on c.oid = attrelid
      join pg_catalog.pg_namespace as n on n.oid = relnamespace
     where relkind = 'r' and relpersistence <> 't' and attnum > 0 and not attisdropped
       and nspname not in ('pg_catalog', 'information_schema', 'pgkeel')";

impl Contents {
    pub(super) async fn of(shadow: &Shadow) -> Result<Self, pgkeel_connect::Error> {
        let connection = shadow.connection();
        let Some(sql) = connection.query_scalar::<Option<String>>(QUERY, &[]).await? else {
            return Ok(Self::default());
        };
        let rows = connection.query(&sql, &[]).await?;
        let columns = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let columns = columns.collect::<Result<_, _>>();
        columns.map(Self).map_err(|source| pgkeel_connect::Error::Decode { column: 0, source })
    }

    /// What of it is also in another one.
    pub(super) fn same_in(&self, other: &Self) -> Self {
        let same = self.0.iter().filter(|(column, sum)| other.0.get(*column) == Some(sum));
        Self(same.map(|(column, sum)| (column.clone(), sum.clone())).collect())
    }

    /// The columns that have other values in another one.
    pub(super) fn other_in(self, other: &Self) -> impl Iterator<Item = String> {
        self.0.into_iter().filter(|(column, sum)| other.0.get(column) != Some(sum)).map(|(column, _)| column)
    }
}
