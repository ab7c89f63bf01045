use super::writer::Writer;
use crate::entity::{ColumnFacts, EntityFacts};
use crate::relation::{Selected, TableRef, write_column};

/// The columns of rows: what stands behind `select` or `returning`.
#[derive(Clone)]
pub(crate) enum List<'a> {
    Whole(TableRef),
    /// Of several, or under another name.
    Tables(Vec<TableRef>),
    Columns(Vec<&'static ColumnFacts>),
    Fields(fn() -> Vec<&'static str>),
    Items(Vec<Selected<'a>>),
}

impl List<'_> {
    #[inline]
    pub(crate) fn write<'t>(&'t self, of: &EntityFacts, out: &mut Writer<'t>) {
        match self {
            Self::Whole(table) => table.write_columns(out),
            Self::Tables(tables) => out.list(", ", tables, |out, table| table.write_columns(out)),
            Self::Items(items) => out.list(", ", items, |out, item| item.write(out)),
            Self::Columns(columns) => out.list(", ", columns, |out, column| out.push(column.sql)),
            Self::Fields(fields) => out.list(", ", fields(), |out, field| {
                out.push(of.alias);
                out.push(".");
                out.name(field);
            }),
        }
    }
}

impl List<'_> {
    /// `returning`, of a table that is called so.
    pub(crate) fn write_returning_under<'t>(&'t self, table: &'static str, out: &mut Writer<'t>) {
        out.push(" returning ");
        match self {
            Self::Whole(named) => named.under(table).write_columns(out),
            Self::Columns(columns) => {
                out.list(", ", columns, |out, column| write_column(column, Some(table), out));
            }
            // No insert has others.
            Self::Tables(_) | Self::Fields(_) | Self::Items(_) => {}
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
