use pgkeel_connect::Executor;
use tokio_postgres::Row;

use super::keys::RANGES;
use super::ranges::{Range, behind, write_columns, write_order};
use super::{Keys, Position};
use crate::param::ParamName;
use crate::row::read_without;
use crate::statement::{Parts, Site, Slice, Sorts, Writer, Written, rows};
use crate::{Error, FromRow};

/// The next rows of an order, behind a position or from the first on.
pub(crate) struct Walk<'w, 'a> {
    pub(crate) parts: &'w Parts<'a>,
    pub(crate) keys: &'w Keys,
    pub(crate) behind: Option<&'w Position>,
    /// How many rows.
    pub(crate) limit: i64,
}

impl<'w> Walk<'w, '_> {
    pub(crate) fn write(&'w self) -> Result<Written<'w>, Error> {
        self.parts.check()?;
        let mut out = Writer::new();
        let Some(position) = self.behind else {
            self.write_range(None, &mut out);
            return out.finish();
        };
        match behind(self.keys, position).as_slice() {
            [range] => self.write_range(Some(&|out| range.write(self.keys, position, out)), &mut out),
            ranges => self.write_ranges(ranges, position, &mut out),
        }
        out.finish()
    }

    /// One behind the other, each with as many rows as those before have left room for: so what is not needed is not read, and
    /// the whole has the cost of a page. The limit inside is what the planner goes by.
    fn write_ranges(&'w self, ranges: &[Range], position: &'w Position, out: &mut Writer<'w>) {
        let named = || ranges.iter().zip(RANGES);
        for (place, (range, name)) in named().enumerate() {
            out.push(if place == 0 { "with " } else { ", " });
            out.push(name);
            out.push(" as materialized (select * from (");
            self.write_range(Some(&|out| range.write(self.keys, position, out)), out);
            out.push(") as \"range\" limit ");
            out.value(ParamName::None, &self.limit);
            for (_, before) in named().take(place) {
                out.push(" - (select count(*) from ");
                out.push(before);
                out.push(")");
            }
            out.push(")");
        }
        out.push(" select * from (");
        out.list(" union all ", named(), |out, (_, name)| {
            out.push("select * from ");
            out.push(name);
        });
        out.push(") as \"page\" order by ");
        write_order(self.keys, out);
    }

    fn write_range(&'w self, bound: Option<&dyn Fn(&mut Writer<'w>)>, out: &mut Writer<'w>) {
        let columns = |out: &mut Writer<'w>| write_columns(self.keys, out);
        let limit = Some(&self.limit);
        let order = Sorts::Keys(self.keys.each());
        self.parts.write_slice(&Slice { columns: &columns, bound, order, limit, offset: None }, out);
    }

    pub(crate) async fn rows(&self, database: &impl Executor, site: Site) -> Result<Vec<Row>, Error> {
        rows(&self.write()?.ready()?, database, site).await
    }

    /// Rows of what was begun, which is no other piece of work: not counted as one that is run again.
    pub(crate) async fn more_rows(&self, database: &impl Executor, site: Site) -> Result<Vec<Row>, Error> {
        let ready = self.write()?.ready()?;
        Ok(database.called_at(site).query(&ready.text, ready.params().as_slice()).await?)
    }

    pub(crate) fn read<R: FromRow>(&self, rows: &[Row]) -> Result<Vec<R>, Error> {
        read_without(rows, self.keys.each().len())
    }
}
