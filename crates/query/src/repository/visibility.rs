//! Which rows a repository sees, of an entity whose rows are deleted softly.

use crate::entity::{ColumnFacts, EntityFacts, Role};
use crate::statement::{Condition, Term};

/// Rows that are not deleted.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Live;

/// All rows, deleted softly or not.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct WithDeleted;

/// Rows that are deleted softly.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OnlyDeleted;

/// Which rows a [`Repository`](super::Repository) sees: [`Live`], [`WithDeleted`] or [`OnlyDeleted`].
pub trait Visibility: sealed::Sealed + Send + Sync + 'static {
    /// No public interface: whether rows that are deleted are left out, or those that are not.
    #[doc(hidden)]
    const IS_DELETED: Option<bool>;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else says what is seen")]
    pub trait Sealed {}
}

macro_rules! visibilities {
    ($($visibility:ident $is_deleted:expr;)+) => {$(
        impl sealed::Sealed for $visibility {}

        impl Visibility for $visibility {
            const IS_DELETED: Option<bool> = $is_deleted;
        }
    )+};
}

visibilities! {
    Live Some(false);
    WithDeleted None;
    OnlyDeleted Some(true);
}

/// The column that says when a row was deleted.
pub(super) fn deleted_at(of: &EntityFacts) -> Option<&'static ColumnFacts> {
    of.columns_for(Role::SoftDelete).next()
}

/// What holds for the rows that are seen.
pub(super) fn condition<S: Visibility>(of: &EntityFacts) -> Option<Condition<'static>> {
    let is_live = Condition::IsNull(Term::Column(deleted_at(of)?));
    S::IS_DELETED.map(|is_deleted| if is_deleted { Condition::Not(Box::new(is_live)) } else { is_live })
}
