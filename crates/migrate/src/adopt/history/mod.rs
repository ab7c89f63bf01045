//! The tables in which other tools note what they have applied.

mod flyway;
mod resolve;
mod table;
mod version;

pub(super) use self::resolve::{Resolved, resolve};
pub(super) use self::table::find;
pub(super) use self::version::canonical;

pub(crate) use self::table::tables_of_tools;
