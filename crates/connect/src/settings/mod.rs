//! One setting, one name, whatever it is written in: code, a flag, the environment or a file.
//!
//! Read [`Setting`] for what a setting is, then [`Settings`] for where values come from, then [`Reader`] for how they
//! are taken. The first place that has a value wins: code, flag, environment, file, default.
//!
//! # Invariants
//! - All problems are reported together, each with the name of the setting and where the value was found.
//! - A value is used as it is written or refused; it is never replaced by another.
//! - No value leaves [`Settings::resolve`] while there is a problem.

mod environment;
#[cfg(feature = "config-file")]
mod file;
mod layers;
mod origin;
mod problem;
mod reader;
pub(crate) mod secret_file;
mod setting;
mod unknown;
mod value;

pub use self::environment::{Environment, ProcessEnvironment};
pub use self::layers::{Resolved, Settings};
pub use self::origin::Origin;
pub use self::problem::{Problem, Problems};
pub use self::reader::{Effective, Found, Reader};
pub use self::setting::{About, Setting};
pub use self::value::{duration, duration_or_off, path, positive_duration, text, whole_number, yes_or_no};
