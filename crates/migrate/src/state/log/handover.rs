//! The end of one file and the beginning of the next, written into history and log by one prepared statement: a run of many
//! files has the server parse and plan it once.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::Statement;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::entry::{Cell, Value};
use super::{Entry, RunId};
use crate::run::session::Session;
use crate::state::history::{COLUMNS, Cells, NOW};
use crate::{Error, Step};

/// The statement, prepared on one session.
#[derive(Debug, Clone)]
pub(crate) struct Handover(Statement);

/// Its parameters.
#[derive(Debug)]
pub(crate) struct Rows(Vec<AsText>);

/// A value that the server reads from a text, which spares the statement a cast.
#[derive(Debug)]
struct AsText(Option<String>);

impl ToSql for AsText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(&Type::TEXT, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Handover {
    /// `like` shows what its rows look like: all have the same expressions in the same places. They are written only in a
    /// transaction that has the right value of the setting `guard`.
    pub(crate) async fn prepare(
        session: &Session,
        run: &RunId,
        like: [&Entry<'_>; 2],
        guard: &str,
    ) -> Result<Self, Error> {
        let (history, mut placeholders) = (COLUMNS, COLUMNS.len());
        let rows = like.map(|entry| row(&entry.cells(), &mut placeholders));
        let columns: Vec<&str> = like[0].cells().iter().map(|cell| cell.column).collect();
        let (tables, columns) = (run.home.tables(), columns.join(", "));
        let names = history.map(|(name, _)| name).join(", ");
        let places = (1..).zip(history).map(|(place, (_, kind))| format!("${place}::pg_catalog.{kind}"));
        let places: Vec<String> = places.collect();
        // By a division by zero: so nothing of the transaction stays either.
        let guard = format!(
            "1 operator(pg_catalog./) case when pg_catalog.current_setting('{guard}', true)
             operator(pg_catalog.=) ${} then 1 else 0 end",
            placeholders + 1
        );
        let sql = format!(
            "with recorded as (insert into {} ({names}, applied_on) values ({}, {NOW}))
             insert into {} ({columns}) select rows.* from (values {}) as rows where ({guard}) is not null",
            tables.history,
            places.join(", "),
            tables.log,
            rows.join(", ")
        );
        // sql: the tables' names are quoted; values are parameters, of which there are as many as rows
        let prepared = async { Ok(session.connection.client().prepare(&sql).await?) };
        session.step(Step::Log, prepared).await.map(Self)
    }

    /// Writes all rows.
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
    /// The row of the history, and those of the log.
    pub(crate) fn of(applied: Cells, entries: [&Entry<'_>; 2]) -> Self {
        let texts = entries.into_iter().flat_map(Entry::cells).filter_map(|cell| match cell.value {
            Value::Text(text) => Some(text),
            Value::Sql(_) => None,
        });
        Self(applied.into_iter().map(Some).chain(texts).map(AsText).collect())
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
