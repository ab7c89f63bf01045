use std::ops::Range;

use tokio_postgres::Column;
use tokio_postgres::types::{FromSql, Type};

use super::exact::{Check, check_of};
use super::{ColumnProblem, FromRow, RowMismatch};
use crate::bind::{short_name, written};

/// Which columns of a statement the fields are of, in the order in which they are read.
#[derive(Debug)]
pub struct Plan<'a> {
    columns: &'a [Column],
    /// Which of them are looked at by name.
    part: Range<usize>,
    /// Instead of being looked for, columns are listed.
    listed: Option<Vec<&'static str>>,
    slots: Vec<Slot>,
    problems: Vec<ColumnProblem>,
}

/// A field's place among the columns.
#[derive(Debug)]
pub(super) struct Slot {
    /// `None` if it can do without a column, and there is none.
    pub(super) index: Option<usize>,
    pub(super) name: FieldName,
    pub(super) rust_type: fn() -> String,
    /// What its values have to pass before they are read.
    pub(super) check: Option<(Check, bool)>,
    /// Of what may be missing as a whole: how many slots behind this one belong to it.
    pub(super) span: usize,
}

/// What of a column is asked of the Rust type that it is read as.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) accepts: fn(&Type) -> bool,
    pub(super) rust_type: fn() -> String,
    pub(super) check_of: fn(&Type) -> Option<(Check, bool)>,
}

impl Reading {
    fn of<'r, T: FromSql<'r>>() -> Self {
        Self { accepts: T::accepts, rust_type: short_name::<T>, check_of: check_of::<T> }
    }
}

/// A field, and the column that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(FromRow)]` writes it out")]
pub struct FieldName {
    /// The struct or tuple.
    pub of: &'static str,
    /// The table, if the struct is an [`Entity`](crate::Entity).
    pub table: Option<&'static str>,
    /// The field in it.
    pub field: &'static str,
    /// The column's name; empty in a tuple, which goes by position.
    pub column: &'static str,
}

impl<'a> Plan<'a> {
    pub(super) fn of(
        columns: &'a [Column],
        resolve: impl FnOnce(&mut Plan<'_>),
    ) -> Result<Box<[Slot]>, RowMismatch> {
        let part = 0..columns.len();
        let mut plan = Self { columns, part, listed: None, slots: Vec::new(), problems: Vec::new() };
        resolve(&mut plan);
        if plan.problems.is_empty() { Ok(plan.slots.into()) } else { Err(RowMismatch::new(plan.problems)) }
    }

    /// The columns that a row needs, by name.
    pub(crate) fn listed<T: FromRow>() -> Vec<&'static str> {
        let mut plan = Plan {
            columns: &[],
            part: 0..0,
            listed: Some(Vec::new()),
            slots: Vec::new(),
            problems: Vec::new(),
        };
        T::resolve(&mut plan);
        plan.listed.unwrap_or_default()
    }

    /// The next field is the column of its name.
    pub fn field<'r, T: FromSql<'r>>(&mut self, name: FieldName) {
        self.named(name, Reading::of::<T>(), true);
    }

    /// The next field is the column of its name, if there is one.
    pub fn field_if_there<'r, T: FromSql<'r>>(&mut self, name: FieldName) {
        self.named(name, Reading::of::<T>(), false);
    }

    /// The next field is the column at this position, from 0 on.
    pub(super) fn field_at<'r, T: FromSql<'r>>(&mut self, index: usize, name: FieldName) {
        self.put(index, name, Reading::of::<T>());
    }

    /// There have to be so many columns.
    pub(super) fn expect_columns(&mut self, of: &'static str, expected: usize) -> bool {
        let found = self.columns.len();
        if found != expected {
            self.problems.push(ColumnProblem::Count { of, expected, found });
        }
        found == expected
    }

    /// The next fields are of an entity whose columns begin here. Gives back where they end.
    pub(crate) fn part<T: FromRow>(&mut self, first: usize, resolve: impl FnOnce(&mut Self)) -> usize {
        let last = first + Self::listed::<T>().len();
        if last <= self.columns.len() || self.listed.is_some() {
            self.part = first..last;
            resolve(self);
        }
        last
    }

    /// There have to be so many columns.
    pub(crate) fn expect_end(&mut self, of: &'static str, expected: usize) {
        self.expect_columns(of, expected);
    }

    /// The next fields are of what may be missing as a whole.
    pub(super) fn optional(&mut self, resolve: impl FnOnce(&mut Self)) {
        const NAME: FieldName = FieldName { of: "", table: None, field: "", column: "" };
        let at = self.slots.len();
        self.slots.push(Slot { index: None, name: NAME, rust_type: String::new, check: None, span: 0 });
        resolve(self);
        self.slots[at].span = self.slots.len() - at - 1;
    }

    pub(super) fn named(&mut self, name: FieldName, reading: Reading, is_needed: bool) {
        if let Some(listed) = &mut self.listed {
            listed.extend(is_needed.then_some(name.column));
            return;
        }
        let is_of_field = |(_, column): &(usize, &Column)| column.name() == name.column;
        let part = self.columns.iter().enumerate().take(self.part.end).skip(self.part.start);
        let mut places = part.filter(is_of_field).map(|(index, _)| index);
        match (places.next(), places.count()) {
            (Some(index), 0) => self.put(index, name, reading),
            (Some(_), more) => self.problems.push(ColumnProblem::Duplicate { field: name, count: more + 1 }),
            (None, _) if is_needed => {
                let there = self.columns.iter().map(|column| column.name().to_owned()).collect();
                self.problems.push(ColumnProblem::Missing { field: name, there });
            }
            (None, _) => {
                let rust_type = reading.rust_type;
                self.slots.push(Slot { index: None, name, rust_type, check: None, span: 0 });
            }
        }
    }

    fn put(&mut self, index: usize, name: FieldName, reading: Reading) {
        let Reading { accepts, rust_type, check_of } = reading;
        let column = &self.columns[index];
        if accepts(column.type_()) {
            let check = check_of(column.type_());
            self.slots.push(Slot { index: Some(index), name, rust_type, check, span: 0 });
            return;
        }
        let (server_type, column) = (written(column.type_()), column.name().to_owned());
        self.problems.push(ColumnProblem::OtherType {
            field: name,
            column,
            server_type,
            rust_type: rust_type(),
        });
    }
}
