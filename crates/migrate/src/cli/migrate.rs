//! The verbs that a [`Migrator`] carries out.

use serde_json::json;

use super::exit::Exit;
use super::request::Verb;
use super::screen::Screen;
use super::status::page;
use super::{adoption, json, text};
use crate::{Back, Error, Migrator, Report};

pub(super) async fn carry_out(screen: &mut Screen<'_>, migrator: &Migrator, verb: Verb) -> Exit {
    let is_dry_run = migrator.is_dry_run();
    match verb {
        Verb::Up => {
            let ended = migrator.up_with(|event| screen.event(event, is_dry_run)).await;
            ran(screen, migrator, ended, "nothing was pending")
        }
        Verb::Down(back) => {
            let ended = migrator.down_with(back, |event| screen.event(event, is_dry_run)).await;
            ran(screen, migrator, ended, "nothing was applied")
        }
        Verb::Redo => {
            let ended = migrator.redo_with(|event| screen.event(event, is_dry_run)).await;
            ran(screen, migrator, ended, "nothing was applied")
        }
        Verb::Status { check } => status(screen, migrator, check).await,
        Verb::Plan { down, sql } => plan(screen, migrator, down, sql).await,
        Verb::LockInfo => lock_info(screen, migrator).await,
        Verb::Repair { version, statement } => repair(screen, migrator, version, statement).await,
        Verb::Mark { direction, versions, reason } => {
            Box::pin(adoption::mark(screen, migrator, direction, (&versions, &reason))).await
        }
        Verb::Validate
        | Verb::New { .. }
        | Verb::Lint(_)
        | Verb::Verify { .. }
        | Verb::Test { .. }
        | Verb::Lock { .. }
        | Verb::Squash(_)
        | Verb::Baseline
        | Verb::Import(_)
        | Verb::Wait { .. }
        | Verb::Snapshot { .. }
        | Verb::Diff { .. }
        | Verb::Doctor => unreachable!("answered without a migrator"),
    }
}

fn ran(screen: &mut Screen<'_>, migrator: &Migrator, ended: Result<Report, Error>, nothing: &str) -> Exit {
    match ended {
        Ok(report) => {
            screen.answer(|| text::report(&report, nothing), || json::report(&report));
            Exit::Done
        }
        Err(error) => screen.fail(&error, Some(migrator.migrations())),
    }
}

async fn status(screen: &mut Screen<'_>, migrator: &Migrator, check: bool) -> Exit {
    match migrator.status().await {
        Ok(status) => {
            let is_behind = !status.pending.is_empty() || !status.due.is_empty();
            screen.answer(|| page(&status), || json::status(&status));
            match (status.conflicts.is_empty(), check && is_behind) {
                (false, _) => Exit::of(&status.conflicts),
                (true, true) => Exit::Pending,
                (true, false) => Exit::Done,
            }
        }
        Err(error) => screen.fail(&error, None),
    }
}

async fn plan(screen: &mut Screen<'_>, migrator: &Migrator, down: Option<Back>, sql: bool) -> Exit {
    let planned = match down {
        None => migrator.plan().await,
        Some(back) => migrator.plan_down(back).await,
    };
    match planned {
        Ok(plan) => {
            let text = || if sql { plan.sql() } else { text::plan(&plan) };
            screen.answer(text, || json::plan(&plan, sql));
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}

async fn lock_info(screen: &mut Screen<'_>, migrator: &Migrator) -> Exit {
    match migrator.lock_holder().await {
        Ok(holder) => {
            screen.answer(
                || text::holder(holder.as_ref()),
                || json!({ "holder": json::holder(holder.as_ref()) }),
            );
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}

async fn repair(screen: &mut Screen<'_>, migrator: &Migrator, version: i64, statement: usize) -> Exit {
    match migrator.continue_at(version, statement).await {
        Ok(()) => {
            screen.answer(
                || format!("V{version} goes on with statement {statement}\n"),
                || json!({ "version": version, "continue_at": statement }),
            );
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}
