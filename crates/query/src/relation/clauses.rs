use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::piece::Pieces;
use super::projection::Selected;
use super::scope::TableRef;
use crate::statement::{Condition, Parts, Writer};

/// What a statement has besides one table, its filters and its order: as a rule nothing, and then no memory.
#[derive(Clone, Default)]
pub(crate) struct Clauses<'a> {
    /// Whether the compiler does not see all tables that are named.
    pub(crate) is_joined: bool,
    said: Option<Box<Said<'a>>>,
}

/// What was said of them.
#[derive(Clone)]
pub(crate) struct Said<'a> {
    pub(crate) common: Vec<Common<'a>>,
    /// What the first table is called, if not by its own name.
    pub(crate) alias: Option<&'static str>,
    pub(crate) joins: Vec<Join<'a>>,
    pub(crate) keys: Vec<Selected<'a>>,
    pub(crate) having: Vec<Condition<'a>>,
    /// Whole statements, instead of tables: each with what stands in front.
    pub(crate) combined: Vec<(&'static str, Arc<Parts<'a>>)>,
}

/// Which rows stay that have no match, with NULL in the columns of what is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmatched {
    Neither,
    /// Those of the tables in front.
    Left,
    /// Those of the table that is joined.
    Right,
    Both,
}

#[derive(Clone)]
pub(crate) struct Join<'a> {
    pub(crate) stay: Unmatched,
    pub(crate) table: TableRef,
    pub(crate) on: Condition<'a>,
}

/// A statement under a name.
#[derive(Clone)]
pub(crate) struct Common<'a> {
    pub(crate) table: TableRef,
    /// Whether it names itself.
    pub(crate) is_recursive: bool,
    pub(crate) query: Arc<Parts<'a>>,
}

impl Unmatched {
    const fn words(self) -> &'static str {
        match self {
            Self::Neither => " join ",
            Self::Left => " left join ",
            Self::Right => " right join ",
            Self::Both => " full join ",
        }
    }
}

static NOTHING: Said<'static> = Said::nothing();

impl<'a> Deref for Clauses<'a> {
    type Target = Said<'a>;

    #[inline]
    fn deref(&self) -> &Said<'a> {
        self.said.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Clauses<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.said.get_or_insert_with(|| Box::new(Said::nothing()))
    }
}

impl Said<'_> {
    const fn nothing() -> Self {
        Self {
            common: Vec::new(),
            alias: None,
            joins: Vec::new(),
            keys: Vec::new(),
            having: Vec::new(),
            combined: Vec::new(),
        }
    }

    /// Whether there are rows without one of this table, counted from the first, which has no join.
    pub(crate) fn may_lack(&self, table: usize) -> bool {
        let own = table.checked_sub(1).and_then(|own| self.joins.get(own));
        let is_left_out = own.is_some_and(|join| matches!(join.stay, Unmatched::Left | Unmatched::Both));
        let behind = self.joins.iter().skip(table);
        is_left_out || behind.into_iter().any(|join| matches!(join.stay, Unmatched::Right | Unmatched::Both))
    }

    /// Whether rows are left out, or made of others, by more than filters and joins.
    pub(crate) fn changes_count(&self) -> bool {
        !self.keys.is_empty() || !self.having.is_empty() || !self.combined.is_empty()
    }

    pub(crate) fn write_common<'t>(&'t self, out: &mut Writer<'t>) {
        if self.common.is_empty() {
            return;
        }
        let is_recursive = self.common.iter().any(|common| common.is_recursive);
        out.push(if is_recursive { "with recursive " } else { "with " });
        out.list(", ", &self.common, |out, common| {
            out.push(common.table.facts.sql);
            out.push(" as (");
            common.query.write_rows(out);
            out.push(")");
        });
        out.push(" ");
    }

    pub(crate) fn write_joins<'t>(&'t self, out: &mut Writer<'t>) {
        if let Some(alias) = self.alias {
            out.push(" as ");
            out.push(alias);
        }
        for join in &self.joins {
            out.push(join.stay.words());
            join.table.write(out);
            out.push(" on ");
            join.on.write(out);
        }
    }

    pub(crate) fn write_groups<'t>(&'t self, out: &mut Writer<'t>) {
        if !self.keys.is_empty() {
            out.push(" group by ");
            out.list(", ", &self.keys, |out, key| key.pieces.write(out));
        }
        if !self.having.is_empty() {
            out.push(" having ");
            out.list(" and ", &self.having, |out, condition| condition.write(out));
        }
    }

    pub(crate) fn write_combined<'t>(&'t self, out: &mut Writer<'t>) {
        for (between, query) in &self.combined {
            out.push(between);
            out.push("(");
            query.write_rows(out);
            out.push(")");
        }
    }
}

impl<'a> From<Pieces<'a>> for Selected<'a> {
    fn from(pieces: Pieces<'a>) -> Self {
        Self { pieces, name: None }
    }
}
