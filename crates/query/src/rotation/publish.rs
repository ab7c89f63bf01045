//! Which columns are sealed, where all programs and operators find it.

use pgkeel_connect::{Ident, Type};
use pgkeel_crypto::{ColumnSpec, IndexSpec};
use serde::Serialize;
use tokio_postgres::Row;

use super::document::{Described, DescribedIndex};
use super::inspect::Target;
use super::problem::Step;
use super::{RotationProblem, SealedColumn};
use crate::{Error, Executor};

/// Columns and their indexes, each of the arrays a column of theirs. What was there is told apart by the system column xmax,
/// which is 0 of a new row.
const PUBLISH: &str = "with columns as (
        insert into pgkeel.sealed_column as known (table_schema, table_name, column_name, row_columns, tenant_column,
            context, kind, suite, also_opens, is_row_bound, is_tenant_bound, padding)
        select asked.schema, asked.name, asked.col,
            (select array_agg(key.name order by key.number)
                from unnest($13::int8[], $14::text[]) with ordinality as key(place, name, number) where key.place = asked.place),
            asked.tenant, asked.context, asked.kind, asked.suite, asked.also_opens, asked.of_row, asked.of_tenant, asked.padding
        from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::bool[], $11::bool[], $12::int4[])
            as asked(schema, name, col, place, tenant, context, kind, suite, also_opens, of_row, of_tenant, padding)
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
        select asked.schema, asked.name, asked.col, asked.index_col, asked.index_name, asked.normalizer, asked.bits,
            string_to_array(asked.cost, ' ')::int8[], asked.of_tenant
        from unnest($15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::int2[], $22::text[], $23::bool[])
            as asked(schema, name, col, index_col, index_name, normalizer, bits, cost, of_tenant)
        on conflict (table_schema, table_name, index_column) do update set
            column_name = excluded.column_name, name = excluded.name, normalizer = excluded.normalizer,
            bits = excluded.bits, cost = excluded.cost, is_tenant_bound = excluded.is_tenant_bound
        where (known.column_name, known.name, known.normalizer, known.bits, known.cost, known.is_tenant_bound)
            is distinct from (excluded.column_name, excluded.name, excluded.normalizer, excluded.bits, excluded.cost,
                excluded.is_tenant_bound)
        returning table_schema, table_name, column_name, false as is_new
    )
    select table_schema || '.' || table_name || '.' || column_name as place, bool_or(is_new) as is_new
    from (select * from columns union all select * from indexes) as written
    group by 1 order by 1";

const PUBLISHED: &str =
    "select id, table_schema, table_name, column_name, row_columns, tenant_column, context, kind, suite,
        also_opens, is_row_bound, is_tenant_bound, padding::int8
    from pgkeel.sealed_column order by table_schema, table_name, column_name";

const INDEXES: &str = "select table_schema, table_name, column_name, index_column, name, normalizer, bits::int8, cost, is_tenant_bound
    from pgkeel.sealed_index order by table_schema, table_name, column_name, index_column";

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
/// Columns that others have published stay; of a column that was published otherwise the last one counts.
///
/// # Errors
/// [`Error::Rotation`] if a table is not as it is described, and with what the executor says.
///
/// # Cancellation
/// All is published, or nothing.
pub async fn publish(db: &impl Executor, columns: &[SealedColumn]) -> Result<Published, Error> {
    let mut asked = Vec::new();
    for column in columns {
        let target = Target::of(column, db).await?;
        asked.push((column, Place::of(&target)));
    }
    let (texts, indexes) = (Arrays::columns(&asked), Arrays::indexes(&asked));
    let params: Vec<_> = texts.params().into_iter().chain(indexes.params()).collect();
    let rows = db.query_typed(PUBLISH, &params).await.map_err(Step::Publish.failed())?;
    let mut published = Published { added: Vec::new(), changed: Vec::new(), unchanged: columns.len() };
    for row in &rows {
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (place, is_new): (String, bool) = read().map_err(|error| Step::Publish.unreadable(error))?;
        published.unchanged = published.unchanged.saturating_sub(1);
        if is_new { published.added.push(place) } else { published.changed.push(place) }
    }
    Ok(published)
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
    let unreadable = |error| Step::Published.unreadable(error);
    let columns = db.query_typed(PUBLISHED, &[]).await.map_err(Step::Published.failed())?;
    let indexes = db.query_typed(INDEXES, &[]).await.map_err(Step::Published.failed())?;
    let mut read = Vec::with_capacity(columns.len());
    for row in &columns {
        let place = Place::read(row, 1).map_err(unreadable)?;
        let mut described = described(row).map_err(unreadable)?;
        for index in &indexes {
            if Place::read(index, 0).map_err(unreadable)? == place {
                described.index.push(described_index(index).map_err(unreadable)?);
            }
        }
        read.push((row.try_get(0).map_err(unreadable)?, described.read()?));
    }
    Ok(read)
}

/// The column's number.
///
/// # Errors
/// If it is not published, or otherwise.
pub(super) async fn number(
    db: &impl Executor,
    column: &SealedColumn,
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
    Ok(number)
}

/// Schema, table and column.
#[derive(PartialEq, Eq)]
struct Place {
    schema: String,
    table: String,
    column: String,
}

impl Place {
    fn of(target: &Target) -> Self {
        let schema = target.table.schema().map(|schema| schema.name().to_owned());
        let (table, column) = (target.table.name().name().to_owned(), target.column.name().to_owned());
        Self { schema: schema.unwrap_or_default(), table, column }
    }

