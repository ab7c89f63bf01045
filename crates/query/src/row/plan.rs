use tokio_postgres::Column;
use tokio_postgres::types::{FromSql, Type};

use super::{ColumnProblem, FromRow, RowMismatch};
use crate::bind::{short_name, written};

/// Which columns of a statement the fields are of, in the order in which they are read.
#[derive(Debug)]
pub struct Plan<'a> {
    columns: &'a [Column],
    /// Instead of being looked for, columns are listed.
    listed: Option<Vec<&'static str>>,
    slots: Vec<Slot>,
    problems: Vec<ColumnProblem>,
}

/// A field's place among the columns. `None` if it can do without one, and there is none.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) index: Option<usize>,
    pub(super) name: FieldName,
    pub(super) rust_type: fn() -> String,
}

/// A field, and the column that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(FromRow)]` writes it out")]
pub struct FieldName {
    /// The struct or tuple.
    pub of: &'static str,
    /// The field in it.
    pub field: &'static str,
    /// The column's name; empty in a tuple, which goes by position.
    pub column: &'static str,
}

impl<'a> Plan<'a> {
    pub(super) fn of<T: FromRow>(columns: &'a [Column]) -> Result<Box<[Slot]>, RowMismatch> {
        let mut plan = Self { columns, listed: None, slots: Vec::new(), problems: Vec::new() };
        T::resolve(&mut plan);
        if plan.problems.is_empty() { Ok(plan.slots.into()) } else { Err(RowMismatch::new(plan.problems)) }
    }

    /// The columns that a row needs, by name.
    pub(crate) fn listed<T: FromRow>() -> Vec<&'static str> {
        let mut plan =
            Plan { columns: &[], listed: Some(Vec::new()), slots: Vec::new(), problems: Vec::new() };
        T::resolve(&mut plan);
        plan.listed.unwrap_or_default()
    }

    /// The next field is the column of its name.
    pub fn field<'r, T: FromSql<'r>>(&mut self, name: FieldName) {
        self.named(name, T::accepts, short_name::<T>, true);
    }

    /// The next field is the column of its name, if there is one.
    pub fn field_if_there<'r, T: FromSql<'r>>(&mut self, name: FieldName) {
        self.named(name, T::accepts, short_name::<T>, false);
    }

    /// The next field is the column at this position, from 0 on.
    pub(super) fn field_at<'r, T: FromSql<'r>>(&mut self, index: usize, name: FieldName) {
        self.put(index, name, T::accepts, short_name::<T>);
    }

    /// There have to be so many columns.
    pub(super) fn expect_columns(&mut self, of: &'static str, expected: usize) -> bool {
        let found = self.columns.len();
        if found != expected {
            self.problems.push(ColumnProblem::Count { of, expected, found });
        }
        found == expected
    }

    pub(super) fn named(
        &mut self,
        name: FieldName,
        accepts: fn(&Type) -> bool,
        rust_type: fn() -> String,
        is_needed: bool,
    ) {
        if let Some(listed) = &mut self.listed {
            listed.extend(is_needed.then_some(name.column));
            return;
        }
        let is_of_field = |(_, column): &(usize, &Column)| column.name() == name.column;
        let mut places = self.columns.iter().enumerate().filter(is_of_field).map(|(index, _)| index);
        match (places.next(), places.count()) {
            (Some(index), 0) => self.put(index, name, accepts, rust_type),
            (Some(_), more) => self.problems.push(ColumnProblem::Duplicate { field: name, count: more + 1 }),
            (None, _) if is_needed => {
                let there = self.columns.iter().map(|column| column.name().to_owned()).collect();
                self.problems.push(ColumnProblem::Missing { field: name, there });
            }
            (None, _) => self.slots.push(Slot { index: None, name, rust_type }),
        }
    }

    fn put(&mut self, index: usize, name: FieldName, accepts: fn(&Type) -> bool, rust_type: fn() -> String) {
        let column = &self.columns[index];
        if accepts(column.type_()) {
            self.slots.push(Slot { index: Some(index), name, rust_type });
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
