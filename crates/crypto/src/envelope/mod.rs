//! What an envelope is made of, around what a suite encrypts.

mod aad;
mod header;
mod kind;
mod malformed;
mod padding;
mod text;

pub(crate) use self::aad::{Aad, MOST_TENANT};
pub(crate) use self::header::Header;
pub use self::kind::Kind;
pub use self::malformed::Malformed;
pub(crate) use self::padding::{mark, padded, unpadded};
pub use self::text::{from_text, to_text};

/// The longest envelope: what PostgreSQL stores in a field, 1 GiB less one byte and less the four of the length
/// (`varatt.h`, `VARLENA_EXTSIZE_BITS`).
pub(crate) const MOST: usize = 0x3fff_ffff - 4;
