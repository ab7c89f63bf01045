//! The end of one file and the beginning of the next, logged by one prepared statement: a run of many files has the server
//! parse and plan it once.

use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use super::entry::{Cell, Value};
use super::{Entry, RunId};
use crate::run::session::Session;
use crate::{Error, Step};

/// The statement, prepared on one session.
#[derive(Debug, Clone)]
pub(crate) struct Handover(Statement);

/// Its parameters.
#[derive(Debug)]
pub(crate) struct Rows(Vec<Option<String>>);

impl Handover {
    /// `like` shows what its rows look like: all have the same expressions in the same places. They are written only in a
    /// transaction that has the right value of the setting `guard`.
    pub(crate) async fn prepare(
        session: &Session,
        run: &RunId,
        like: [&Entry<'_>; 2],
        guard: &str,
    ) -> Result<Self, Error> {
        let mut placeholders = 0;
        let rows = like.map(|entry| row(&entry.cells(), &mut placeholders));
        let columns: Vec<&str> = like[0].cells().iter().map(|cell| cell.column).collect();
        let (table, columns) = (&run.home.tables().log, columns.join(", "));
        // By a division by zero: so nothing of the transaction stays either.
        let guard = format!(
            "1 operator(pg_catalog./) case when pg_catalog.current_setting('{guard}', true)
             operator(pg_catalog.=) ${} then 1 else 0 end",
            placeholders + 1
        );
        let sql = format!(
            "insert into {table} ({columns}) select rows.* from (values {}) as rows where ({guard}) is not null",
            rows.join(", ")
        );
        let types = vec![Type::TEXT; placeholders + 1];
        let prepared = async { Ok(session.connection.client().prepare_typed(&sql, &types).await?) };
        session.step(Step::Log, prepared).await.map(Self)
    }

    /// Writes both rows.
    pub(crate) async fn write(
        &self,
        session: &Session,
        rows: Rows,
        guard: String,
    ) -> Result<(), pgkeel_connect::Error> {
        let values = rows.0.iter().map(|text| text as &(dyn ToSql + Sync));
        let values: Vec<_> = values.chain([&guard as _]).collect();
        session.connection.execute_prepared(&self.0, &values).await.map(|_| ())
    }
}

impl Rows {
    pub(crate) fn of(entries: [&Entry<'_>; 2]) -> Self {
        let texts = entries.into_iter().flat_map(Entry::cells).filter_map(|cell| match cell.value {
            Value::Text(text) => Some(text),
            Value::Sql(_) => None,
        });
        Self(texts.collect())
    }
}

fn row(cells: &[Cell], placeholders: &mut usize) -> String {
    let values = cells.iter().map(|cell| match &cell.value {
        Value::Text(_) => {
            *placeholders += 1;
            format!("${placeholders}::pg_catalog.{}", cell.kind)
        }
        Value::Sql(expression) => expression.clone().unwrap_or_else(|| "null".to_owned()),
    });
    format!("({})", values.collect::<Vec<_>>().join(", "))
}
