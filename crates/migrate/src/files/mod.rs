//! What is in a directory of migrations, without a database.

mod backfill;
mod checkpoint;
mod directives;
mod draft;
mod embed;
mod file_name;
mod index;
mod kind;
mod migration;
mod migrations;
mod next_version;
mod outside;
mod placement;
mod requirements;
mod script;
mod statements;
mod template;
mod text;
mod tokens;
pub(crate) mod unfit;

pub use self::backfill::Backfill;
pub use self::checkpoint::Squashed;
pub use self::directives::{Directives, Phase};
pub use self::embed::embed;
pub use self::kind::Kind;
pub use self::migration::{Migration, MigrationProblem};
pub use self::migrations::Migrations;
pub use self::template::Template;
pub use self::text::Location;
pub use self::unfit::{Unfit, UnfitReason};

pub(crate) use self::backfill::{SETTING as BATCH_SETTING, takes_all, verb};
pub(crate) use self::directives::MARK;
pub(crate) use self::file_name::{DRAFT, is_migration_file, numbered, snake_case};
pub(crate) use self::index::{IndexBuild, IndexRebuild};
pub(crate) use self::outside::{cannot_be_in_transaction, of_whole_server, sets_session};
pub(crate) use self::script::Script;
pub(crate) use self::statements::{Statement, Token, line_comments, statements};
pub(crate) use self::template::check as check_name;
pub(crate) use self::text::normalised;
pub(crate) use self::tokens::{Tokens, depth_behind};
