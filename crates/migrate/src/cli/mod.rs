//! The verbs for a program's command line. What they do is the library's; this reads arguments and writes answers.
//!
//! A program hangs [`command()`] below its own and hands the matches to [`run()`], or to [`run_blocking()`] if it has
//! no runtime:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use pgkeel_connect::{Config, settings::Problems};
//! use pgkeel_migrate::cli;
//!
//! fn main() -> Result<ExitCode, Problems> {
//!     let matches = cli::command().get_matches();
//!     Ok(cli::run_blocking(&matches, Config::from_env)?.into())
//! }
//! ```

mod annotations;
mod adoption;
mod arguments;
mod checks;
mod excerpt;
mod exit;
mod files;
mod health;
mod json;
mod lint;
mod migrate;
mod request;
mod run;
mod schemas;
mod screen;
mod signals;
mod squash;
mod status;
mod tenants;
mod text;

pub use self::arguments::command;
pub use self::exit::Exit;
pub use self::run::{run, run_blocking, run_into, run_into_with};
