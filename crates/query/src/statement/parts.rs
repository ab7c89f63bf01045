use super::Condition;
use super::condition::write_where;
use super::list::List;
use super::order::By;
use super::writer::Writer;
use crate::entity::{ColumnFacts, EntityFacts};
use crate::few::Few;
use crate::param::ParamName;

/// All of it but the types.
#[derive(Clone)]
pub(crate) struct Parts<'a> {
    pub(crate) from: &'static EntityFacts,
    pub(super) list: List,
    pub(crate) distinct: Distinct,
    pub(super) conditions: Few<Condition<'a>>,
    pub(crate) order: Vec<By>,
    pub(crate) limit: Option<i64>,
    pub(crate) offset: Option<i64>,
    pub(crate) lock: Option<&'static str>,
    pub(super) wait: &'static str,
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
    pub(crate) order: &'t [By],
    pub(crate) limit: Option<&'t i64>,
    pub(crate) offset: Option<&'t i64>,
}

impl Parts<'_> {
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
            out.push(self.wait);
        }
    }

    /// The number of rows; of more than `most` that number.
    pub(crate) fn write_count<'t>(&'t self, most: Option<&'t i64>, out: &mut Writer<'t>) {
        if most.is_none() && self.has_as_many_as_filtered() {
            out.push("select count(*) from ");
            out.push(self.from.sql);
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
        out.push("select 1 from ");
        out.push(self.from.sql);
        write_where(self.conditions.as_slice(), out);
    }

    /// Whether rows are left out by nothing but filters, so that neither columns nor order matter to their number.
    fn has_as_many_as_filtered(&self) -> bool {
        let is_cut = self.limit.is_some() || self.offset.is_some();
        !is_cut && matches!(self.distinct, Distinct::No)
    }

    fn write_rows<'t>(&'t self, out: &mut Writer<'t>) {
        let (limit, offset) = (self.limit.as_ref(), self.offset.as_ref());
        self.write_slice(&Slice { columns: &|_| (), bound: None, order: &self.order, limit, offset }, out);
    }

    /// Rows are not locked.
    pub(crate) fn write_slice<'t>(&'t self, slice: &Slice<'t, '_>, out: &mut Writer<'t>) {
        out.push("select ");
        self.distinct.write(out);
        self.list.write(self.from, out);
        (slice.columns)(out);
        out.push(" from ");
        out.push(self.from.sql);
        write_where(self.conditions.as_slice(), out);
        if let Some(bound) = slice.bound {
            out.push(if self.conditions.as_slice().is_empty() { " where " } else { " and " });
            bound(out);
        }
        if !slice.order.is_empty() {
            out.push(" order by ");
            out.list(", ", slice.order, |out, by| by.write(out));
        }
        for (word, rows) in [(" limit ", slice.limit), (" offset ", slice.offset)] {
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
