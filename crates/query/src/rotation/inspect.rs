//! What the catalog says of a sealed column, before anything is done with it.

use pgkeel_connect::{Ident, Type};
use tokio_postgres::Row;

use super::cells::Cells;
use super::column::shown;
use super::key::{KeyKind, Keys};
use super::{RotationProblem, SealedColumn, Step, TableProblem};
use crate::{Executor, Table};

/// One row, also of a table that is not there.
const LOOK: &str = "with asked as (select to_regclass($1) as oid)
    select space.nspname::text as schema, class.relname::text as name, class.relkind::text as kind,
        class.reltuples::float8 as rows,
        coalesce(key.names, '{}') as key_names, coalesce(key.types, '{}') as key_types,
        pg_catalog.format_type(sealed.atttypid, null) as column_type,
        coalesce(sealed.attgenerated <> '', false) as is_computed,
        pg_catalog.format_type(tenant.atttypid, null) as tenant_type,
        coalesce(pg_catalog.has_table_privilege(class.oid, 'select'), false) as may_select,
        coalesce(pg_catalog.has_column_privilege(class.oid, sealed.attnum, 'update'), false) as may_update,
        coalesce(pg_catalog.row_security_active(class.oid), false) as hides_rows,
        pg_catalog.pg_is_in_recovery() or pg_catalog.current_setting('transaction_read_only')::bool as is_read_only
    from asked
    left join pg_catalog.pg_class as class on class.oid = asked.oid
    left join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
    left join pg_catalog.pg_attribute as sealed on sealed.attrelid = class.oid and sealed.attname = $2
        and sealed.attnum > 0 and not sealed.attisdropped
    left join pg_catalog.pg_attribute as tenant on tenant.attrelid = class.oid and tenant.attname = $3
        and tenant.attnum > 0 and not tenant.attisdropped
    left join lateral (
        select array_agg(part.attname::text order by place.number) as names,
            array_agg(pg_catalog.format_type(part.atttypid, null) order by place.number) as types
        from pg_catalog.pg_index as key
        cross join lateral unnest(key.indkey::int2[]) with ordinality as place(attnum, number)
        join pg_catalog.pg_attribute as part on part.attrelid = key.indrelid and part.attnum = place.attnum
        where key.indrelid = class.oid and key.indisprimary and place.number <= key.indnkeyatts
    ) as key on true";

#[expect(clippy::struct_excessive_bools, reason = "a row as it is")]
struct Looked {
    schema: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    rows: Option<f64>,
    key_names: Vec<String>,
    key_types: Vec<String>,
    column_type: Option<String>,
    is_computed: bool,
    tenant_type: Option<String>,
    may_select: bool,
    may_update: bool,
    hides_rows: bool,
    is_read_only: bool,
}

/// A sealed column that was found in the catalog, as it is described.
pub(super) struct Target {
    /// With its schema.
    pub(super) table: Table,
    pub(super) column: Ident,
    pub(super) tenant: Option<Ident>,
    pub(super) keys: Keys,
    pub(super) cells: Cells,
    /// As the statistics have it; `None` if there are none.
    pub(super) rows: Option<u64>,
    may_update: bool,
    is_read_only: bool,
}

impl Target {
    /// # Errors
    /// What is wrong with the table, as far as reading goes.
    pub(super) async fn of(column: &SealedColumn, db: &impl Executor) -> Result<Self, RotationProblem> {
        column.check()?;
        let tenant = column.tenant.as_ref().map(Ident::name);
        let params = [
            (&column.table.to_string() as _, Type::TEXT),
            (&column.column.name() as _, Type::TEXT),
            (&tenant as _, Type::TEXT),
        ];
        let rows = db.query_typed(LOOK, &params).await.map_err(Step::Inspect.failed())?;
        let looked =
            rows.first().map(Looked::read).transpose().map_err(|error| Step::Inspect.unreadable(error))?;
        let looked = looked.ok_or_else(|| TableProblem::NoTable { table: shown(&column.table) });
        Ok(looked?.checked(column)?)
    }

