//! What users of an API may ask for and send in: fields that are listed, values of their types, and all that is wrong told at
//! once.

mod comparison;
mod value;
pub(crate) mod field;
pub(crate) mod set;
mod request;
mod reader;
mod pairs;
#[cfg(feature = "json")]
mod json;
mod asked;
mod said;
mod fault;
mod field_errors;
#[cfg(feature = "json")]
mod body;
#[cfg(feature = "garde")]
mod check;
mod constraints;
mod rejected;

pub use self::asked::Asked;
#[cfg(feature = "json")]
pub use self::body::Problem;
#[cfg(feature = "garde")]
pub use self::check::{check, check_with};
pub use self::constraints::Constraints;
pub use self::fault::{Fault, Limit};
pub use self::field_errors::{FieldError, FieldErrors, Step};
pub use self::rejected::Rejected;
pub use self::request::Request;
pub use self::set::{Caps, FieldSet};
pub use self::value::{InputOf, InputValue};
