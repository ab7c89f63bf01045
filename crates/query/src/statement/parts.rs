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
pub(super) struct Parts<'a> {
    pub(super) from: &'static EntityFacts,
    pub(super) list: List,
    pub(super) distinct: Distinct,
    pub(super) conditions: Few<Condition<'a>>,
    pub(super) order: Vec<By>,
    pub(super) limit: Option<i64>,
    pub(super) offset: Option<i64>,
    pub(super) lock: Option<&'static str>,
    pub(super) wait: &'static str,
}

#[derive(Clone)]
pub(super) enum Distinct {
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

impl Parts<'_> {
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
                out.push("select count(*) from ");
                out.push(self.from.sql);
                write_where(self.conditions.as_slice(), out);
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
        !is_cut && matches!(self.distinct, Distinct::No)
    }

    fn write_rows<'t>(&'t self, out: &mut Writer<'t>) {
        out.push("select ");
        self.distinct.write(out);
        self.list.write(self.from, out);
        out.push(" from ");
        out.push(self.from.sql);
        write_where(self.conditions.as_slice(), out);
        if !self.order.is_empty() {
            out.push(" order by ");
            out.list(", ", &self.order, |out, by| by.write(out));
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
