use super::piece::{Piece, Pieces};
use super::scope::TableRef;
use crate::Error;
use crate::entity::ColumnFacts;
use crate::statement::{Condition, Distinct, List, Parts, Sort, Term};

/// The longest name that the server keeps, in bytes (`NAMEDATALEN` - 1).
const MOST_BYTES: usize = 63;

/// A statement that cannot be: it was seen before anything was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadStatement {
    /// A column of a table that is not in the statement, nor in one that it is in.
    #[error("{column} is of no table of the statement, which are: {}", tables.join(", "))]
    NotThere {
        /// Table and column.
        column: &'static str,
        /// What the tables are called, quoted.
        tables: Vec<&'static str>,
    },
    /// Rows of a table are to be locked that is not in the statement.
    #[error("rows of {table} are to be locked, but the tables of the statement are: {}", tables.join(", "))]
    NotLocked {
        /// What the table is called, quoted.
        table: &'static str,
        /// What the tables of the statement are called, quoted.
        tables: Vec<&'static str>,
    },
    /// Two tables are called the same. One of them can be an [`Alias`](crate::Alias).
    #[error("two tables of the statement are called {table}; make one an `Alias`")]
    SameTable {
        /// What both are called, quoted.
        table: &'static str,
    },
    /// What is selected is given a name that is none: empty, longer than 63 bytes, or with a zero byte.
    #[error("what is selected is given a name that is empty, longer than 63 bytes, or has a zero byte")]
    BadName,
    /// A statement under a name lacks a column that the entity of that name has.
    #[error("the statement that is called {table} selects no column of the name {column:?}")]
    NotSelected {
        /// The name.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A statement is given a name with a schema, which only tables are in.
    #[error("a statement cannot be called {table}: only tables are in a schema")]
    InSchema {
        /// The name.
        table: &'static str,
    },
}

/// The tables that columns can be of, from the statement outwards.
struct Known<'k> {
    tables: Vec<&'static str>,
    around: Option<&'k Self>,
}

type Checked = Result<(), BadStatement>;

/// Whether each column is of a table that the statement has.
pub(crate) fn check(parts: &Parts<'_>) -> Result<(), Error> {
    check_in(parts, None).map_err(Error::Statement)
}

/// Of an update or delete.
pub(crate) fn check_conditions(table: &'static str, conditions: &[Condition<'_>]) -> Result<(), Error> {
    let known = Known { tables: vec![table], around: None };
    conditions.iter().try_for_each(|it| known.condition(it)).map_err(Error::Statement)
}

fn check_in(parts: &Parts<'_>, around: Option<&Known<'_>>) -> Checked {
    let clauses = &parts.clauses;
    for common in &clauses.common {
        check_common(&common.table, &common.query)?;
        check_in(&common.query, around)?;
    }
    for (_, query) in &clauses.combined {
        check_in(query, around)?;
    }
    let mut known = Known { tables: Vec::new(), around };
    if clauses.combined.is_empty() {
        known.add(clauses.alias.unwrap_or(parts.from.alias))?;
    }
    for join in &clauses.joins {
        known.add(join.table.name())?;
    }
    clauses.joins.iter().try_for_each(|join| known.condition(&join.on))?;
    parts.conditions.as_slice().iter().chain(&clauses.having).try_for_each(|it| known.condition(it))?;
    clauses.keys.iter().try_for_each(|key| known.pieces(&key.pieces))?;
    if let List::Items(items) = &parts.list {
        for item in items {
            item.name.map_or(Ok(()), check_name)?;
            known.pieces(&item.pieces)?;
        }
    }
    parts.locked.iter().try_for_each(|locked| known.table(locked.name()))?;
    if let Distinct::On(columns) = &parts.distinct {
        columns.iter().try_for_each(|column| known.column(column, None))?;
    }
    parts.order.iter().try_for_each(|sort| match sort {
        Sort::Column(by) => known.column(by.column, by.alias),
        Sort::Expr(by) => known.pieces(&by.pieces),
    })
}

/// The columns are found by name, so each that its entity has is there.
fn check_common(table: &TableRef, query: &Parts<'_>) -> Checked {
    if table.facts.sql != table.facts.alias {
        return Err(BadStatement::InSchema { table: table.facts.sql });
    }
    let Some(there) = names_of(query) else { return Ok(()) };
    match table.field_names().into_iter().find(|field| !there.contains(field)) {
        Some(column) => Err(BadStatement::NotSelected { table: table.facts.sql, column }),
        None => Ok(()),
    }
}

fn names_of(query: &Parts<'_>) -> Option<Vec<&'static str>> {
    if let Some((_, first)) = query.clauses.combined.first() {
        return names_of(first);
    }
    match &query.list {
        List::Items(items) => Some(items.iter().filter_map(super::projection::Selected::called).collect()),
        _ => None,
    }
}

fn check_name(name: &'static str) -> Checked {
    let is_name = !name.is_empty() && name.len() <= MOST_BYTES && !name.contains('\0');
    if is_name { Ok(()) } else { Err(BadStatement::BadName) }
}

impl Known<'_> {
    fn add(&mut self, table: &'static str) -> Checked {
        if self.tables.contains(&table) {
            return Err(BadStatement::SameTable { table });
        }
        self.tables.push(table);
        Ok(())
    }

    fn table(&self, table: &'static str) -> Checked {
        if self.tables.contains(&table) {
            return Ok(());
        }
        Err(BadStatement::NotLocked { table, tables: self.tables.clone() })
    }

    fn column(&self, column: &'static ColumnFacts, table: Option<&'static str>) -> Checked {
        let table = table.unwrap_or_else(|| column.table());
        let mut around = std::iter::successors(Some(self), |known| known.around);
        if around.any(|known| known.tables.contains(&table)) {
            return Ok(());
        }
        Err(BadStatement::NotThere { column: column.path, tables: self.tables.clone() })
    }

    fn condition(&self, condition: &Condition<'_>) -> Checked {
        match condition {
            Condition::Compare(left, _, right) => self.term(left).and_then(|()| self.term(right)),
            Condition::Between(term, low, high) => {
                [term, low, high].into_iter().try_for_each(|it| self.term(it))
            }
            Condition::IsNull(term) => self.term(term),
            Condition::All(conditions) | Condition::Any(conditions) => {
                conditions.iter().try_for_each(|it| self.condition(it))
            }
            Condition::Not(condition) => self.condition(condition),
            Condition::Holds(pieces) => self.pieces(pieces),
        }
    }

    fn term(&self, term: &Term<'_>) -> Checked {
        match term {
            Term::Column(column) => self.column(column, None),
            Term::Expr(pieces) => self.pieces(pieces),
            Term::Value(..) | Term::Param(_) | Term::Named(_) | Term::NamedValue(..) => Ok(()),
        }
    }

    fn pieces(&self, pieces: &Pieces<'_>) -> Checked {
        pieces.list.iter().try_for_each(|piece| match piece {
            Piece::Column(column, table) => self.column(column, *table),
            Piece::Condition(condition) => self.condition(condition),
            Piece::Query(query) => check_in(query, Some(self)),
            Piece::Name(name) => check_name(name),
            Piece::Sql(_) | Piece::Value(_) => Ok(()),
        })
    }
}
