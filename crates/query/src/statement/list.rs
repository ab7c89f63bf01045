use super::writer::Writer;
use crate::entity::{ColumnFacts, EntityFacts};

/// The columns of rows: what stands behind `select` or `returning`.
#[derive(Clone)]
pub(crate) enum List {
    Whole(fn() -> &'static str),
    Columns(Vec<&'static ColumnFacts>),
    Fields(fn() -> Vec<&'static str>),
}

impl List {
    pub(crate) fn write(&self, of: &EntityFacts, out: &mut Writer<'_>) {
        match self {
            Self::Whole(listed) => out.push(listed()),
            Self::Columns(columns) => out.list(", ", columns, |out, column| out.push(column.sql)),
            Self::Fields(fields) => out.list(", ", fields(), |out, field| {
                out.push(of.alias);
                out.push(".");
                out.name(field);
            }),
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
pub(crate) fn write_returning(ask: Ask, list: &List, of: &EntityFacts, out: &mut Writer<'_>) {
    if ask == Ask::Rows {
        out.push(" returning ");
        list.write(of, out);
    }
}
