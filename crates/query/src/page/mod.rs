//! Pages: some of the rows of a statement, and how many there are.

mod request;
mod problem;
mod offset;
mod estimate;
mod result;
mod keyset;
#[cfg(feature = "cursor")]
mod cursor;

#[cfg(feature = "cursor")]
pub use self::cursor::{CursorKeys, CursorReason, InvalidCursor, WeakKey};
#[cfg(feature = "cursor")]
pub use self::keyset::{Edge, Edges, Keyset, KeysetRequest, PageInfo};
pub(crate) use self::keyset::{Keys, Position, Reader, Walk, put};
pub use self::offset::Paged;
pub use self::problem::PageProblem;
pub use self::request::{CountMode, PageRequest};
pub use self::result::{Page, Total};
