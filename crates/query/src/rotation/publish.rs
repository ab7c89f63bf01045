//! Which columns are sealed, where all programs and operators find it.

use std::collections::HashSet;

use pgkeel_connect::Type;
use serde::Serialize;
use tokio_postgres::Row;

use super::document::Described;
use super::inspect::Target;
use super::{RotationProblem, SealedColumn, SealedIndex, Step};
use crate::sealed::registered;
use crate::{Error, Executor};

/// What was there is told apart by the system column xmax, which is 0 of a new row.
const PUBLISH: &str = "with asked as (
        select * from jsonb_to_recordset($1::jsonb) as asked(schema text, \"table\" text, \"column\" text, row text[], tenant text,
            context text, kind text, suite text, also_opens text, any_row bool, per_tenant bool, pad int4, index jsonb)
    ), columns as (
        insert into pgkeel.sealed_column as known (table_schema, table_name, column_name, row_columns, tenant_column,
            context, kind, suite, also_opens, is_row_bound, is_tenant_bound, padding)
        select schema, \"table\", \"column\", asked.row, tenant, context, kind, suite, also_opens, not any_row, per_tenant, pad
        from asked
        on conflict (table_schema, table_name, column_name) do update set
            row_columns = excluded.row_columns, tenant_column = excluded.tenant_column, context = excluded.context,
            kind = excluded.kind, suite = excluded.suite, also_opens = excluded.also_opens,
            is_row_bound = excluded.is_row_bound, is_tenant_bound = excluded.is_tenant_bound,
            padding = excluded.padding, published_by = default, published_at = default
        where (known.row_columns, known.tenant_column, known.context, known.kind, known.suite, known.also_opens,
                known.is_row_bound, known.is_tenant_bound, known.padding)
            is distinct from (excluded.row_columns, excluded.tenant_column, excluded.context, excluded.kind, excluded.suite,
                excluded.also_opens, excluded.is_row_bound, excluded.is_tenant_bound, excluded.padding)
        returning table_schema, table_name, column_name, xmax = 0 as is_new
    ), indexes as (
        insert into pgkeel.sealed_index as known (table_schema, table_name, column_name, index_column, name, normalizer, bits,
            cost, is_tenant_bound)
        select asked.schema, asked.\"table\", asked.\"column\", of.\"column\", of.name, of.normalize, of.bits, of.cost, of.per_tenant
        from asked cross join lateral jsonb_to_recordset(asked.index)
            as of(\"column\" text, name text, normalize text, bits int2, cost int8[], per_tenant bool)
        on conflict (table_schema, table_name, index_column) do update set
            column_name = excluded.column_name, name = excluded.name, normalizer = excluded.normalizer,
            bits = excluded.bits, cost = excluded.cost, is_tenant_bound = excluded.is_tenant_bound
        where (known.column_name, known.name, known.normalizer, known.bits, known.cost, known.is_tenant_bound)
            is distinct from (excluded.column_name, excluded.name, excluded.normalizer, excluded.bits, excluded.cost,
                excluded.is_tenant_bound)
        returning table_schema, table_name, column_name, false as is_new
    ), gone as (
        delete from pgkeel.sealed_index as known using asked
        where (known.table_schema, known.table_name, known.column_name) = (asked.schema, asked.\"table\", asked.\"column\")
            and not exists (
                select from asked as any_of cross join lateral jsonb_to_recordset(any_of.index) as of(\"column\" text)
                where (any_of.schema, any_of.\"table\", of.\"column\")
                    = (known.table_schema, known.table_name, known.index_column))
        returning known.table_schema, known.table_name, known.column_name, false as is_new
    )
    select table_schema || '.' || table_name || '.' || column_name as place, bool_or(is_new) as is_new
    from (select * from columns union all select * from indexes union all select * from gone) as written
    group by 1 order by 1";

const PUBLISHED: &str = "select id, jsonb_build_object('schema', table_schema, 'table', table_name, 'column', column_name,
        'row', row_columns, 'tenant', tenant_column, 'context', context, 'kind', kind, 'suite', suite, 'also_opens', also_opens,
        'any_row', not is_row_bound, 'per_tenant', is_tenant_bound, 'pad', padding,
        'index', coalesce((select jsonb_agg(jsonb_build_object('column', index_column, 'name', name, 'normalize', normalizer,
                'bits', bits, 'cost', cost, 'per_tenant', of.is_tenant_bound) order by index_column)
            from pgkeel.sealed_index as of
            where (of.table_schema, of.table_name, of.column_name)
                = (known.table_schema, known.table_name, known.column_name)), '[]'))::text
    from pgkeel.sealed_column as known order by table_schema, table_name, column_name";

/// What [`publish`] has written. Columns are told by schema, table and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Published {
    /// Those that were not known.
    pub added: Vec<String>,
    /// Those that were described otherwise, or whose indexes were.
    pub changed: Vec<String>,
    /// How many were known as they are.
    pub unchanged: usize,
}

/// Writes down which columns are sealed, and how: for whoever rotates, verifies and retires keys without having the program. To be
/// called where migrations are applied, or at the start. Each table is looked at first, and all are written by one statement.
/// Columns that others have published stay; of a column that was published otherwise the last one counts, with its indexes.
///
/// # Errors
/// [`Error::Rotation`] if a table is not as it is described, and with what the executor says.
///
/// # Cancellation
/// All is published, or nothing.
pub async fn publish(db: &impl Executor, columns: &[SealedColumn]) -> Result<Published, Error> {
    let (mut asked, mut places) = (Vec::new(), HashSet::new());
    for column in columns {
        let target = Target::of(column, db).await?;
        if !places.insert((target.table.to_string(), column.column.name())) {
            return Err(RotationProblem::PublishedTwice { column: column.to_string() }.into());
        }
        asked.push(Described::of(column, &target.table));
    }
    let asked = serde_json::to_string(&asked).expect("texts, numbers and lists are JSON");
    let rows = db.query_typed(PUBLISH, &[(&asked, Type::TEXT)]).await.map_err(Step::Publish.failed())?;
    let mut published = Published { added: Vec::new(), changed: Vec::new(), unchanged: columns.len() };
    for row in &rows {
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (place, is_new): (String, bool) = read().map_err(|error| Step::Publish.unreadable(error))?;
        published.unchanged = published.unchanged.saturating_sub(1);
        if is_new { published.added.push(place) } else { published.changed.push(place) }
    }
    Ok(published)
}

/// [Publishes](publish()) all sealed columns of entities of this program, [`registered`]: at its start, or
/// where migrations are applied.
///
/// ```
/// use pgkeel_query::sealed::{self, Sealed};
/// use pgkeel_query::{Entity, Executor, rotation};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     #[pgkeel(sealed(context = "app.users.email"))]
///     email: Sealed<String>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = pgkeel_testkit::TestDatabase::empty().await;
/// # let db = &database.connection().await;
/// # let table = "create table users (id int8 generated always as identity primary key);";
/// # db.batch_execute(&format!("{table}{}{}", sealed::ddl::<User>(), rotation::MIGRATIONS[0].1)).await?;
/// let published = sealed::publish(db).await?;
/// assert_eq!(published.added, ["public.users.email"]);
/// # Ok(())
/// # }
/// # let _ = |user: User| (user.id, user.email);
/// ```
///
/// # Errors
/// As [`publish()`].
///
/// # Cancellation
/// All is published, or nothing.
pub async fn publish_registered(db: &impl Executor) -> Result<Published, Error> {
    let columns: Vec<SealedColumn> = registered().map(SealedColumn::from).collect();
    publish(db, &columns).await
}

/// Takes back that a column is sealed, as it or its table is gone, with what is known of its rotations.
///
/// Returns whether it was published. A table that is not there any more has to be named with its schema.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// It is withdrawn, or not.
pub async fn withdraw(db: &impl Executor, column: &SealedColumn) -> Result<bool, Error> {
    let sql = "delete from pgkeel.sealed_column where table_name = $1 and column_name = $2
        and table_schema = coalesce($3, (select nspname::text from pg_catalog.pg_class as class
            join pg_catalog.pg_namespace as space on space.oid = class.relnamespace where class.oid = to_regclass($4)))";
    let table = column.table();
    let params = [
        (&table.name().name() as _, Type::TEXT),
        (&column.column().name() as _, Type::TEXT),
        (&table.schema().map(|schema| schema.name().to_owned()) as _, Type::TEXT),
        (&table.to_string() as _, Type::TEXT),
    ];
    Ok(db.execute_typed(sql, &params).await.map_err(Step::Publish.failed())? > 0)
}

/// All columns that are published, in the order of their names.
///
/// # Errors
/// [`Error::Rotation`] with what a newer program may have published that this one does not know, and with what the executor says.
///
/// # Cancellation
/// Nothing is left behind but what the executor leaves.
pub async fn published(db: &impl Executor) -> Result<Vec<SealedColumn>, Error> {
    Ok(numbered(db).await?.into_iter().map(|(_, column)| column).collect())
}

/// With their numbers.
pub(super) async fn numbered(db: &impl Executor) -> Result<Vec<(i64, SealedColumn)>, RotationProblem> {
    let rows = db.query_typed(PUBLISHED, &[]).await.map_err(Step::Published.failed())?;
    let read = |row: &Row| {
        let columns = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (number, text): (i64, String) = columns().map_err(|error| Step::Published.unreadable(error))?;
        let described: Described = serde_json::from_str(&text).map_err(RotationProblem::Stored)?;
        Ok((number, described.read()?))
    };
    rows.iter().map(read).collect()
}

/// The column's number.
///
/// # Errors
/// If it, or an index that is written, is not published, or otherwise.
pub(super) async fn number(
    db: &impl Executor,
    column: &SealedColumn,
    indexes: &[SealedIndex],
    target: &Target,
) -> Result<i64, RotationProblem> {
    let asked = SealedColumn { table: target.table.clone(), ..column.clone() };
    let known = numbered(db).await?;
    let same =
        known.into_iter().find(|(_, known)| known.table == asked.table && known.column == asked.column);
    let (number, known) = same.ok_or_else(|| RotationProblem::NotPublished { column: column.to_string() })?;
    if known.spec != asked.spec || known.row != asked.row || known.tenant != asked.tenant {
        return Err(RotationProblem::PublishedOtherwise { column: column.to_string() });
    }
    if let Some(index) = indexes.iter().find(|index| !known.indexes.contains(index)) {
        let (column, index) = (column.to_string(), index.column.name().to_owned());
        return Err(RotationProblem::IndexNotPublished { column, index });
    }
    Ok(number)
}
