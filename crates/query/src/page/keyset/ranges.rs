//! What is behind a position, as conditions of which an index finds the first row at once.
//!
//! Of columns that go in one direction and are never NULL that is one comparison of rows. `(a, b) > ($1, $2)` with NULL in it is
//! neither true nor false, and there is none for mixed directions; so these are ranges, each looked for by itself:
//! `a = $1 and b > $2`, then `a > $1`, then `a is null`. Put together by `or` an index would find the first row of `a = $1` and
//! pass over all that is in front of the position, which may be most of the table.

use super::keys::NAMES;
use super::position::Value;
use super::{Keys, Position};
use crate::statement::{By, Writer};

/// A range of rows, all of them behind a position.
#[derive(Debug, Clone, Copy)]
pub(super) enum Range {
    /// All keys together are beyond.
    Uniform,
    /// The first keys are equal, so many of them, and of the next this holds.
    Mixed(usize, Next),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    Beyond,
    Null,
    NotNull,
}

/// From the nearest on.
pub(super) fn behind(keys: &Keys, position: &Position) -> Vec<Range> {
    if keys.are_uniform() {
        return vec![Range::Uniform];
    }
    let mut ranges = Vec::new();
    for (equal, (by, value)) in keys.each().iter().zip(position.values()).enumerate().rev() {
        let nexts: &[Next] = match (value.is_null(), by.has_nulls_first()) {
            (true, true) => &[Next::NotNull],
            (true, false) => &[],
            (false, false) if by.is_nullable => &[Next::Beyond, Next::Null],
            (false, _) => &[Next::Beyond],
        };
        ranges.extend(nexts.iter().map(|next| Range::Mixed(equal, *next)));
    }
    ranges
}

impl Range {
    pub(super) fn write<'t>(self, keys: &'t Keys, position: &'t Position, out: &mut Writer<'t>) {
        let all = || keys.each().iter().zip(position.values());
        out.push("(");
        match self {
            Self::Uniform => {
                out.push("(");
                out.list(", ", keys.each(), |out, by| by.write_column(out));
                out.push(")");
                let operator = keys.each().first().map_or(" > ", |by| beyond(*by));
                out.push(operator);
                out.push("(");
                out.list(", ", all(), |out, (by, value)| out.value_of(by.column, value));
                out.push(")");
            }
            Self::Mixed(equal, next) => {
                for (by, value) in all().take(equal) {
                    write_equal(*by, value, out);
                    out.push(" and ");
                }
                if let Some((by, value)) = all().nth(equal) {
                    next.write(*by, value, out);
                }
            }
        }
        out.push(")");
    }
}

impl Next {
    fn write<'t>(self, by: By, value: &'t Value, out: &mut Writer<'t>) {
        by.write_column(out);
        match self {
            Self::Beyond => {
                out.push(beyond(by));
                out.value_of(by.column, value);
            }
            Self::Null => out.push(" is null"),
            Self::NotNull => out.push(" is not null"),
        }
    }
}

fn beyond(by: By) -> &'static str {
    if by.is_down() { " < " } else { " > " }
}

fn write_equal<'t>(by: By, value: &'t Value, out: &mut Writer<'t>) {
    by.write_column(out);
    if value.is_null() {
        return out.push(" is null");
    }
    out.push(" = ");
    out.value_of(by.column, value);
}

/// The keys as columns behind those of the rows.
pub(super) fn write_columns(keys: &Keys, out: &mut Writer<'_>) {
    for (by, name) in keys.each().iter().zip(NAMES) {
        out.push(", ");
        by.write_column(out);
        out.push(" as ");
        out.push(name);
    }
}

/// The order, by those columns.
pub(super) fn write_order(keys: &Keys, out: &mut Writer<'_>) {
    out.list(", ", keys.each().iter().zip(NAMES), |out, (by, name)| {
        out.push(name);
        by.write_direction(out);
    });
}
