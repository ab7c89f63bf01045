use std::error::Error as _;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;
use pgkeel_connect::Config;
use serde_json::{Value, json};

use super::arguments::{Request, Verb};
use super::exit::Exit;
use super::{json, text};
use crate::{Error, Event, Migrations, Migrator, create};

/// Carries out what was typed: answers to standard output, errors and waiting to standard error.
///
/// `connect` says where the database is. It is called once, after the files have been read, and not by `new`.
///
/// # Errors
/// That of `connect`, for the caller to show; all others have been shown.
///
/// # Cancellation
/// As [`Migrator::up`].
pub async fn run<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
) -> Result<Exit, E> {
    run_into(matches, connect, &mut std::io::stdout(), &mut std::io::stderr()).await
}

/// As [`run()`], with a runtime of its own.
///
/// # Errors
/// That of `connect`.
///
/// # Panics
/// If called inside a runtime, or if the operating system has no resources for one.
pub fn run_blocking<E>(matches: &ArgMatches, connect: impl FnOnce() -> Result<Config, E>) -> Result<Exit, E> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime of one thread").block_on(run(matches, async || connect()))
}

/// As [`run()`], with other places for answers and errors.
///
/// # Errors
/// That of `connect`.
///
/// # Cancellation
/// As [`Migrator::up`].
pub async fn run_into<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<Exit, E> {
    let Request { verb, directory, json } = Request::of(matches);
    let mut screen = Screen { out, err, json };
    if let Verb::New { name } = &verb {
        return Ok(new(&mut screen, &directory, name));
    }
    let migrations = match Migrations::from_dir(&directory) {
        Ok(migrations) => migrations,
        Err(error) => return Ok(screen.fail(&error)),
    };
    let migrator = Migrator::new(connect().await?, migrations);
    Ok(match verb {
        Verb::Up { lock_wait, lock_timeout, statement_timeout } => {
            let migrator = migrator
                .with_lock_wait(lock_wait)
                .with_lock_timeout(lock_timeout)
                .with_statement_timeout(statement_timeout);
            up(&mut screen, &migrator).await
        }
        Verb::Status { check } => status(&mut screen, &migrator, check).await,
        Verb::New { .. } => unreachable!("answered above"),
    })
}

fn new(screen: &mut Screen<'_>, directory: &Path, name: &str) -> Exit {
    match create(directory, name) {
        Ok(path) => {
            let path = path.display().to_string();
            screen.answer(|| format!("{path}\n"), || json!({ "file": path }));
            Exit::Done
        }
        Err(error) => screen.fail(&error),
    }
}

async fn up(screen: &mut Screen<'_>, migrator: &Migrator) -> Exit {
    match migrator.up_with(|event| screen.event(event)).await {
        Ok(report) => {
            let line = |took: Duration| format!("{}\n", text::applied(report.applied.len(), took));
            screen.answer(|| line(report.took), || json::report(&report));
            Exit::Done
        }
        Err(error) => screen.fail(&error),
    }
}

async fn status(screen: &mut Screen<'_>, migrator: &Migrator, check: bool) -> Exit {
    match migrator.status().await {
        Ok(status) => {
            screen.answer(|| text::status(&status), || json::status(&status));
            match (status.conflicts.is_empty(), check && !status.pending.is_empty()) {
                (false, _) => Exit::Conflict,
                (true, true) => Exit::Pending,
                (true, false) => Exit::Done,
            }
        }
        Err(error) => screen.fail(&error),
    }
}

/// Where answers go. A reader that has gone is no reason to stop migrating, so nothing here fails.
struct Screen<'a> {
    out: &'a mut (dyn Write + Send),
    err: &'a mut (dyn Write + Send),
    json: bool,
}

impl Screen<'_> {
    fn answer(&mut self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) {
        let page = if self.json { format!("{:#}\n", json()) } else { text() };
        let _ = self.out.write_all(page.as_bytes()).and_then(|()| self.out.flush());
    }

    /// A migration that was applied is part of the answer, unless that is one JSON document; waiting never is.
    fn event(&mut self, event: Event<'_>) {
        let Some(line) = text::event(event) else { return };
        let is_answer = matches!(event, Event::Applied { .. }) && !self.json;
        let place = if is_answer { &mut *self.out } else { &mut *self.err };
        let _ = writeln!(place, "{line}").and_then(|()| place.flush());
    }

    fn fail(&mut self, error: &Error) -> Exit {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        let _ = writeln!(self.err, "migrate: {message}");
        if self.json {
            self.answer(String::new, || json::error(error, &message));
        }
        Exit::from(error)
    }
}
