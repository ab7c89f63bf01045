//! A row that is changed or deleted if it is as it was when it was read, and what is told if it is not; in one statement.
//!
//! All parts of a statement see the rows of one moment, and an update that waits for somebody else's goes on with the row that
//! the other has left. A plain look at the version beside the update would tell that of the moment, which is the one that was
//! expected. So the row is locked first: whoever locks waits, and then reads the row as it is. From then on nobody can change it,
//! so what is told of it is true, and the update finds what was read under the lock.

use std::panic::Location;

use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use super::Keyed;
use super::visibility::deleted_at;
use crate::entity::{ColumnFacts, EntityFacts, Role};
use crate::param::ParamName;
use crate::statement::{Assignments, Condition, Writer, Written, opt_row, write_managed};
use crate::{Error, Executor};

/// What is done with the row.
#[derive(Clone, Copy)]
pub(super) enum Deed<'t, 'a> {
    /// Columns are set.
    Set(&'t Assignments<'a>),
    /// It gets the time of its deletion.
    Hide,
    /// It goes.
    Remove,
}

/// The row that is meant.
pub(super) struct Guard {
    of: &'static EntityFacts,
    listed: fn() -> &'static str,
    id: Condition<'static>,
    expected: Option<i64>,
}

impl Guard {
    pub(super) fn of<E: Keyed>(row: &E) -> Self {
        let id = E::by_id(row.id()).condition;
        Self { of: E::FACTS, listed: E::listed, id, expected: row.expected_version() }
    }

    /// Gives back the row of the answer, with the columns of the entity if it was not deleted.
    pub(super) async fn run(
        &self,
        deed: Deed<'_, '_>,
        database: &impl Executor,
        at: &'static Location<'static>,
    ) -> Result<Row, Error> {
        let ready = self.write(deed)?.ready()?;
        self.tell(opt_row(&ready, database, at).await?)
    }

    fn write<'t>(&'t self, deed: Deed<'t, '_>) -> Result<Written<'t>, Error> {
        let mut out = Writer::new();
        self.write_found(deed, &mut out);
        out.push(r#", "pgkeel.done" as ("#);
        match deed {
            Deed::Set(assignments) => {
                self.write_update(&mut out);
                out.list(", ", assignments.iter(), |out, assignment| assignment.write(out));
                write_managed(
                    self.of,
                    None,
                    |column| assignments.has(column),
                    assignments.is_empty(),
                    &mut out,
                );
                out.push(r#" from "pgkeel.found""#);
            }
            Deed::Hide => {
                self.write_update(&mut out);
                write_deleted_at(self.of, " = now()", &mut out);
                out.push(r#" from "pgkeel.found""#);
            }
            Deed::Remove => {
                out.push("delete from ");
                out.push(self.of.sql);
                out.push(r#" using "pgkeel.found""#);
            }
        }
        self.write_expected(&mut out);
        out.push(r#" returning true as "pgkeel.done""#);
        if matches!(deed, Deed::Set(_)) {
            out.push(", ");
            out.push((self.listed)());
        }
        out.push(r#") select "pgkeel.found".*, "pgkeel.done".* from "pgkeel.found" left join "pgkeel.done" on true"#);
        out.finish()
    }

    /// The row as it is now, which nobody else changes any more.
    fn write_found<'t>(&'t self, deed: Deed<'_, '_>, out: &mut Writer<'t>) {
        out.push(r#"with "pgkeel.found" as (select "#);
        out.push(self.version().map_or("null", |column| column.sql));
        out.push(r#"::int8 as "pgkeel.version", "#);
        out.push(deleted_at(self.of).map_or("null", |column| column.sql));
        out.push(r#" is not null as "pgkeel.deleted" from "#);
        out.push(self.of.sql);
        out.push(" where ");
        self.id.write(out);
        // What a foreign key refers to is not changed but by a deletion, so nobody who looks at that has to wait.
        out.push(if matches!(deed, Deed::Remove) { " for update)" } else { " for no key update)" });
    }

    fn write_update(&self, out: &mut Writer<'_>) {
        out.push("update ");
        out.push(self.of.sql);
        out.push(" set ");
    }

    fn write_expected<'t>(&'t self, out: &mut Writer<'t>) {
        out.push(" where ");
        self.id.write(out);
        out.push(r#" and not "pgkeel.found"."pgkeel.deleted""#);
        if let (Some(version), Some(column)) = (&self.expected, self.version()) {
            out.push(r#" and "pgkeel.found"."pgkeel.version" = "#);
            out.value(ParamName::Column(column.path), version);
        }
    }

    fn version(&self) -> Option<&'static ColumnFacts> {
        self.of.columns_for(Role::Version).next()
    }

    fn tell(&self, row: Option<Row>) -> Result<Row, Error> {
        let entity = self.of.table();
        let row = row.ok_or(Error::NotFound { entity })?;
        let (actual, is_deleted): (Option<i64>, bool) = (cell(&row, 0)?, cell(&row, 1)?);
        match (self.expected, cell::<Option<bool>>(&row, 2)?) {
            (_, Some(_)) => Ok(row),
            _ if is_deleted => Err(Error::Deleted { entity }),
            (Some(expected), None) if actual != self.expected => {
                Err(Error::Conflict { entity, expected, actual })
            }
            // A trigger or a rule did nothing in its place.
            (_, None) => Err(Error::RowCount { expected: "the row that was meant", found: 0 }),
        }
    }
}

/// The column that says when a row was deleted gets this, with what each change changes besides.
pub(super) fn write_deleted_at(of: &EntityFacts, value: &'static str, out: &mut Writer<'_>) {
    let Some(column) = deleted_at(of) else { return };
    out.push(column.bare);
    out.push(value);
    write_managed(of, None, |said| said.name == column.name, false, out);
}

fn cell<T: FromSqlOwned>(row: &Row, column: usize) -> Result<T, Error> {
    let read = row.try_get(column);
    Ok(read.map_err(|source| pgkeel_connect::Error::Decode { column, source })?)
}
