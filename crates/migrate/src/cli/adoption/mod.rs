//! The verbs that record without running anything: `baseline`, `mark` and `import`.

mod arguments;
mod baseline;
mod import;
mod imported;
mod mark;

use super::screen::Screen;
use crate::Migrator;

pub(super) use self::arguments::{
    baseline as baseline_command, import as import_command, mark as mark_command,
};
pub(super) use self::baseline::{baseline, page as baseline_text, to_json as baseline_json};
pub(super) use self::import::{Words, files, import};
pub(super) use self::mark::{mark, text as mark_text, to_json as mark_json};

/// Says who is applying or reverting migrations, as that is waited for.
async fn tell_of_waiting(screen: &mut Screen<'_>, migrator: &Migrator) {
    if let Ok(Some(holder)) = migrator.lock_holder().await {
        let _ = writeln!(screen.err, "waiting for {holder}");
    }
}
