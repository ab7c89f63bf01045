//! Whether the database is at the migrations that somebody named: a part of readiness.

mod choice;
mod probe;

pub(crate) use self::choice::{Choice, SETTINGS};
pub(crate) use self::probe::MigrationsProbe;
