//! The end of one file and the beginning of the next, written into history and log by one prepared statement: a run of many
//! files has the server parse and plan it once.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::BytesMut;
use tokio_postgres::Statement;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::entry::{Cell, Value};
use super::{Entry, Literal, RunId};
use crate::run::session::Session;
use crate::state::history::{COLUMNS, Cells, NOW};
use crate::{Error, Step};

/// In which columns of the log files differ. In all others the rows of a run are alike, so that these are part of the
/// statement: each parameter takes the server its time.
const OF_FILE: [&str; 9] = [
    "version",
    "name",
    "statements_done",
    "statements_total",
    "done_sha256",
    "sha256",
    "token_sha256",
    "refinery_checksum",
    "down_sha256",
];

/// The statement, prepared on one session.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    statement: Statement,
    /// The rows of the log that it was made for.
    like: Arc<[Cell]>,
}

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
    /// `like` shows what its rows look like. They are written only where `guard`, of the number of a parameter, holds.
    pub(crate) async fn prepare(
        session: &Session,
        run: &RunId,
        like: [&Entry<'_>; 2],
        guard: impl FnOnce(usize) -> String,
    ) -> Result<Self, Error> {
        let (history, mut placeholders) = (COLUMNS, COLUMNS.len());
        let [ended, begun] = like.map(Entry::cells);
        let told = |(one, other): &(&Cell, &Cell)| is_of_file(one) || !(one.is_null() && other.is_null());
        let (one, other): (Vec<&Cell>, Vec<&Cell>) = ended.iter().zip(&begun).filter(told).unzip();
        let rows = [&one, &other].map(|cells| row(cells, &mut placeholders));
        let columns: Vec<&str> = one.iter().map(|cell| cell.column).collect();
        let (tables, columns) = (run.home.tables(), columns.join(", "));
        let names = history.map(|(name, _)| name).join(", ");
        let places = (1..).zip(history).map(|(place, (_, kind))| format!("${place}::pg_catalog.{kind}"));
        let places: Vec<String> = places.collect();
        // By a division by zero: so nothing of the transaction stays either.
        let guard =
            format!("1 operator(pg_catalog./) case when {} then 1 else 0 end", guard(placeholders + 1));
        let sql = format!(
            "with recorded as (insert into {} ({names}, applied_on) select {}, {NOW} where ({guard}) is not null)
             insert into {} ({columns}) values {}",
            tables.history,
            places.join(", "),
            tables.log,
            rows.join(", ")
        );
        // sql: the tables' names are quoted; values are parameters, of which there are as many as rows
        let prepared = async { Ok(session.connection.client().prepare(&sql).await?) };
        let statement = session.step(Step::Log, prepared).await?;
        Ok(Self { statement, like: [ended, begun].into_iter().flatten().collect() })
    }

    /// The row of the history, and those of the log, if these are like the others.
    pub(crate) fn rows(&self, applied: Cells, entries: [&Entry<'_>; 2]) -> Option<Rows> {
        let cells = entries.into_iter().flat_map(Entry::cells);
        let mut texts: Vec<AsText> = applied.map(|text| AsText(Some(text))).into();
        for (cell, like) in cells.zip(&*self.like) {
            match cell.value {
                Value::Text(text) if is_of_file(like) => texts.push(AsText(text)),
                value if value == like.value => {}
                _ => return None,
            }
        }
        Some(Rows(texts))
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
        session.connection.execute_prepared(&self.statement, &values).await.map(|_| ())
    }
}

fn is_of_file(cell: &Cell) -> bool {
    OF_FILE.contains(&cell.column)
}

fn row(cells: &[&Cell], placeholders: &mut usize) -> String {
    let values = cells.iter().map(|cell| match &cell.value {
        Value::Text(_) if is_of_file(cell) => {
            *placeholders += 1;
            format!("${placeholders}::pg_catalog.{}", cell.kind)
        }
        Value::Text(Some(text)) => format!("{}::pg_catalog.{}", Literal(text), cell.kind),
        Value::Sql(Some(expression)) => expression.clone(),
        Value::Text(None) | Value::Sql(None) => "null".to_owned(),
    });
    format!("({})", values.collect::<Vec<_>>().join(", "))
}
