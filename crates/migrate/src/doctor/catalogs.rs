//! What the catalogs tell.

use pgkeel_connect::Executor as _;
use tokio_postgres::Row;

use super::Complaint;
use crate::run::by_own_names;
use crate::run::session::Session;
use crate::{Error, Step};

/// Those that somebody is building right now are not done yet. An index of a partitioned table that waits for those of its
/// partitions is not valid by intention.
const INDEXES: &str = "
    select format('%I.%I', n.nspname, i.relname), format('%I.%I', m.nspname, t.relname), i.relname ~ '_cc(new|old)[0-9]*$'
    from pg_catalog.pg_index x
    join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_namespace n on n.oid = i.relnamespace
    join pg_catalog.pg_class t on t.oid = x.indrelid join pg_catalog.pg_namespace m on m.oid = t.relnamespace
    where not x.indisvalid and i.relkind = 'i' and n.nspname !~ '^pg_'
        and not exists (select from pg_catalog.pg_stat_progress_create_index p
            where p.index_relid = i.oid or p.relid = t.oid)
    order by 1";

const CONSTRAINTS: &str = "
    select quote_ident(c.conname), format('%I.%I', n.nspname, t.relname)
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_class t on t.oid = c.conrelid join pg_catalog.pg_namespace n on n.oid = t.relnamespace
    where not c.convalidated and c.contype in ('c', 'f', 'n') and c.conparentid = 0
    order by 2, 1";

/// Without a schema the right to make one, else those on each of its tables.
const RIGHTS: &str = "
    with schema as (select oid, nspname from pg_catalog.pg_namespace where nspname = 'pgkeel')
    select 'create the schema pgkeel', format('grant create on database %I to %I', current_database(), current_user)
    where not exists (select from schema)
        and not has_database_privilege(current_database(), 'create')
    union all
    select 'use the schema pgkeel', format('grant usage on schema pgkeel to %I', current_user)
    from schema where not has_schema_privilege(oid, 'usage')
    union all
    select format('%s in pgkeel.%s', wanted.right, relname),
        format('grant %s on pgkeel.%I to %I', wanted.right, relname, current_user)
    from schema join pg_catalog.pg_class c on c.relnamespace = schema.oid
    join (values ('refinery_schema_history', 'select'), ('refinery_schema_history', 'insert'),
        ('refinery_schema_history', 'delete'), ('migration_log', 'select'), ('migration_log', 'insert'),
        ('repeatable', 'select'), ('repeatable', 'insert'), ('repeatable', 'update'), ('repeatable', 'delete'),
        ('schema_snapshot', 'select'), ('schema_snapshot', 'insert'), ('schema_snapshot', 'update')
    ) as wanted (of_table, \"right\") on wanted.of_table = relname
    where not has_table_privilege(c.oid, wanted.right)";

pub(super) async fn indexes(session: &Session) -> Result<Vec<Complaint>, Error> {
    ask(session, INDEXES, |row| {
        let (index, table, is_leftover) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Complaint::InvalidIndex { index, table, is_leftover })
    })
    .await
}

pub(super) async fn constraints(session: &Session) -> Result<Vec<Complaint>, Error> {
    ask(session, CONSTRAINTS, |row| {
        Ok(Complaint::NotValidated { constraint: row.try_get(0)?, table: row.try_get(1)? })
    })
    .await
}

pub(super) async fn rights(session: &Session) -> Result<Vec<Complaint>, Error> {
    let read = |row: &Row| Ok(Complaint::MissingRight { right: row.try_get(0)?, grant: row.try_get(1)? });
    ask(session, RIGHTS, read).await
}

async fn ask(
    session: &Session,
    sql: &str,
    read: impl Fn(&Row) -> Result<Complaint, tokio_postgres::Error>,
) -> Result<Vec<Complaint>, Error> {
    let asked = by_own_names(&session.connection, session.query(sql, &[]));
    let rows = session.step(Step::Check, asked).await?;
    let read = rows.iter().map(read).collect::<Result<_, _>>();
    let read = read.map_err(|source| pgkeel_connect::Error::Decode { column: 0, source });
    read.map_err(|source| Error::Database { step: Step::Check, source })
}
