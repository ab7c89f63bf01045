//! Files that a shadow does not keep in, as what they change belongs to the whole server.
//!
//! What a DO block or a function does is not seen.

use crate::files::{Script, of_whole_server, statements};
use crate::{Migrations, VerifyError};

/// Refuses files that have such a statement, and files that undo them.
pub(crate) fn refuse(migrations: &Migrations) -> Result<(), VerifyError> {
    let scripts = migrations.all().flat_map(|migration| [Some(migration.up()), migration.down()]);
    scripts.flatten().try_for_each(check)
}

fn check(script: &Script) -> Result<(), VerifyError> {
    match statements(script.sql()).iter().find_map(of_whole_server) {
        None => Ok(()),
        Some(statement) => Err(VerifyError::ServerWide { file: script.file().to_owned(), statement }),
    }
}