    /// # Errors
    /// If nothing can be written here.
    pub(super) fn check_writes(&self) -> Result<(), RotationProblem> {
        if self.is_read_only { Err(RotationProblem::ReadOnly) } else { Ok(()) }
    }

    /// # Errors
    /// If cells cannot be written.
    pub(super) fn check_writable(&self) -> Result<(), TableProblem> {
        if !self.may_update {
            return Err(TableProblem::Privilege { table: shown(&self.table), right: "update" });
        }
        Ok(())
    }

    /// What is selected of the tenant, as text.
    pub(super) fn tenant_text(&self) -> String {
        self.tenant.as_ref().map_or_else(|| "null::text".to_owned(), |tenant| format!("t.{tenant}::text"))
    }
}

impl Looked {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            schema: row.try_get("schema")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            rows: row.try_get("rows")?,
            key_names: row.try_get("key_names")?,
            key_types: row.try_get("key_types")?,
            column_type: row.try_get("column_type")?,
            is_computed: row.try_get("is_computed")?,
            tenant_type: row.try_get("tenant_type")?,
            may_select: row.try_get("may_select")?,
            may_update: row.try_get("may_update")?,
            hides_rows: row.try_get("hides_rows")?,
            is_read_only: row.try_get("is_read_only")?,
        })
    }

    fn checked(self, column: &SealedColumn) -> Result<Target, TableProblem> {
        let table = shown(&column.table);
        let (Some(schema), Some(name)) = (&self.schema, &self.name) else {
            return Err(TableProblem::NoTable { table });
        };
        if !matches!(self.kind.as_deref(), Some("r" | "p")) {
            return Err(TableProblem::NotATable { table });
        }
        if !self.may_select {
            return Err(TableProblem::Privilege { table, right: "select" });
        }
        if self.hides_rows {
            return Err(TableProblem::RowSecurity { table });
        }
        let described: Vec<String> = column.row.iter().map(|name| name.name().to_owned()).collect();
        if self.key_names.is_empty() {
            return Err(TableProblem::NoPrimaryKey { table });
        }
        if self.key_names != described {
            return Err(TableProblem::OtherPrimaryKey { table, found: self.key_names, described });
        }
        let is_missing = |column: &Ident| TableProblem::NoColumn {
            table: table.clone(),
            column: column.name().to_owned(),
        };
        let found = self.column_type.ok_or_else(|| is_missing(&column.column))?;
        if self.is_computed {
            return Err(TableProblem::Computed { table, column: column.column.name().to_owned() });
        }
        if let (Some(tenant), None) = (&column.tenant, &self.tenant_type) {
            return Err(is_missing(tenant));
        }
        let cells = Cells::of(&found).ok_or_else(|| TableProblem::ColumnType {
            table: table.clone(),
            column: column.column.name().to_owned(),
            found,
        })?;
        let key = |(name, found): (&Ident, String)| {
            let kind = KeyKind::of(&found).ok_or_else(|| TableProblem::KeyType {
                table: table.clone(),
                column: name.name().to_owned(),
                found,
            })?;
            Ok((name.clone(), kind))
        };
        let keys = column.row.iter().zip(self.key_types).map(key).collect::<Result<_, _>>()?;
        let ident = |name: &String| Ident::new(name.clone()).expect("the catalog has names");
        Ok(Target {
            table: Table::new(ident(name)).in_schema(ident(schema)),
            column: column.column.clone(),
            tenant: column.tenant.clone(),
            keys: Keys::new(keys),
            cells,
            rows: self.rows.filter(|rows| *rows >= 0.0).map(whole),
            may_update: self.may_update,
            is_read_only: self.is_read_only,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate that is not negative"
)]
fn whole(rows: f64) -> u64 {
    rows as u64
}
