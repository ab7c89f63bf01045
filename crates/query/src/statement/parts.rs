use super::Condition;
use super::condition::write_where;
use super::list::List;
use super::order::By;
use super::sort::Sort;
use super::writer::Writer;
use crate::Error;
use crate::entity::{ColumnFacts, EntityFacts};
use crate::few::Few;
use crate::param::ParamName;
use crate::relation::{Clauses, Selected, TableRef, check};

pub(super) const SKIP_LOCKED: &str = " skip locked";

/// All of it but the types.
#[derive(Clone)]
pub(crate) struct Parts<'a> {
    pub(crate) from: &'static EntityFacts,
    pub(crate) list: List<'a>,
    pub(crate) distinct: Distinct,
    pub(crate) conditions: Few<Condition<'a>>,
    pub(crate) order: Vec<Sort<'a>>,
    pub(crate) limit: Option<i64>,
    pub(crate) offset: Option<i64>,
    pub(crate) lock: Option<&'static str>,
    /// The tables whose rows are locked: all, unless some are said.
    pub(crate) locked: Vec<TableRef>,
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
pub(crate) enum Answer {
    Rows,
    Count,
    Exists,
}

/// Some of the rows, in place of what was said of order and limit: of a page, or a batch.
pub(crate) struct Slice<'t, 'w> {
    /// What is written behind the listed columns.
    pub(crate) columns: &'w dyn Fn(&mut Writer<'t>),
    /// What has to hold besides.
    pub(crate) bound: Option<&'w dyn Fn(&mut Writer<'t>)>,
    pub(crate) order: Sorts<'t>,
    pub(crate) limit: Option<&'t i64>,
    pub(crate) offset: Option<&'t i64>,
}

/// The order of a slice.
#[derive(Clone, Copy)]
pub(crate) enum Sorts<'t> {
    /// As the statement says it.
    Said(&'t [Sort<'t>]),
    /// In which no two rows are alike.
    Keys(&'t [By]),
}

impl<'a> Parts<'a> {
    pub(crate) fn new(from: &'static EntityFacts, list: List<'a>) -> Self {
        Self {
            from,
            list,
            distinct: Distinct::No,
            conditions: Few::None,
            order: Vec::new(),
            limit: None,
            offset: None,
            lock: None,
            locked: Vec::new(),
            wait: "",
            clauses: Clauses::default(),
        }
    }

    /// Of the rows of other statements, which say what is listed.
    pub(crate) fn of_combined(&self) -> Self {
        Self::new(self.from, List::Columns(Vec::new()))
    }

    /// Whether all that it names is there. To be asked before it is written.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.clauses.is_joined { check(self) } else { Ok(()) }
    }

    pub(crate) fn write<'t>(&'t self, answer: Answer, out: &mut Writer<'t>) {
        match answer {
            Answer::Rows => {
                self.write_rows(out);
                self.write_lock(out);
            }
            Answer::Exists => {
                out.push("select exists(");
                self.write_rows(out);
                out.push(")");
            }
            Answer::Count => self.write_count(None, out),
        }
    }

    pub(crate) fn write_lock(&self, out: &mut Writer<'_>) {
        if let Some(lock) = self.lock {
            out.push(lock);
            if !self.locked.is_empty() {
                out.push(" of ");
                out.list(", ", &self.locked, |out, table| out.push(table.name()));
            }
            out.push(self.wait);
        }
    }

    /// Whether rows are left out that others have locked.
    pub(crate) fn skips_locked(&self) -> bool {
        self.lock.is_some() && self.wait == SKIP_LOCKED
    }

    /// The number of rows; of more than `most` that number.
    pub(crate) fn write_count<'t>(&'t self, most: Option<&'t i64>, out: &mut Writer<'t>) {
        if most.is_none() && self.has_as_many_as_filtered() {
            self.clauses.write_common(out);
            out.push("select count(*) from ");
            self.write_from(out);
            return write_where(self.conditions.as_slice(), out);
        }
        out.push("select count(*) from (");
        self.write_counted(out);
        if let Some(most) = most {
            out.push(" limit ");
            out.value(ParamName::None, most);
        }
        out.push(") as counted");
    }

    /// As many rows as there are, without their columns if these do not matter.
    pub(crate) fn write_counted<'t>(&'t self, out: &mut Writer<'t>) {
        if !self.has_as_many_as_filtered() {
            return self.write_rows(out);
        }
        self.clauses.write_common(out);
        out.push("select 1 from ");
        self.write_from(out);
        write_where(self.conditions.as_slice(), out);
    }

    /// Whether rows are left out by nothing but filters, so that neither columns nor order matter to their number.
    fn has_as_many_as_filtered(&self) -> bool {
        let is_cut = self.limit.is_some() || self.offset.is_some();
        !is_cut
            && matches!(self.distinct, Distinct::No)
            && !self.clauses.changes_count()
            && !self.may_be_one_group()
    }

    /// Whether each row is one of the table, or of joined tables one of each, and has nothing that is computed of others.
    pub(crate) fn has_rows_of_tables(&self) -> bool {
        let is_of_many =
            matches!(&self.list, List::Items(items) if items.iter().any(|item| item.pieces.is_of_many()));
        matches!(self.distinct, Distinct::No) && !self.clauses.changes_count() && !is_of_many
    }

    /// Whether more than columns is selected: of aggregates without groups there is one row.
    fn may_be_one_group(&self) -> bool {
        matches!(&self.list, List::Items(items) if !items.iter().all(Selected::is_column))
    }

    /// Rows are not locked.
    pub(crate) fn write_rows<'t>(&'t self, out: &mut Writer<'t>) {
        let (limit, offset) = (self.limit.as_ref(), self.offset.as_ref());
        let order = Sorts::Said(&self.order);
        self.write_slice(&Slice { columns: &|_| (), bound: None, order, limit, offset }, out);
    }

    /// Rows are not locked. Of statements that are put together there are neither columns nor bounds besides.
    pub(crate) fn write_slice<'t>(&'t self, slice: &Slice<'t, '_>, out: &mut Writer<'t>) {
        self.clauses.write_common(out);
        if self.clauses.combined.is_empty() {
            self.write_plain(slice, out);
        } else {
            self.clauses.write_combined(out);
        }
        slice.order.write(out);
        for (word, rows) in [(" limit ", slice.limit), (" offset ", slice.offset)] {
            if let Some(rows) = rows {
                out.push(word);
                out.value(ParamName::None, rows);
            }
        }
    }

    #[inline]
    fn write_plain<'t>(&'t self, slice: &Slice<'t, '_>, out: &mut Writer<'t>) {
        out.push("select ");
        self.distinct.write(out);
        self.list.write(self.from, out);
        (slice.columns)(out);
        out.push(" from ");
        self.write_from(out);
        write_where(self.conditions.as_slice(), out);
        if let Some(bound) = slice.bound {
            out.push(if self.conditions.as_slice().is_empty() { " where " } else { " and " });
            bound(out);
        }
        self.clauses.write_groups(out);
    }

    #[inline]
    fn write_from<'t>(&'t self, out: &mut Writer<'t>) {
        out.push(self.from.sql);
        self.clauses.write_joins(out);
    }
}

impl<'t> Sorts<'t> {
    fn write(self, out: &mut Writer<'t>) {
        match self {
            Self::Said([]) | Self::Keys([]) => {}
            Self::Said(sorts) => {
                out.push(" order by ");
                out.list(", ", sorts, |out, sort| sort.write(out));
            }
            Self::Keys(keys) => {
                out.push(" order by ");
                out.list(", ", keys, |out, by| by.write(out));
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
