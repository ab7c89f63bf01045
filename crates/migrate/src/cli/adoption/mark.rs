use serde_json::json;

use super::tell_of_waiting;
use crate::cli::exit::Exit;
use crate::cli::screen::Screen;
use crate::{Direction, Migrator};

pub(in crate::cli) async fn mark(
    screen: &mut Screen<'_>,
    migrator: &Migrator,
    direction: Direction,
    (versions, reason): (&[i64], &str),
) -> Exit {
    tell_of_waiting(screen, migrator).await;
    let marked = match direction {
        Direction::Up => migrator.mark_applied(versions, reason).await,
        Direction::Down => migrator.mark_reverted(versions, reason).await,
    };
    match marked {
        Ok(marked) => {
            let (what, would) =
                (direction.participle(), if marked.is_dry_run { "would count" } else { "counts" });
            let line = |file: &String| format!("{file} {would} as {what} now\n");
            screen.answer(
                || marked.files.iter().map(line).collect(),
                || json!({ "files": marked.files, "as": what, "dry_run": marked.is_dry_run }),
            );
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}
