//! What CREATE INDEX CONCURRENTLY leaves when it fails: an index that is not valid, which IF NOT EXISTS passes over.

use pgkeel_connect::Executor as _;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::{Failure, Reason};
use super::session::Session;
use crate::files::{IndexBuild, IndexRebuild, Statement};
use crate::{Error, Step};

/// What there is before a statement runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing that matters.
    Nothing,
    /// What the statement is to make.
    Done,
    /// Indexes that are not valid, to be dropped; with their schemas.
    Leftovers(Vec<String>),
}

#[expect(clippy::struct_excessive_bools, reason = "facts as the catalog has them, each by itself")]
struct Index {
    /// With its schema, in quotes where needed.
    name: String,
    is_valid: bool,
    is_unique: bool,
    /// Of that very table.
    is_of_table: bool,
    is_partitioned: bool,
    /// All behind USING.
    definition: String,
    /// Who is building it.
    builder: Option<i32>,
}

const INDEX: &str =
    "select pg_catalog.format('%I.%I', nspname, c.relname), i.indisvalid, i.indisunique,
        i.indrelid operator(pg_catalog.=) r.oid, c.relkind operator(pg_catalog.=) 'I', pg_catalog.pg_get_indexdef(c.oid),
        (select p.pid from pg_catalog.pg_stat_progress_create_index p
         where p.index_relid operator(pg_catalog.=) c.oid
           and p.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid() limit 1)
    from pg_catalog.pg_class r
    join pg_catalog.pg_class c on c.relnamespace operator(pg_catalog.=) r.relnamespace
    join pg_catalog.pg_index i on i.indexrelid operator(pg_catalog.=) c.oid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where r.oid operator(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid
      and c.relname operator(pg_catalog.=) $2::pg_catalog.text";

/// Looks for the index that is to be built, and for what an earlier try has left of it.
pub(crate) async fn look(session: &Session, build: &IndexBuild, may_be_done: bool) -> Result<Found, Failure> {
    let Some(index) = find(session, build).await?.filter(|index| index.is_of_table) else {
        return Ok(Found::Nothing);
    };
    if let Some(pid) = index.builder {
        return Err(Reason::IndexInUse { index: index.name, pid }.into());
    }
    if !index.is_valid {
        // An index over partitions is not valid until each has its own.
        return Ok(if index.is_partitioned { Found::Nothing } else { Found::Leftovers(vec![index.name]) });
    }
    if !may_be_done && !build.tolerates_existing {
        return Ok(Found::Nothing); // the server will say so
    }
    let wanted = would_be(session, build).await?;
    if (index.is_unique, &index.definition) == (build.is_unique, &wanted) {
        Ok(Found::Done)
    } else {
        Err(Reason::IndexDiffers { index: index.name }.into())
    }
}

/// An index that was built has to be valid, also if IF NOT EXISTS has passed over another.
pub(crate) async fn check(session: &Session, build: &IndexBuild) -> Result<(), Failure> {
    match find(session, build).await? {
        Some(index) if !index.is_valid && !index.is_partitioned => {
            Err(Reason::IndexInvalid { index: index.name }.into())
        }
        _ => Ok(()),
    }
}

async fn find(session: &Session, build: &IndexBuild) -> Result<Option<Index>, Error> {
    let Some(name) = &build.name else { return Ok(None) };
    let names: [&(dyn ToSql + Sync); 2] = [&build.table, name];
    let row = session.step(Step::RepairIndex, session.query_opt(INDEX, &names)).await?;
    row.map(|row| read(&row).map_err(undecodable)).transpose()
}

fn read(row: &Row) -> Result<Index, tokio_postgres::Error> {
    let definition: String = row.try_get(5)?;
    Ok(Index {
        name: row.try_get(0)?,
        is_valid: row.try_get(1)?,
        is_unique: row.try_get(2)?,
        is_of_table: row.try_get(3)?,
        is_partitioned: row.try_get(4)?,
        definition: behind_using(&definition).to_owned(),
        builder: row.try_get(6)?,
    })
}

fn undecodable(source: tokio_postgres::Error) -> Error {
    let source = pgkeel_connect::Error::Decode { column: 0, source };
    Error::Database { step: Step::RepairIndex, source }
}

fn behind_using(definition: &str) -> &str {
    definition.split_once(" USING ").map_or(definition, |(_, behind)| behind)
}

/// What the server would write of the index, found out on an empty table of the same columns.
async fn would_be(session: &Session, build: &IndexBuild) -> Result<String, Error> {
    let unique = if build.is_unique { "unique " } else { "" };
    let sql = format!(
        "begin; create temp table pgkeel_like (like {}) on commit drop;
         create {unique}index pgkeel_like_index on pg_temp.pgkeel_like {}",
        build.table, build.definition
    );
    let connection = &session.connection;
    // sql: the statement of the file itself, which is run anyway
    let made = session.step(Step::RepairIndex, connection.batch_execute(&sql)).await;
    let definition = match made {
        Ok(()) => {
            let sql = "select pg_catalog.pg_get_indexdef('pg_temp.pgkeel_like_index'::pg_catalog.regclass)";
            session.step(Step::RepairIndex, connection.query_scalar::<String>(sql, &[])).await
        }
        Err(error) => Err(error),
    };
    session.step(Step::RepairIndex, connection.batch_execute("rollback")).await?;
    Ok(behind_using(&definition?).to_owned())
}

/// Looks for the copies that a failed REINDEX CONCURRENTLY has left (documentation of REINDEX, "Rebuilding Indexes
/// Concurrently").
pub(crate) async fn look_for_copies(session: &Session, rebuild: &IndexRebuild) -> Result<Found, Failure> {
    let sql = "select pg_catalog.format('%I.%I', nspname, c.relname)
        from (select pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid as oid) as named
        join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) coalesce(
            (select x.indrelid from pg_catalog.pg_index x where x.indexrelid operator(pg_catalog.=) named.oid), named.oid)
        join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid
        join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
        where not i.indisvalid and c.relname operator(pg_catalog.~) '_cc(new|old)[0-9]*$'
        and not exists (select from pg_catalog.pg_stat_progress_create_index p
            where p.relid operator(pg_catalog.=) i.indrelid)";
    let names: [&(dyn ToSql + Sync); 1] = [&rebuild.relation];
    let rows = session.step(Step::RepairIndex, session.query(sql, &names)).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let names = names.map_err(undecodable)?;
    Ok(if names.is_empty() { Found::Nothing } else { Found::Leftovers(names) })
}

