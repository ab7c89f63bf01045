//! What a task comes to for one column: which rows it reads, and how it writes what becomes of them.

use pgkeel_connect::{Ident, Type};

use super::batch::Change;
use super::bound::Bound;
use super::column::shown;
use super::inspect::Target;
use super::plaintext::{self, Plaintext};
use super::task::Task;
use super::{RotationProblem, SealedColumn, SealedIndex, Step, TableProblem};
use crate::Executor;

const LOOK: &str = "select pg_catalog.format_type(atttypid, null) as type, attnotnull as is_not_null,
        pg_catalog.has_column_privilege(attrelid, attnum, 'update') as may_update,
        exists (select from pg_catalog.pg_index as key where key.indrelid = attrelid and key.indisunique
            and attnum = any((key.indkey::int2[])[0:key.indnkeyatts - 1])) as is_unique
    from pg_catalog.pg_attribute
    where attrelid = to_regclass($1) and attname = $2 and attnum > 0 and not attisdropped";

/// The version of a row, and which table it is in: tables that inherit may have rows of the same key and version.
const VERSION: &str = "pg_catalog.concat(t.tableoid, '/', t.xmin)";

/// A task whose columns were found in the catalog.
pub(super) enum Plan<'a> {
    Reseal,
    Reindex { index: &'a SealedIndex, is_unique: bool },
    Adopt { plaintext: Plaintext, indexes: &'a [SealedIndex] },
    Clear { plaintext: Plaintext },
}

/// How changes are written.
pub(super) struct Written {
    /// The parameters, arrays of as many elements as there are changes, with the elements' names in `v`.
    pub(super) arrays: Vec<(String, Bound)>,
    /// What is set in `t`.
    pub(super) set: String,
    /// Whether the row is as it was read.
    pub(super) is_old: String,
}

impl<'a> Plan<'a> {
    /// How many passes there are at least.
    pub(super) fn least_passes(&self) -> i32 {
        if matches!(self, Self::Reindex { is_unique: true, .. }) { 2 } else { 1 }
    }

    /// Whether a pass writes nothing: the first one over a unique index meets all values that there are, before a row gets one that might
    /// be under another key than its neighbours.
    pub(super) fn only_looks(&self, pass: i32) -> bool {
        pass < self.least_passes()
    }

    /// # Errors
    /// What is wrong with its columns, or that they cannot be written.
    pub(super) async fn of(
        task: Task<'a>,
        column: &'a SealedColumn,
        target: &Target,
        db: &impl Executor,
    ) -> Result<Self, RotationProblem> {
        target.check_writes()?;
        match task {
            Task::Reseal => {
                target.check_writable()?;
                Ok(Self::Reseal)
            }
            Task::Reindex(index) => {
                let is_unique = Found::index(index, target, db).await?.is_unique;
                Ok(Self::Reindex { index, is_unique })
            }
            Task::Adopt(name) => {
                target.check_writable()?;
                let plaintext = Found::of(name, target, db).await?.plaintext(name, column, target)?;
                for index in &column.indexes {
                    Found::index(index, target, db).await?;
                }
                Ok(Self::Adopt { plaintext, indexes: &column.indexes })
            }
            Task::Clear(name) => {
                let found = Found::of(name, target, db).await?;
                found.check_writable(target)?;
                if found.is_not_null {
                    let (table, column) = (shown(&target.table), name.name().to_owned());
                    return Err(TableProblem::NotNull { table, column }.into());
                }
                Ok(Self::Clear { plaintext: found.plaintext(name, column, target)? })
            }
        }
    }

    /// The indexes that are written.
    pub(super) fn indexes(&self) -> &[SealedIndex] {
        match self {
            Self::Reindex { index, .. } => std::slice::from_ref(*index),
            Self::Adopt { indexes, .. } => indexes,
            Self::Reseal | Self::Clear { .. } => &[],
        }
    }

    /// Which rows there is something to do with, as parameters from the first on.
    pub(super) fn filter(&self, target: &Target, header: [u8; 8], only_looks: bool) -> (String, Vec<Bound>) {
        let Target { column, cells, .. } = target;
        match self {
            Self::Reseal => {
                let filter = format!("t.{column} is not null and {} <> all($1)", cells.prefix(column));
                (filter, vec![cells.prefixes(header)])
            }
            Self::Reindex { index, .. } => {
                let either = if only_looks { "and" } else { "or" };
                (format!("(t.{column} is not null {either} t.{} is not null)", index.column), Vec::new())
            }
            Self::Adopt { plaintext, .. } => {
                (format!("t.{} is not null and t.{column} is null", plaintext.column), Vec::new())
            }
            Self::Clear { plaintext } => {
                (format!("t.{} is not null and t.{column} is not null", plaintext.column), Vec::new())
            }
        }
    }

    /// What is selected behind the envelope: what the other column has, as `bytea`, and the version of the row, as text.
    pub(super) fn selected(&self) -> String {
        match self {
            Self::Reseal => "null::bytea, null::text".to_owned(),
            Self::Reindex { index, .. } => format!("t.{}, null::text", index.column),
            Self::Adopt { plaintext, .. } | Self::Clear { plaintext } => {
                format!("{}, {VERSION}", plaintext.read())
            }
        }
    }

    /// How these changes, which are of this plan, are written.
    pub(super) fn written(&self, target: &Target, changes: &[Change<'_>]) -> Written {
        let Target { column, cells, .. } = target;
        let old = || cells.bind(changes.iter().map(|change| change.cell.as_read()));
        let new = || cells.bind(changes.iter().map(|change| change.envelope.as_deref()));
        let index = |at: usize| bytes_of(changes.iter().map(|change| change.indexes[at].clone()));
        let version = || -> Bound {
            let versions: Vec<_> = changes.iter().map(|change| change.cell.version.clone()).collect();
            (Box::new(versions), Type::TEXT_ARRAY)
        };
        let named = |name: &str, bound| (name.to_owned(), bound);
        let is_version = format!("{VERSION} = v.version");
        match self {
            Self::Reseal => Written {
                arrays: vec![named("old", old()), named("new", new())],
                set: format!("{column} = v.new"),
                is_old: cells.is_old(column),
            },
            Self::Reindex { index: SealedIndex { column: of_index, .. }, .. } => {
                let before = bytes_of(changes.iter().map(|change| change.cell.other.expose().clone()));
                Written {
                    arrays: vec![named("old", old()), named("before", before), named("index", index(0))],
                    set: format!("{of_index} = v.index"),
                    is_old: format!(
                        "{} and t.{of_index} is not distinct from v.before",
                        cells.is_old(column)
                    ),
                }
            }
            Self::Adopt { indexes, .. } => {
                let mut arrays = vec![named("version", version()), named("new", new())];
                arrays.extend((0..indexes.len()).map(|at| (format!("index{at}"), index(at))));
                let sets = indexes.iter().enumerate();
                let sets = sets.map(|(at, index)| format!(", {} = v.index{at}", index.column));
                let set = format!("{column} = v.new{}", sets.collect::<String>());
                Written { arrays, set, is_old: is_version }
            }
            Self::Clear { plaintext } => Written {
                arrays: vec![named("version", version())],
                set: format!("{} = null", plaintext.column),
                is_old: is_version,
            },
        }
    }
}

fn bytes_of(values: impl Iterator<Item = Option<Vec<u8>>>) -> Bound {
    (Box::new(values.collect::<Vec<_>>()), Type::BYTEA_ARRAY)
}

/// What the catalog says of a column beside the sealed one.
struct Found {
    type_name: String,
    is_not_null: bool,
    may_update: bool,
    is_unique: bool,
}

impl Found {
    async fn of(column: &Ident, target: &Target, db: &impl Executor) -> Result<Self, RotationProblem> {
        let params = [(&target.table.to_string() as _, Type::TEXT), (&column.name() as _, Type::TEXT)];
        let row = db.query_opt_typed(LOOK, &params).await.map_err(Step::Inspect.failed())?;
        let row = row.ok_or_else(|| TableProblem::NoColumn {
            table: shown(&target.table),
            column: column.name().to_owned(),
        })?;
        let read = || {
            Ok(Self {
                type_name: row.try_get("type")?,
                is_not_null: row.try_get("is_not_null")?,
                may_update: row.try_get("may_update")?,
                is_unique: row.try_get("is_unique")?,
            })
        };
        read().map_err(|error| Step::Inspect.unreadable(error))
    }

    /// Of a column that an index is written to.
    async fn index(
        index: &SealedIndex,
        target: &Target,
        db: &impl Executor,
    ) -> Result<Self, RotationProblem> {
        let found = Self::of(&index.column, target, db).await?;
        if found.type_name != "bytea" {
            return Err(TableProblem::IndexType {
                table: shown(&target.table),
                column: index.column.name().to_owned(),
                found: found.type_name,
            }
            .into());
        }
        found.check_writable(target)?;
        Ok(found)
    }

    fn check_writable(&self, target: &Target) -> Result<(), TableProblem> {
        let problem = || TableProblem::Privilege { table: shown(&target.table), right: "update" };
        self.may_update.then_some(()).ok_or_else(problem)
    }

    fn plaintext(
        &self,
        column: &Ident,
        sealed: &SealedColumn,
        target: &Target,
    ) -> Result<Plaintext, TableProblem> {
        let kind = sealed.spec.kind();
        Plaintext::of(column, kind, &self.type_name).ok_or_else(|| TableProblem::PlaintextType {
            table: shown(&target.table),
            column: column.name().to_owned(),
            found: self.type_name.clone(),
            expected: plaintext::types(kind),
        })
    }
}
