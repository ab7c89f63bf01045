//! Equality without opening.

mod blind_index;
mod form;
mod hasher;
mod normalizer;
mod value;

pub use self::blind_index::BlindIndex;
pub(crate) use self::blind_index::MOST_NAME;
pub(crate) use self::form::Form;
pub(crate) use self::hasher::Hasher;
pub use self::normalizer::Normalizer;
pub use self::value::IndexValue;
