use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::tell_of_waiting;
use crate::cli::exit::Exit;
use crate::cli::screen::Screen;
use crate::cli::text;
use crate::{Against, Baseline, LockFile, Migration, Migrator, Verification, VerifyError};

pub(in crate::cli) async fn baseline(screen: &mut Screen<'_>, migrator: &Migrator, directory: &Path) -> Exit {
    tell_of_waiting(screen, migrator).await;
    let against = || if migrator.is_in_schema() { Ok(Against::Shadow) } else { against(directory) };
    let done = async { migrator.baseline(&against()?).await };
    match done.await {
        Ok(baseline) => {
            screen.answer(|| page(&baseline), || to_json(&baseline));
            Exit::Done
        }
        Err(error) => fail(screen, &error),
    }
}

/// The lock file if there is one, else a shadow.
pub(super) fn against(directory: &Path) -> Result<Against, VerifyError> {
    Ok(LockFile::read(directory)?.map_or(Against::Shadow, Against::LockFile))
}

/// What differs is a part of the answer.
pub(super) fn fail(screen: &mut Screen<'_>, error: &VerifyError) -> Exit {
    let VerifyError::Different { verification } = error else { return screen.fail_to_verify(error) };
    let exit = Exit::from(error);
    let _ = writeln!(screen.err, "migrate: {error}");
    let _ = writeln!(
        screen.err,
        "next: say --to VERSION for fewer files, mend the schema or the files, or say --accept-different"
    );
    if screen.json {
        let message = "nothing was recorded, because the schema is not what the migrations make";
        let error = json!({ "message": message, "exit": exit as u8 });
        screen.answer(String::new, || json!({ "error": error, "verification": verification.to_json() }));
    }
    exit
}

pub(in crate::cli) fn page(baseline: &Baseline) -> String {
    let mut page = rows(&baseline.recorded, baseline.is_dry_run);
    let _ = write!(page, "{}", compared(&baseline.verification));
    for table in &baseline.left_aside {
        let _ = writeln!(
            page,
            "note: {table}, of another tool, was left aside; migrate import takes histories over"
        );
    }
    page + &sum(baseline.recorded.len(), baseline.is_dry_run)
}

/// A line a migration.
pub(super) fn rows(recorded: &[Migration], is_dry_run: bool) -> String {
    let what = if is_dry_run { "would record" } else { "recorded" };
    let line = |file: &Migration| format!("{what} {}\n", text::label(file));
    recorded.iter().map(line).collect()
}

pub(super) fn sum(count: usize, is_dry_run: bool) -> String {
    let noun = if count == 1 { "migration" } else { "migrations" };
    let dry_run = if is_dry_run { "dry run: nothing of it stays; " } else { "" };
    format!("{dry_run}{count} {noun} recorded as applied, none run\n")
}

pub(super) fn compared(verification: &Result<Verification, VerifyError>) -> String {
    match verification {
        Ok(verification) => verification.to_string(),
        Err(error) => format!("note: the schema was not compared: {error}\n"),
    }
}

pub(in crate::cli) fn to_json(baseline: &Baseline) -> Value {
    json!({
        "recorded": recorded(&baseline.recorded),
        "verification": verified(&baseline.verification),
        "left_aside": baseline.left_aside,
        "dry_run": baseline.is_dry_run,
    })
}

pub(super) fn recorded(migrations: &[Migration]) -> Value {
    let row =
        |file: &Migration| json!({ "version": file.version(), "name": file.name(), "file": file.file() });
    migrations.iter().map(row).collect()
}

pub(super) fn verified(verification: &Result<Verification, VerifyError>) -> Value {
    match verification {
        Ok(verification) => verification.to_json(),
        Err(error) => json!({ "error": error.to_string() }),
    }
}
