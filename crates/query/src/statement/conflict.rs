use std::fmt;

use super::Insert;
use super::assignment::{Assignments, is_managed, write_managed};
use super::writer::Writer;
use crate::entity::{ColumnFacts, Entity, EntityFacts, Role, Selection};
use crate::relation::write_column;
#[cfg(feature = "sealed")]
use crate::{
    Error,
    sealed::{SealedFacts, SealedProblem},
};

/// An insert that says, in the next call, what becomes of it if the row is there already: by [`Insert::on_conflict`].
///
/// ```
/// # use pgkeel_query::Entity;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64, email: String, name: Option<String> }
/// let statement = User::insert().set(u::email, "a@b").set(u::name, "Ann").on_conflict((u::email,)).update_changed();
/// assert!(statement.text()?.starts_with(
///     r#"insert into "users" ("email", "name") values ($1, $2) on conflict ("email") do update set "name" = excluded."name" "#
/// ));
/// # Ok::<(), pgkeel_query::Error>(())
/// ```
#[must_use = "it has to be said what becomes of the insert"]
pub struct OnConflict<'a, E, R> {
    insert: Insert<'a, E, R>,
    columns: Vec<&'static ColumnFacts>,
}

/// What becomes of an insert if there is a row with the same values in these columns.
#[derive(Clone)]
pub(super) struct Conflict {
    columns: Vec<&'static ColumnFacts>,
    resolution: Resolution,
}

#[derive(Clone)]
enum Resolution {
    Nothing,
    Update { only: Option<Vec<&'static ColumnFacts>>, only_changed: bool },
}

impl<'a, E: Entity, R> OnConflict<'a, E, R> {
    pub(super) fn new(insert: Insert<'a, E, R>, columns: Vec<&'static ColumnFacts>) -> Self {
        Self { insert, columns: columns.into_iter().map(told_apart_by::<E>).collect() }
    }

    /// Nothing is inserted, and no row is given back.
    pub fn do_nothing(self) -> Insert<'a, E, R> {
        self.with(Resolution::Nothing)
    }

    /// The row that is there gets the values, in all columns that the insert says but those of the conflict, and those that are
    /// `id`, `generated` or `created`. `updated` is `now()`, and the version one more.
    pub fn update(self) -> Insert<'a, E, R> {
        self.with(Resolution::Update { only: None, only_changed: false })
    }

    /// As [`update`](Self::update), but if a value differs; a row that is the same stays untouched, and is not given back. Of
    /// JSON that goes by its text, as the server shows it: `json` keeps that as it was sent. A sealed value always differs, if its column
    /// is not `deterministic`.
    pub fn update_changed(self) -> Insert<'a, E, R> {
        self.with(Resolution::Update { only: None, only_changed: true })
    }

    /// As [`update`](Self::update), in these columns.
    pub fn update_only(self, columns: impl Selection<E>) -> Insert<'a, E, R> {
        self.with(Resolution::Update {
            only: Some(with_indexes::<E>(columns.columns())),
            only_changed: false,
        })
    }

    /// As [`update_changed`](Self::update_changed), in these columns. One that the insert does not say gets its default, which is
    /// compared by its text too.
    pub fn update_only_changed(self, columns: impl Selection<E>) -> Insert<'a, E, R> {
        self.with(Resolution::Update { only: Some(with_indexes::<E>(columns.columns())), only_changed: true })
    }

    fn with(self, resolution: Resolution) -> Insert<'a, E, R> {
        self.insert.with_conflict(Conflict { columns: self.columns, resolution })
    }
}

impl Conflict {
    /// The table is called `table`, if not by its own name.
    pub(super) fn write(
        &self,
        into: &EntityFacts,
        table: Option<&'static str>,
        inserted: &Assignments<'_>,
        out: &mut Writer<'_>,
    ) {
        out.push(" on conflict (");
        out.list(", ", &self.columns, |out, column| out.push(column.bare));
        out.push(") do ");
        match &self.resolution {
            Resolution::Nothing => out.push("nothing"),
            Resolution::Update { only, only_changed } => {
                let columns = only.clone().unwrap_or_else(|| self.of_insert(inserted));
                self.write_update(into, table, &columns, out);
                if *only_changed {
                    write_changed(&columns, table, inserted, out);
                }
            }
        }
    }

    /// Whether no sealed value goes into another row than it is bound to, and no row away from the values that it has.
    #[cfg(feature = "sealed")]
    pub(super) fn check_rows<E: Entity>(&self, inserted: &Assignments<'_>) -> Result<(), Error> {
        let Resolution::Update { only, .. } = &self.resolution else { return Ok(()) };
        if E::SEALED.is_empty() {
            return Ok(());
        }
        let updated = only.clone().unwrap_or_else(|| self.of_insert(inserted));
        for facts in E::SEALED {
            if !has(&updated, facts.column()) {
                self.check_stays(facts, &updated)?;
            } else if inserted.has(facts.column()) && !self.is_same_place(facts, &updated) {
                return Err(SealedProblem::OtherRow { column: facts.path() }.into());
            }
        }
        Ok(())
    }

