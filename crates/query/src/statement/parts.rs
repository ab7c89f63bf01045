use super::Condition;
use super::condition::write_where;
use super::list::List;
use super::sort::Sort;
use super::writer::Writer;
use crate::entity::{ColumnFacts, EntityFacts};
use crate::param::ParamName;
use crate::relation::{Clauses, Selected};

/// All of it but the types.
#[derive(Clone)]
pub(crate) struct Parts<'a> {
    pub(crate) from: &'static EntityFacts,
    pub(crate) list: List<'a>,
    pub(crate) distinct: Distinct,
    pub(crate) conditions: Vec<Condition<'a>>,
    pub(crate) order: Vec<Sort<'a>>,
    pub(super) limit: Option<i64>,
    pub(super) offset: Option<i64>,
    pub(super) lock: Option<&'static str>,
    pub(super) wait: &'static str,
    pub(crate) clauses: Clauses<'a>,
}

#[derive(Clone)]
pub(crate) enum Distinct {
    No,
    Rows,
    On(Vec<&'static ColumnFacts>),
}

/// What is asked of the rows.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Rows,
    Count,
    Exists,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(from: &'static EntityFacts, list: List<'a>) -> Self {
        Self {
            from,
            list,
            distinct: Distinct::No,
            conditions: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
            lock: None,
            wait: "",
            clauses: Clauses::default(),
        }
    }

    /// Of the rows of other statements, which say what is listed.
    pub(crate) fn of_combined(&self) -> Self {
        Self::new(self.from, List::Columns(Vec::new()))
    }

    pub(super) fn write<'t>(&'t self, answer: Answer, out: &mut Writer<'t>) {
        match answer {
            Answer::Rows => {
                self.write_rows(out);
                if let Some(lock) = self.lock {
                    out.push(lock);
                    out.push(self.wait);
                }
            }
            Answer::Exists => {
                out.push("select exists(");
                self.write_rows(out);
                out.push(")");
            }
            Answer::Count if self.has_as_many_as_filtered() => {
                self.clauses.write_common(out);
                out.push("select count(*) from ");
                self.write_from(out);
                write_where(&self.conditions, out);
            }
            Answer::Count => {
                out.push("select count(*) from (");
                self.write_rows(out);
                out.push(") as counted");
            }
        }
    }

    /// Whether rows are left out by nothing but filters, so that neither columns nor order matter to their number.
    fn has_as_many_as_filtered(&self) -> bool {
        let is_cut = self.limit.is_some() || self.offset.is_some();
        !is_cut
            && matches!(self.distinct, Distinct::No)
            && !self.clauses.changes_count()
            && !self.may_be_one_group()
    }

    /// Whether more than columns is selected: of aggregates without groups there is one row.
    fn may_be_one_group(&self) -> bool {
        matches!(&self.list, List::Items(items) if !items.iter().all(Selected::is_column))
    }

    fn write_from<'t>(&'t self, out: &mut Writer<'t>) {
        out.push(self.from.sql);
        self.clauses.write_joins(out);
    }

    /// Rows are not locked.
    pub(crate) fn write_rows<'t>(&'t self, out: &mut Writer<'t>) {
        self.clauses.write_common(out);
        if self.clauses.combined.is_empty() {
            out.push("select ");
            self.distinct.write(out);
            self.list.write(self.from, out);
            out.push(" from ");
            self.write_from(out);
            write_where(&self.conditions, out);
            self.clauses.write_groups(out);
        } else {
            self.clauses.write_combined(out);
        }
        if !self.order.is_empty() {
            out.push(" order by ");
            out.list(", ", &self.order, |out, sort| sort.write(out));
        }
        for (word, rows) in [(" limit ", &self.limit), (" offset ", &self.offset)] {
            if let Some(rows) = rows {
                out.push(word);
                out.value(ParamName::None, rows);
            }
        }
    }
}

impl Distinct {
    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::No => {}
            Self::Rows => out.push("distinct "),
            Self::On(columns) => {
                out.push("distinct on (");
                out.list(", ", columns, |out, column| out.push(column.sql));
                out.push(") ");
            }
        }
    }
}
