//! Pages that begin behind a row instead of a number, at the cost of their own rows.

mod keys;
mod tables;
mod position;
mod codec;
mod ranges;
mod walk;
#[cfg(feature = "cursor")]
mod request;
#[cfg(feature = "cursor")]
mod edges;
#[cfg(feature = "cursor")]
mod fetch;

pub(crate) use self::codec::{Reader, put};
#[cfg(feature = "cursor")]
pub use self::edges::{Edge, Edges, PageInfo};
#[cfg(feature = "cursor")]
pub use self::fetch::Keyset;
pub(crate) use self::keys::Keys;
pub(crate) use self::position::Position;
#[cfg(feature = "cursor")]
pub use self::request::KeysetRequest;
pub(crate) use self::walk::Walk;
