//! Which columns a unique constraint is on that was violated.

use std::fmt;

use crate::entity::{Column, EntityFacts, Role};
use crate::error::Failure;
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
pub(super) async fn named<T>(
    done: Result<T, Error>,
    of: &'static EntityFacts,
    database: &impl Executor,
) -> Result<T, Error> {
    match done {
        Err(error) if error.is_unique_violation() => Err(with_columns(error, of, database).await),
        done => done,
    }
}

async fn with_columns(error: Error, of: &'static EntityFacts, database: &impl Executor) -> Error {
    let Error::Database(failure) = error else { return error };
    let constraint = failure.inner().server().and_then(|server| server.constraint().map(str::to_owned));
    let columns = match constraint {
        Some(constraint) => match by_name(of, &constraint) {
            Some(columns) => columns,
            None => match asked(of, &constraint, database).await {
                Some(columns) => columns,
                None => by_names(of, &constraint),
            },
        },
        None => Vec::new(),
    };
    Error::Unique(UniqueViolation(Box::new(Facts { entity: of.table(), columns, failure })))
}

/// By the names that PostgreSQL gives to constraints of a column and to primary keys ("CREATE TABLE", Notes on names).
fn by_name(of: &EntityFacts, constraint: &str) -> Option<Vec<String>> {
    let rest = constraint.strip_prefix(own_name(of))?.strip_prefix('_')?;
    let names = |role| of.columns_for(role).map(|column| column.name().to_owned());
    if rest == "pkey" {
        return Some(names(Role::Id).collect()).filter(|columns: &Vec<_>| !columns.is_empty());
    }
    let unique = names(Role::Unique).find(|name| rest.strip_suffix("_key") == Some(name));
    unique.map(|name| vec![name])
}

/// `None` if there was no answer.
async fn asked(of: &EntityFacts, constraint: &str, database: &impl Executor) -> Option<Vec<String>> {
    let deleted_at = super::visibility::deleted_at(of).map(crate::ColumnFacts::name);
    let rows = database.query(COLUMNS, &[&of.sql, &constraint, &deleted_at]).await.ok()?;
    rows.iter().map(|row| row.try_get(0).ok()).collect()
}

/// What PostgreSQL's own name for a constraint of several columns says: `users_tenant_email_key`. None if it can be read in two ways.
fn by_names(of: &EntityFacts, constraint: &str) -> Vec<String> {
    let rest = constraint.strip_prefix(own_name(of)).and_then(|rest| rest.strip_prefix('_'));
    let rest = rest.and_then(|rest| rest.strip_suffix("_key").or_else(|| rest.strip_suffix("_idx")));
    let mut readings = Vec::new();
    readings_of(rest.unwrap_or_default(), of, &mut Vec::new(), &mut readings);
    if readings.len() == 1 { readings.remove(0) } else { Vec::new() }
}

fn readings_of(rest: &str, of: &EntityFacts, begun: &mut Vec<String>, readings: &mut Vec<Vec<String>>) {
    for column in of.columns() {
        let Some(behind) = rest.strip_prefix(column.name()) else { continue };
        if readings.len() > 1 || column.name().is_empty() {
            return;
        }
        begun.push(column.name().to_owned());
        match behind.strip_prefix('_') {
            Some(more) => readings_of(more, of, begun, readings),
            None if behind.is_empty() => readings.push(begun.clone()),
            None => {}
        }
        begun.pop();
    }
}

/// Of a table whose schema is said too.
fn own_name(of: &EntityFacts) -> &'static str {
    of.table().split_once('.').map_or(of.table(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ColumnFacts;

    const fn column(name: &'static str, roles: &'static [Role]) -> ColumnFacts {
        ColumnFacts { name, bare: "", sql: "", path: "", roles }
    }

    const FACTS: EntityFacts = EntityFacts {
        table: "app.users",
        sql: "",
        alias: "",
        columns: &[
            column("id", &[Role::Id]),
            column("email", &[Role::Unique]),
            column("a", &[]),
            column("b", &[]),
            column("a_b", &[]),
        ],
    };

    #[test]
    fn the_servers_own_names_are_read() {
        for (constraint, columns) in [
            ("users_pkey", Some(vec!["id".to_owned()])),
            ("users_email_key", Some(vec!["email".to_owned()])),
            ("users_a_key", None),
            ("users_email", None),
            ("email_key", None),
        ] {
            assert_eq!(by_name(&FACTS, constraint), columns, "{constraint}");
        }
    }

    #[test]
    fn names_of_several_columns_are_read_if_there_is_one_way_to() {
        assert_eq!(by_names(&FACTS, "users_id_email_key"), ["id", "email"]);
        assert_eq!(by_names(&FACTS, "users_b_a_idx"), ["b", "a"]);
        for unclear in ["users_a_b_key", "users_other_key", "users_id_", "users__key", "others_id_key"] {
            assert!(by_names(&FACTS, unclear).is_empty(), "{unclear}");
        }
    }
}
