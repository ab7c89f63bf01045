//! Where keys come from, and what is made of them.

mod cache;
mod check_value;
mod config;
mod derive;
mod key_id;
mod keyring;
mod load;
mod problem;
mod root_key;
mod source;
mod state;

pub(crate) use self::cache::{Cache, Cached};
pub use self::check_value::{BadCheckValue, CheckValue};
pub use self::config::KeyringConfig;
pub(crate) use self::derive::{Prk, Purpose, Task};
pub use self::key_id::{BadKeyId, KeyId};
pub use self::keyring::{KeyStatus, Keyring};
pub use self::problem::{KeyringError, KeyringProblem};
pub use self::root_key::RootKey;
pub use self::source::{KeyFuture, KeySource, Sources};
pub use self::state::{KeyList, KeyName, KeyState};
