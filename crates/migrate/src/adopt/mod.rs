//! Databases and files that others have made: what is applied there is recorded without running it.
//!
//! `files` turns another tool's files into ours, `history` reads its table. Nothing of the tool's is changed.

pub(crate) mod baseline;
mod checksum;
mod files;
mod history;
pub(crate) mod import;
pub(crate) mod mark;
mod origin;
mod problem;
pub(crate) mod record;
mod tool;

pub use self::baseline::Baseline;
pub use self::files::{ConvertedFile, ToolFiles};
pub use self::import::{ImportFrom, Imported};
pub use self::mark::{MarkProblem, Marked};
pub use self::problem::ImportProblem;
pub use self::tool::{Tool, UnknownTool};

pub(crate) use self::history::tables_of_tools;
