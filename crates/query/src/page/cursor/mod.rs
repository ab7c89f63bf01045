//! Positions that go out into the world and come back: nobody reads, changes or makes one without the key.

mod invalid;
mod secret;
mod keys;
mod shape;

pub use self::invalid::{CursorReason, InvalidCursor, WeakKey};
pub use self::keys::CursorKeys;
pub(crate) use self::keys::MOST;
pub(crate) use self::shape::Shape;
