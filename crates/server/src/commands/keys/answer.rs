//! What is printed.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;
use pgkeel_query::rotation::RowFailure;
use serde_json::Value;

use super::arguments::Words;
use crate::failure::Failure;

impl Words {
    /// Prints the answer, as text or as JSON.
    pub(super) fn answer(
        &self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> serde_json::Result<Value>,
    ) -> Result<(), Failure> {
        let page =
            if self.json { format!("{:#}\n", json().context("writing the answer as JSON")?) } else { text() };
        Ok(std::io::stdout().write_all(page.as_bytes()).context("printing the answer")?)
    }
}

/// A row whose value does not open, and why.
pub(super) fn row(failure: &RowFailure) -> String {
    format!("  row {}: {}\n", failure.row.columns().join(", "), failure.class)
}

/// Rows below their headings, each column as wide as it has to be.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            // To write into a string cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    let rows = rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(line(headings)).chain(rows).collect()
}