    /// In three columns of a row, from this one on.
    fn read(row: &Row, at: usize) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { schema: row.try_get(at)?, table: row.try_get(at + 1)?, column: row.try_get(at + 2)? })
    }
}

fn described(row: &Row) -> Result<Described, tokio_postgres::Error> {
    let (suite, is_row_bound): (String, bool) = (row.try_get(8)?, row.try_get(10)?);
    Ok(Described {
        schema: Some(row.try_get(1)?),
        table: row.try_get(2)?,
        column: row.try_get(3)?,
        row: row.try_get(4)?,
        tenant: row.try_get(5)?,
        context: row.try_get(6)?,
        kind: row.try_get(7)?,
        suite: Some(suite),
        also_opens: row.try_get(9)?,
        any_row: !is_row_bound,
        per_tenant: row.try_get(11)?,
        pad: row.try_get(12)?,
        index: Vec::new(),
    })
}

fn described_index(row: &Row) -> Result<DescribedIndex, tokio_postgres::Error> {
    let cost: Option<Vec<i64>> = row.try_get(7)?;
    Ok(DescribedIndex {
        column: row.try_get(3)?,
        name: Some(row.try_get(4)?),
        normalize: Some(row.try_get(5)?),
        bits: row.try_get(6)?,
        cost: cost.and_then(|cost| cost.try_into().ok()),
        per_tenant: row.try_get(8)?,
    })
}

type Param = (Box<dyn tokio_postgres::types::ToSql + Send + Sync>, Type);

/// Parameters of [`PUBLISH`].
struct Arrays(Vec<Param>);

impl Arrays {
    fn columns(asked: &[(&SealedColumn, Place)]) -> Self {
        let texts = |text: &dyn Fn(&SealedColumn, &Place) -> Option<String>| -> Param {
            (
                Box::new(asked.iter().map(|(column, place)| text(column, place)).collect::<Vec<_>>()),
                Type::TEXT_ARRAY,
            )
        };
        let flags = |flag: fn(&ColumnSpec) -> bool| -> Param {
            (
                Box::new(asked.iter().map(|(column, _)| flag(&column.spec)).collect::<Vec<_>>()),
                Type::BOOL_ARRAY,
            )
        };
        let padding =
            |(column, _): &(&SealedColumn, Place)| column.spec.padding().map(|it| i32::from(it.bytes()));
        let keys = (0..)
            .zip(asked)
            .flat_map(|(place, (column, _))| column.row.iter().map(move |name| (place, name)));
        let keys: Vec<(i64, &Ident)> = keys.collect();
        let mut params = places(asked.iter().map(|(_, place)| place));
        params.extend([
            (Box::new((0..).take(asked.len()).collect::<Vec<i64>>()) as _, Type::INT8_ARRAY),
            texts(&|column, _| column.tenant.as_ref().map(|name| name.name().to_owned())),
            texts(&|column, _| Some(column.spec.context().to_owned())),
            texts(&|column, _| Some(column.spec.kind().to_string())),
            texts(&|column, _| Some(column.spec.suite().to_string())),
            texts(&|column, _| column.spec.other_suite().map(|suite| suite.to_string())),
            flags(ColumnSpec::is_row_bound),
            flags(ColumnSpec::is_tenant_bound),
            (Box::new(asked.iter().map(padding).collect::<Vec<_>>()), Type::INT4_ARRAY),
            (Box::new(keys.iter().map(|(place, _)| *place).collect::<Vec<_>>()), Type::INT8_ARRAY),
            (
                Box::new(keys.iter().map(|(_, name)| name.name().to_owned()).collect::<Vec<_>>()),
                Type::TEXT_ARRAY,
            ),
        ]);
        Self(params)
    }

    fn indexes(asked: &[(&SealedColumn, Place)]) -> Self {
        let all: Vec<_> = asked
            .iter()
            .flat_map(|(column, place)| column.indexes.iter().map(move |index| (index, place)))
            .collect();
        let texts = |text: &dyn Fn(&IndexSpec) -> Option<String>| -> Param {
            (Box::new(all.iter().map(|(index, _)| text(&index.spec)).collect::<Vec<_>>()), Type::TEXT_ARRAY)
        };
        let columns: Vec<String> = all.iter().map(|(index, _)| index.column.name().to_owned()).collect();
        let bits: Vec<_> = all.iter().map(|(index, _)| index.spec.bits().map(i16::from)).collect();
        let flags: Vec<_> = all.iter().map(|(index, _)| index.spec.is_tenant_bound()).collect();
        let mut params = places(all.iter().map(|(_, place)| *place));
        params.extend([
            (Box::new(columns) as _, Type::TEXT_ARRAY),
            texts(&|spec| Some(spec.name().to_owned())),
            texts(&|spec| Some(spec.normalizer().to_string())),
            (Box::new(bits) as _, Type::INT2_ARRAY),
            texts(&|spec| spec.cost().map(|cost| cost.figures().map(|figure| figure.to_string()).join(" "))),
            (Box::new(flags) as _, Type::BOOL_ARRAY),
        ]);
        Self(params)
    }

    fn params(&self) -> Vec<pgkeel_connect::TypedParam<'_>> {
        self.0.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect()
    }
}

/// Schemas, tables and columns.
fn places<'a>(places: impl Iterator<Item = &'a Place> + Clone) -> Vec<Param> {
    let texts = |text: fn(&Place) -> &String| -> Param {
        (Box::new(places.clone().map(|place| text(place).clone()).collect::<Vec<_>>()), Type::TEXT_ARRAY)
    };
    vec![texts(|place| &place.schema), texts(|place| &place.table), texts(|place| &place.column)]
}
