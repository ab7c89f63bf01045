use serde_json::{Value, json};

use super::tell_of_waiting;
use crate::cli::exit::Exit;
use crate::cli::screen::Screen;
use crate::{Direction, Marked, Migrator};

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
            screen.answer(|| text(&marked), || to_json(&marked));
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}

pub(in crate::cli) fn text(marked: &Marked) -> String {
    let (what, would) =
        (marked.direction.participle(), if marked.is_dry_run { "would count" } else { "counts" });
    let line = |file: &String| format!("{file} {would} as {what} now\n");
    marked.files.iter().map(line).collect()
}

pub(in crate::cli) fn to_json(marked: &Marked) -> Value {
    json!({ "files": marked.files, "as": marked.direction.participle(), "dry_run": marked.is_dry_run })
}
