//! Which columns a unique constraint is on that was violated.

use std::fmt;

use crate::entity::{Column, Entity, EntityFacts, default_name};
#[cfg(feature = "sealed")]
use crate::entity::{ColumnFacts, Role};
use crate::error::Failure;
#[cfg(feature = "sealed")]
use crate::sealed::SealedFacts;
use crate::{Error, Executor};

/// The key columns of a unique index, of the entity's table or one of its partitions. Of what is indexed by an expression, the
/// columns in it; the condition of an index, by which it leaves out rows, names columns too, so of an index with both an
/// expression and a condition the one that says when a row was deleted is left out.
const COLUMNS: &str = "select attribute.attname::text
    from pg_catalog.pg_index as index
    join pg_catalog.pg_class as named on named.oid = index.indexrelid
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = index.indrelid
    where named.relname = $2 and index.indisunique
        and (index.indrelid = pg_catalog.to_regclass($1)
            or index.indrelid in (select relid from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1))))
        and (attribute.attnum = any(index.indkey)
            or 0 = any(index.indkey) and attribute.attname is distinct from $3
                and exists (select from pg_catalog.pg_depend as part
                    where part.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and part.objid = index.indexrelid
                        and part.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and part.refobjid = index.indrelid and part.refobjsubid = attribute.attnum))
    order by pg_catalog.array_position(index.indkey::pg_catalog.int2[], attribute.attnum), attribute.attnum";

/// Another row has the same values in the columns of a unique constraint or index.
///
/// Which columns these are is read off the constraint's name, if that is PostgreSQL's own for a column that the entity says is
/// `unique`, or for its `id`. Else the database is asked for them, by the executor that the statement failed on. A transaction
/// answers no more, as it has failed: then they are read off the name, if it is PostgreSQL's own for columns of the entity. Give
/// unique indexes such names, or look at the name of the [constraint](Self::constraint).
pub struct UniqueViolation(Box<Facts>);

struct Facts {
    entity: &'static str,
    columns: Vec<String>,
    failure: Failure,
}

impl UniqueViolation {
    /// The table, as the entity says it.
    #[must_use]
    pub fn entity(&self) -> &'static str {
        self.0.entity
    }

    /// The columns, in the order of the index. None if they are not known, or are of another table.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.0.columns
    }

    /// Whether the column is one of them.
    #[must_use]
    pub fn is_of<E, T>(&self, column: Column<E, T>) -> bool {
        self.0.columns.iter().any(|name| name == column.facts.name)
    }

    /// Whether it is the entity's id that is there already.
    #[cfg(feature = "sealed")]
    pub(crate) fn is_of_id<E: Entity>(&self) -> bool {
        let ids = E::FACTS.columns.iter().filter(|column| column.is(Role::Id));
        ids.map(ColumnFacts::name).eq(self.columns())
    }

    /// The constraint or index, if the server named it.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.failure().inner().server()?.constraint()
    }

    pub(crate) fn failure(&self) -> &Failure {
        &self.0.failure
    }
}

impl fmt::Debug for UniqueViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UniqueViolation");
        shown
            .field("entity", &self.0.entity)
            .field("columns", &self.0.columns)
            .field("failure", &self.0.failure);
        shown.finish()
    }
}

impl fmt::Display for UniqueViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another row of {} has the same ", self.entity())?;
        match (self.columns(), self.constraint()) {
            ([], Some(constraint)) => write!(f, "values for {constraint}"),
            ([], None) => write!(f, "values"),
            (columns, _) => write!(f, "{}", columns.join(", ")),
        }
    }
}

impl std::error::Error for UniqueViolation {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.failure())
    }
}

/// What was done; a unique violation with its columns.
pub(crate) async fn named<E: Entity, T>(
    done: Result<T, Error>,
    database: &impl Executor,
) -> Result<T, Error> {
    match done {
        Err(error) if error.is_unique_violation() => Err(with_columns::<E>(error, database).await),
        done => done,
    }
}

async fn with_columns<E: Entity>(error: Error, database: &impl Executor) -> Error {
    let Error::Database(failure) = error else { return error };
    let of = E::FACTS;
    let constraint = failure.inner().server().and_then(|server| server.constraint().map(str::to_owned));
    let columns = match constraint {
        Some(constraint) => match sealed_column::<E>(&constraint)
            .or_else(|| default_name::unique_columns_of(&constraint, of))
        {
            Some(columns) => owned(columns),
            None => match asked(of, &constraint, database).await {
                Some(columns) => columns,
                None => owned(default_name::columns_of(&constraint, of).unwrap_or_default()),
            },
        },
        None => Vec::new(),
    };
    let columns = by_sealed_columns::<E>(columns);
    Error::Unique(UniqueViolation(Box::new(Facts { entity: of.table(), columns, failure })))
}

/// The sealed column whose blind index has the name that PostgreSQL gives to such.
#[cfg(feature = "sealed")]
fn sealed_column<E: Entity>(constraint: &str) -> Option<Vec<&'static str>> {
    let is_of = |column: &ColumnFacts| default_name::is_of_column(constraint, E::FACTS, column.name());
    let mut sealed = E::SEALED.iter();
    let found = sealed.find(|facts| facts.indexes().iter().any(|index| is_of(index.column())));
    found.map(|facts| vec![facts.column().name()])
}

#[cfg(not(feature = "sealed"))]
#[expect(clippy::extra_unused_type_parameters, reason = "as with the feature")]
fn sealed_column<E: Entity>(_: &str) -> Option<Vec<&'static str>> {
    None
}

/// Columns of blind indexes are those whose values they tell apart.
#[cfg(feature = "sealed")]
fn by_sealed_columns<E: Entity>(mut columns: Vec<String>) -> Vec<String> {
    for column in &mut columns {
        let is_of =
            |facts: &&&SealedFacts| facts.indexes().iter().any(|index| index.column().name() == column);
        if let Some(facts) = E::SEALED.iter().find(is_of) {
            facts.column().name().clone_into(column);
        }
    }
    columns
}

#[cfg(not(feature = "sealed"))]
#[expect(clippy::extra_unused_type_parameters, reason = "as with the feature")]
fn by_sealed_columns<E: Entity>(columns: Vec<String>) -> Vec<String> {
    columns
}

fn owned(columns: Vec<&'static str>) -> Vec<String> {
    columns.into_iter().map(str::to_owned).collect()
}

/// `None` if there was no answer.
async fn asked(of: &EntityFacts, constraint: &str, database: &impl Executor) -> Option<Vec<String>> {
    let deleted_at = super::visibility::deleted_at(of).map(crate::entity::ColumnFacts::name);
    let rows = database.query(COLUMNS, &[&of.sql, &constraint, &deleted_at]).await.ok()?;
    rows.iter().map(|row| row.try_get(0).ok()).collect()
}
