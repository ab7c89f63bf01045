use super::writer::Writer;
use crate::entity::{ColumnFacts, EntityFacts, list};
use crate::relation::{Named, Selected};

/// The columns of rows: what stands behind `select` or `returning`.
#[derive(Clone)]
pub(crate) enum List<'a> {
    Whole(Named),
    /// Of several, or under another name.
    Tables(Vec<Named>),
    Columns(Vec<&'static ColumnFacts>),
    Fields(fn() -> Vec<&'static str>),
    Items(Vec<Selected<'a>>),
}

impl List<'_> {
    pub(crate) fn write<'t>(&'t self, of: &EntityFacts, out: &mut Writer<'t>) {
        match self {
            Self::Whole(table) => table.write_columns(out),
            Self::Tables(tables) => out.list(", ", tables, |out, table| table.write_columns(out)),
            Self::Items(items) => out.list(", ", items, |out, item| item.write(out)),
            Self::Columns(columns) => out.list(", ", columns, |out, column| out.push(column.sql)),
            Self::Fields(fields) => out.push(&list(of, &fields())),
        }
    }
}

/// Whether the rows that were touched are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Rows,
    Number,
}

/// `returning`, if rows are asked for.
pub(crate) fn write_returning<'t>(ask: Ask, list: &'t List<'_>, of: &EntityFacts, out: &mut Writer<'t>) {
    if ask == Ask::Rows {
        out.push(" returning ");
        list.write(of, out);
    }
}
