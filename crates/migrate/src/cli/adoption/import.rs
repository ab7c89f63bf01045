use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::baseline::{against, fail};
use super::imported::{to_json, told};
use super::tell_of_waiting;
use crate::cli::exit::Exit;
use crate::cli::request::{has, value};
use crate::cli::screen::Screen;
use crate::cli::text;
use crate::{DryRun, Error, ImportFrom, Imported, Migrations, Migrator, Tool, ToolFiles, VerifyError};

/// What was typed for `import` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a flag is said or not")]
pub(in crate::cli) struct Words {
    pub(super) tool: Tool,
    pub(super) into: Option<PathBuf>,
    pub(in crate::cli) files_only: bool,
    table: Option<String>,
    verify: bool,
    accept_edited: bool,
    as_is: bool,
    leave_rest: bool,
    pub(super) dry_run: bool,
}

impl Words {
    pub(in crate::cli) fn of(words: &ArgMatches) -> Self {
        let tool: String = value(words, "from").expect("clap asks for it");
        Self {
            tool: tool.parse().expect("clap knows the tools"),
            into: value(words, "into"),
            files_only: has(words, "files-only"),
            table: value(words, "table"),
            verify: has(words, "verify"),
            accept_edited: has(words, "accept-edited"),
            as_is: has(words, "as-is"),
            leave_rest: has(words, "leave-rest"),
            dry_run: has(words, "dry-run"),
        }
    }

    /// Where our files are, or will be.
    pub(in crate::cli) fn place<'a>(&'a self, directory: &'a Path) -> &'a Path {
        self.into.as_deref().unwrap_or(directory)
    }

    fn from(&self) -> ImportFrom {
        let from = ImportFrom::tool(self.tool);
        let from = if self.accept_edited { from.accepting_edited() } else { from };
        match &self.table {
            Some(table) => from.table(table),
            None => from,
        }
    }
}

/// The tool's files, if they are to be turned into ours, and the migrations that there will be.
pub(in crate::cli) struct Files {
    new: Option<(ToolFiles, PathBuf)>,
    pub(in crate::cli) migrations: Migrations,
}

/// Reads the files, and checks all that can be without a database. The program adds what it has besides.
pub(in crate::cli) fn files(
    screen: &mut Screen<'_>,
    (words, directory): (&Words, &Path),
    add: impl FnOnce(Migrations) -> Result<Migrations, Error>,
) -> Result<Files, Exit> {
    let Some(into) = &words.into else {
        let migrations = Migrations::from_dir(directory).and_then(add);
        return migrations.map(|migrations| Files { new: None, migrations }).map_err(|error| {
            let exit = screen.fail(&error, None);
            if matches!(error, Error::Files { .. }) {
                let tool = words.tool;
                let _ = writeln!(
                    screen.err,
                    "next: if these are the files of {tool}, turn them into ours with --into"
                );
            }
            exit
        });
    };
    if is_within(words.tool, directory, into) {
        let tool = words.tool;
        let _ = writeln!(
            screen.err,
            "migrate: --into has to name a directory in which {tool} looks for no files"
        );
        return Err(Exit::Usage);
    }
    let read = || {
        let files = ToolFiles::read(words.tool, directory)?;
        let files = if words.as_is { files.as_they_are() } else { files };
        let files = if words.leave_rest { files.without_the_rest() } else { files };
        let migrations = files.with_those_in(into).and_then(add)?;
        Ok(Files { new: Some((files, into.clone())), migrations })
    };
    read().map_err(|error| screen.fail(&error, None))
}

/// Whether the new files would be found among the old ones the next time.
fn is_within(tool: Tool, old: &Path, new: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    let (Ok(old), Ok(new)) = (real(old), real(new)) else { return false };
    old == new || matches!(tool, Tool::Refinery | Tool::Flyway) && new.starts_with(old)
}

/// Everything that can be refused is refused before a file is written; the history comes last, as files can be written again.
pub(in crate::cli) async fn import(
    screen: &mut Screen<'_>,
    migrator: Option<&Migrator>,
    files: Files,
    (words, directory): (&Words, &Path),
) -> Exit {
    let place = words.place(directory);
    let mut imported = None;
    if let Some(migrator) = migrator {
        tell_of_waiting(screen, migrator).await;
        match Box::pin(tried(migrator, words, place)).await {
            Ok(tried) => imported = Some(tried),
            Err(error) => return fail(screen, &error),
        }
    }
    let written = match &files.new {
        Some((new, into)) if !words.dry_run => new.write_into(into),
        _ => Ok(Vec::new()),
    };
    let written = match written {
        Ok(written) => written,
        Err(error) => return screen.fail(&error, None),
    };
    if let (Some(migrator), Some(imported), false) = (migrator, &mut imported, words.dry_run) {
        match migrator.import(&words.from()).await {
            Ok(done) => *imported = Imported { verification: imported.verification.take(), ..done },
            Err(error) => {
                let exit = fail(screen, &error);
                if !written.is_empty() {
                    let (written, place) = (text::count(written.len(), "file"), place.display());
                    let _ = writeln!(screen.err, "next: {written} in {place} stay; run the same again");
                }
                return exit;
            }
        }
    }
    let new = files.new.as_ref().map(|(new, _)| new);
    screen.answer(
        || told(new, &written, imported.as_ref(), words),
        || to_json(new, &written, imported.as_ref(), words),
    );
    Exit::Done
}

async fn tried(migrator: &Migrator, words: &Words, directory: &Path) -> Result<Imported, VerifyError> {
    let from = if words.verify { words.from().verified(against(directory)?) } else { words.from() };
    migrator.clone().with_dry_run(DryRun::Rollback).import(&from).await
}