/// Whether this is a DROP INDEX CONCURRENTLY of indexes that are all gone.
pub(crate) async fn is_dropped(session: &Session, statement: &Statement<'_>) -> Result<bool, Error> {
    let names = dropped(statement);
    for name in &names {
        let sql = "select pg_catalog.to_regclass($1::pg_catalog.text) is null";
        if !session.step(Step::RepairIndex, session.query_scalar(sql, &[name])).await? {
            return Ok(false);
        }
    }
    Ok(!names.is_empty())
}

/// The indexes that a DROP INDEX CONCURRENTLY names, as they are written.
fn dropped(statement: &Statement<'_>) -> Vec<String> {
    if !statement.begins_with(&["drop", "index", "concurrently"]) {
        return Vec::new();
    }
    let words = ["drop", "index", "concurrently", "if", "exists", "cascade", "restrict"];
    let names = statement.tokens.iter().map(|token| token.text);
    let names = names.filter(|token| !words.iter().any(|word| token.eq_ignore_ascii_case(word)));
    names.collect::<String>().split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::statements;

    #[test]
    fn what_a_drop_names_is_found() {
        let names = |sql| dropped(&statements(sql)[0]);
        assert_eq!(names("drop index concurrently if exists s.\"A b\", c cascade"), ["s.\"A b\"", "c"]);
        assert_eq!(names("drop index a"), [""; 0]);
    }
}
