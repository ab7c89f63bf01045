//! What is applied in many places at once, read in a few round trips: a session each, or a look after the other, would take
//! longer than to apply a file.

use std::collections::BTreeMap;

use pgkeel_connect::{Executor as _, TypedParam};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::log::Trail;
use super::{Applied, Home, Repeated, Status, history, log, repeated};
use crate::run::session::Session;
use crate::run::{Lock, by_own_names};
use crate::{Error, Migrations, Step};

/// How many are read together. A statement over more takes the server longer to plan than it saves.
pub(crate) const TOGETHER: usize = 50;

/// Which tables are there, and can be read.
#[derive(Debug, Default, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "facts as the catalog has them, each by itself")]
struct There {
    history: bool,
    log: bool,
    repeatable: bool,
    /// Something is that only a look at this place alone can put into words.
    is_odd: bool,
}

const TABLES: &str = "
    select array_position($1::text[], nspname::text) - 1, relname::text,
        has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
    where nspname = any ($1::text[]) and relname = any ($2::text[])";

/// The status of each of these places; `None` for one that has to be looked at by itself.
pub(crate) async fn look(
    session: &Session,
    homes: &[&Home],
    migrations: &Migrations,
) -> Result<Vec<Option<Status>>, Error> {
    let there = tables(session, homes).await?;
    let mut holders = Lock::holders(session, homes).await?;
    let applied = rows(session, homes, |at, home| there[at].history.then(|| history::select(home))).await?;
    let last = rows(session, homes, |at, home| there[at].log.then(|| log::select_last(home))).await?;
    let hashes = rows(session, homes, |at, home| there[at].log.then(|| log::select_hashes(home))).await?;
    let wanted =
        rows(session, homes, |at, home| there[at].repeatable.then(|| repeated::select(home))).await?;
    let status = |at: usize| {
        let mut rows: Vec<Applied> =
            of(&applied, at).iter().map(history::applied).collect::<Result<_, _>>()?;
        rows.sort_by_key(|row| row.version);
        let trail = Trail::of(of(&last, at).iter(), of(&hashes, at).iter())?;
        let repeated: Result<Vec<Repeated>, _> = of(&wanted, at).iter().map(repeated::repeated).collect();
        let mut repeated = repeated.map_err(unreadable)?;
        repeated.sort_by(|one, other| one.name.cmp(&other.name));
        let status = Status::compare(migrations, rows, &trail, holders.remove(&at));
        Ok::<_, Error>(status.with_repeatables(migrations, repeated))
    };
    // What cannot be read is told by whoever reads that place alone.
    let found = (0..homes.len()).map(status).zip(there);
    Ok(found.map(|(status, there)| status.ok().filter(|_| !there.is_odd)).collect())
}

async fn tables(session: &Session, homes: &[&Home]) -> Result<Vec<There>, Error> {
    let schemas: Vec<&str> = homes.iter().map(|home| home.schema()).collect();
    let mut found = vec![There::default(); homes.len()];
    let Some(names) = homes.first().map(|home| home.tables()) else { return Ok(found) };
    let [history, log, repeatable] =
        [&names.history, &names.log, &names.repeatable].map(|table| &*table.name);
    let tables = [history, log, repeatable, Home::REFINERYS];
    let tables = &tables[..];
    let wanted: [TypedParam<'_>; 2] = [(&schemas, Type::TEXT_ARRAY), (&tables, Type::TEXT_ARRAY)];
    let look = by_own_names(&session.connection, session.query_typed(TABLES, &wanted));
    let mut has_refinerys = vec![false; homes.len()];
    for row in session.step(Step::ReadHistory, look).await? {
        let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        let (at, name, is_readable): (i32, String, bool) = read().map_err(unreadable)?;
        let at = usize::try_from(at).unwrap_or_default();
        let there = &mut found[at];
        if name == history {
            (there.history, there.is_odd) = (is_readable, there.is_odd || !is_readable);
        } else if name == log {
            there.log = is_readable;
        } else if name == repeatable {
            (there.repeatable, there.is_odd) = (is_readable, there.is_odd || !is_readable);
        } else {
            has_refinerys[at] = true;
        }
    }
    for (there, has_refinerys) in found.iter_mut().zip(has_refinerys) {
        there.is_odd |= has_refinerys && !there.history;
    }
    Ok(found)
}

/// The rows of a statement for each place, sent as one; what place they are of is their last column.
async fn rows(
    session: &Session,
    homes: &[&Home],
    select: impl Fn(usize, &Home) -> Option<String>,
) -> Result<BTreeMap<usize, Vec<Row>>, Error> {
    let selects = homes.iter().enumerate().filter_map(|(at, home)| {
        let select = select(at, home)?;
        Some(format!("(select *, {at} from ({select}) as rows)"))
    });
    let sql = selects.collect::<Vec<_>>().join(" union all ");
    let mut found: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
    if sql.is_empty() {
        return Ok(found);
    }
    // sql: the tables' names are quoted; places are numbers
    for row in session.step(Step::ReadHistory, session.query(&sql, &[])).await? {
        let at: i32 = row.try_get(row.len() - 1).map_err(unreadable)?;
        found.entry(usize::try_from(at).unwrap_or_default()).or_default().push(row);
    }
    Ok(found)
}

fn of(found: &BTreeMap<usize, Vec<Row>>, at: usize) -> &[Row] {
    found.get(&at).map_or(&[], Vec::as_slice)
}

fn unreadable(source: tokio_postgres::Error) -> Error {
    let source = pgkeel_connect::Error::Decode { column: 0, source };
    Error::Database { step: Step::ReadHistory, source }
}
