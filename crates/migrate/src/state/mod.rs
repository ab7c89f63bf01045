//! What the database says was done, and what follows from it for the files.

mod conflict;
mod direction;
pub(crate) mod history;
mod home;
mod library;
pub(crate) mod log;
mod plan;
pub(crate) mod repeated;
mod status;
pub(crate) mod glance;
mod target;
mod tenant;

pub use self::conflict::Conflict;
pub use self::direction::Direction;
pub use self::library::Library;
pub use self::plan::{Plan, PlannedFile};
pub use self::repeated::Repeated;
pub use self::status::{Applied, Interrupted, Status};
pub use self::target::{Back, Target};
pub use self::tenant::{BadTenant, Tenant};

pub(crate) use self::home::Home;
pub(crate) use self::plan::{Defaults, Scope};
pub(crate) use self::tenant::is_reserved;
