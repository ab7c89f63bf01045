use std::sync::Arc;

use crate::bind::Bind;
use crate::entity::ColumnFacts;
use crate::param::ParamName;
use crate::statement::{Condition, Parts, Writer};

/// What an expression is written of.
#[derive(Clone)]
pub(crate) enum Piece<'a> {
    Sql(&'static str),
    /// A name that the program gives, to be quoted.
    Name(&'static str),
    /// A column, and what its table is called here, if not by its own name.
    Column(&'static ColumnFacts, Option<&'static str>),
    Value(Arc<dyn Bind + 'a>),
    Condition(Arc<Condition<'a>>),
    Query(Arc<Parts<'a>>),
}

/// An expression, in the order in which it is written.
#[derive(Clone)]
pub(crate) struct Pieces<'a> {
    pub(crate) list: Vec<Piece<'a>>,
    /// Whether the compiler does not see which tables it names, so that they are looked for when it is written.
    pub(crate) is_joined: bool,
    /// Whether it is computed of several rows: an aggregate, or something over a window.
    is_of_many: bool,
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(list: Vec<Piece<'a>>) -> Self {
        Self { list, is_joined: false, is_of_many: false }
    }

    pub(super) fn joined(self) -> Self {
        Self { is_joined: true, ..self }
    }

    pub(super) fn of_many(self) -> Self {
        Self { is_of_many: true, ..self }
    }

    /// Whether other rows than its own matter to it.
    pub(crate) fn is_of_many(&self) -> bool {
        let is_condition_of_many =
            |piece: &Piece<'_>| matches!(piece, Piece::Condition(condition) if condition.is_of_many());
        self.is_of_many || self.list.iter().any(is_condition_of_many)
    }

    /// With this in front and behind.
    pub(crate) fn inside(mut self, front: &'static str, back: &'static str) -> Self {
        self.list.insert(0, Piece::Sql(front));
        self.list.push(Piece::Sql(back));
        self
    }

    pub(crate) fn then(mut self, between: &'static str, other: Self) -> Self {
        self.list.push(Piece::Sql(between));
        self.list.extend(other.list);
        self.is_joined |= other.is_joined;
        self.is_of_many |= other.is_of_many;
        self
    }

    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        for piece in &self.list {
            piece.write(out);
        }
    }
}

impl Piece<'_> {
    fn write<'t>(&'t self, out: &mut Writer<'t>) {
        match self {
            Self::Sql(sql) => out.push(sql),
            Self::Name(name) => out.name(name),
            Self::Column(column, table) => write_column(column, *table, out),
            Self::Value(value) => out.value(ParamName::None, &**value),
            Self::Condition(condition) => condition.write(out),
            Self::Query(query) => query.write_rows(out),
        }
    }
}

pub(crate) fn write_column(column: &'static ColumnFacts, table: Option<&'static str>, out: &mut Writer<'_>) {
    let Some(table) = table else { return out.push(column.sql) };
    out.push(table);
    out.push(".");
    out.push(column.bare);
}