    /// It is if the conflict is that of the id, and so of the tenant if that is not set too.
    #[cfg(feature = "sealed")]
    fn is_same_place(&self, facts: &SealedFacts, updated: &[&ColumnFacts]) -> bool {
        let is_same_row =
            || facts.ids().len() == self.columns.len() && facts.ids().iter().all(|id| has(&self.columns, id));
        let takes_tenant = |tenant| has(updated, tenant) || has(&self.columns, tenant);
        facts.tenant().is_none_or(takes_tenant) && (!facts.is_row_bound() || is_same_row())
    }

    #[cfg(feature = "sealed")]
    fn check_stays(&self, facts: &SealedFacts, updated: &[&ColumnFacts]) -> Result<(), SealedProblem> {
        let ids = facts.ids().iter().filter(|_| facts.is_row_bound());
        let mut bound_to = ids.copied().chain(facts.tenant());
        match bound_to.find(|column| has(updated, column) && !has(&self.columns, column)) {
            Some(moved) => Err(SealedProblem::Moved { column: facts.path(), moved: moved.path }),
            None => Ok(()),
        }
    }

    fn of_insert(&self, inserted: &Assignments<'_>) -> Vec<&'static ColumnFacts> {
        let stays = |column: &ColumnFacts| {
            let is_key = self.columns.iter().any(|key| key.name == column.name);
            let roles = [Role::Id, Role::Generated, Role::Created, Role::Updated, Role::Version];
            is_key || roles.iter().any(|role| column.is(*role))
        };
        inserted.iter().map(|assignment| assignment.column).filter(|column| !stays(column)).collect()
    }

    /// Where nothing is to be changed, a column of the conflict is set to what it is, so that the row is given back.
    fn write_update(
        &self,
        into: &EntityFacts,
        table: Option<&'static str>,
        columns: &[&'static ColumnFacts],
        out: &mut Writer<'_>,
    ) {
        out.push("update set ");
        let is_nothing = columns.is_empty() && !is_managed(into);
        let columns = if is_nothing { self.columns.get(..1).unwrap_or_default() } else { columns };
        out.list(", ", columns, |out, column| {
            out.push(column.bare);
            out.push(" = excluded.");
            out.push(column.bare);
        });
        let is_said = |column: &ColumnFacts| columns.iter().any(|said| said.name == column.name);
        write_managed(into, table, is_said, columns.is_empty(), out);
    }
}

#[cfg(feature = "sealed")]
fn has(columns: &[&ColumnFacts], column: &ColumnFacts) -> bool {
    columns.iter().any(|known| known.name == column.name)
}

/// Of a sealed column the blind index in which equal values meet, as their envelopes differ.
#[cfg_attr(
    not(feature = "sealed"),
    expect(clippy::extra_unused_type_parameters, reason = "as with the feature")
)]
fn told_apart_by<E: Entity>(column: &'static ColumnFacts) -> &'static ColumnFacts {
    #[cfg(feature = "sealed")]
    if let Some(facts) = crate::sealed::of_column::<E>(column)
        && let Some(index) = facts.conflict_index()
    {
        return index.column();
    }
    column
}

/// What goes with sealed columns goes where they go.
#[cfg_attr(
    not(feature = "sealed"),
    expect(unused_mut, clippy::extra_unused_type_parameters, reason = "as with the feature")
)]
fn with_indexes<E: Entity>(mut columns: Vec<&'static ColumnFacts>) -> Vec<&'static ColumnFacts> {
    #[cfg(feature = "sealed")]
    for facts in columns.clone().iter().filter_map(|column| crate::sealed::of_column::<E>(column)) {
        columns.extend(facts.indexes().iter().map(crate::sealed::IndexFacts::column));
    }
    columns
}

/// Of what may be JSON the texts are compared: `json` has no `=`, and what goes into one need not go into `jsonb`.
fn write_changed(
    columns: &[&'static ColumnFacts],
    table: Option<&'static str>,
    inserted: &Assignments<'_>,
    out: &mut Writer<'_>,
) {
    if columns.is_empty() {
        return out.push(" where false");
    }
    out.push(" where (");
    out.list(" or ", columns, |out, column| {
        let cast = if inserted.may_be_json(column) { "::text" } else { "" };
        write_column(column, table, out);
        out.push(cast);
        out.push(" is distinct from excluded.");
        out.push(column.bare);
        out.push(cast);
    });
    out.push(")");
}

impl<E: Entity, R> fmt::Debug for OnConflict<'_, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnConflict").field("insert", &self.insert).finish_non_exhaustive()
    }
}
