//! What rows of an entity can do besides being read. The derive says it, so that what a table has no column for does not compile.

use crate::entity::Entity;
use crate::statement::Filter;

/// An entity whose rows are known by an id, by `#[pgkeel(id)]` on one field or several.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are not known by an id",
    label = "no field of `{Self}` is its id",
    note = "say `#[pgkeel(id)]` of the fields that are the primary key, each read as it is: neither by `json` nor by `try_from`"
)]
pub trait Keyed: Entity {
    /// The type of the column; of several a tuple, in the order of the fields.
    type Id: Clone + Send + Sync + 'static;

    /// The row's id.
    fn id(&self) -> Self::Id;

    /// The row of this id.
    fn by_id(id: Self::Id) -> Filter<'static, Self>;

    /// No public interface: the version that a change expects, of an entity that has one.
    #[doc(hidden)]
    fn expected_version(&self) -> Option<i64> {
        None
    }
}

/// An entity with a `version`: a change tells whether somebody else was faster.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` have no version",
    label = "no column of `{Self}` counts its changes",
    note = "say `#[pgkeel(version = \"column\")]` of the struct; its field is read as it is"
)]
pub trait Versioned: Keyed {
    /// How often the row was changed when it was read.
    fn version(&self) -> i64;
}

/// An entity with `soft_delete`: what is deleted stays in the table, and can be restored.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are gone when they are deleted",
    label = "no column of `{Self}` says when a row was deleted",
    note = "say `#[pgkeel(soft_delete = \"column\")]` of the struct"
)]
pub trait SoftDelete: Entity {}

/// An entity with a `tenant`: each row is somebody's.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are no tenant's",
    label = "no column of `{Self}` says whose row it is",
    note = "say `#[pgkeel(tenant = \"column\")]` of the struct"
)]
pub trait Tenanted: Entity {
    /// The type of the column.
    type Tenant: 'static;
}
