use std::io::Write;
use std::path::Path;
use std::pin::pin;

use clap::ArgMatches;
use futures_util::future::{Either, select};
use pgkeel_connect::Config;
use serde_json::json;

use super::exit::Exit;
use super::request::{Content, Request, Verb, WayBack};
use super::screen::Screen;
use super::status::page;
use super::{adoption, checks, health, json, lint, schemas, signals, squash, text};
use crate::files::unfit;
use crate::{Back, Conflict, Error, Migration, Migrations, Migrator, Report, Stop, Template};

/// Carries out what was typed: answers to standard output, errors and waiting to standard error.
///
/// `connect` says where the database is. It is called once, after the files have been read, and not by verbs that need
/// no database. While the database is changed, Ctrl-C and SIGTERM have the statement under way cancelled and what
/// happened logged; the second one ends it at once.
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
    let stop = Stop::new();
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let run = pin!(run_into(matches, connect, stop.clone(), &mut out, &mut err));
    if !Request::of(matches).changes_database() {
        return run.await;
    }
    match select(run, pin!(signals::second(&stop))).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), _)) => Ok(Exit::Failed),
    }
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

/// As [`run()`], to other places for answers and errors, and ending early when `stop` is asked for instead of by signals.
///
/// # Errors
/// That of `connect`.
///
/// # Cancellation
/// As [`Migrator::up`].
pub async fn run_into<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
    stop: Stop,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<Exit, E> {
    run_into_with(matches, connect, Ok, stop, out, err).await
}

/// As [`run_into`], with more than the files of the directory: `add` gets these and returns them with, for example,
/// migrations that are code of the program ([`Migrations::with_code`]). For `new`, which minds only
/// versions, it gets none. It is not called where no files are needed.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Code, Migrations, Stop, cli};
///
/// # async fn example(code: Vec<Code>) -> Result<cli::Exit, pgkeel_connect::settings::Problems> {
/// let matches = cli::command().get_matches();
/// let add = |files: Migrations| files.with_code(code);
/// let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
/// cli::run_into_with(&matches, async || Config::from_env(), add, Stop::new(), &mut out, &mut err).await
/// # }
/// ```
///
/// # Errors
/// That of `connect`. One of `add` is shown.
///
/// # Cancellation
/// As [`Migrator::up`].
pub async fn run_into_with<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
    add: impl FnOnce(Migrations) -> Result<Migrations, Error>,
    stop: Stop,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<Exit, E> {
    let request = Request::of(matches);
    let mut screen = Screen { out, err, json: request.json, detail: request.detail };
    let verb = request.verb.clone();
    if let Verb::New { name, content, way_back, code } = verb {
        let besides = add(Migrations::default());
        let template = besides.and_then(|besides| template(name, content, way_back, besides.newest()));
        return Ok(new(&mut screen, &request.directory, template, code));
    }
    let directory = request.directory.clone();
    if let Verb::Import(words) = &verb {
        let files = match adoption::files(&mut screen, (words, &directory), add) {
            Ok(files) => files,
            Err(exit) => return Ok(exit),
        };
        let migrator = if words.files_only {
            None
        } else {
            Some(request.migrator(connect().await?, files.migrations.clone(), stop))
        };
        let imported = adoption::import(&mut screen, migrator.as_ref(), files, (words, &directory));
        return Ok(Box::pin(imported).await);
    }
    let migrations = if verb.takes_files() {
        match Migrations::from_dir(&request.directory).and_then(add) {
            Ok(migrations) => migrations,
            Err(error) => return Ok(screen.fail(&error, None)),
        }
    } else {
        Migrations::default()
    };
    if verb == Verb::Validate {
        return Ok(validate(&mut screen, &migrations, &request.directory));
    }
    if let Verb::Lint(lint) = &verb
        && lint.all
    {
        return Ok(lint::every_file(&mut screen, (&migrations, &request.directory), lint));
    }
    let connect = connect().await?;
    Ok(match verb {
        Verb::Verify { with, page } => {
            Box::pin(checks::verify(&mut screen, (connect, migrations, &directory), with, page)).await
        }
        Verb::Lint(lint) => {
            Box::pin(lint::pending(&mut screen, (connect, migrations, &directory), &lint)).await
        }
        Verb::Test { page } => Box::pin(checks::test(&mut screen, connect, migrations, page)).await,
        Verb::Doctor => Box::pin(health::doctor(&mut screen, connect, migrations)).await,
        Verb::Wait { applied, limit } => {
            Box::pin(health::wait(&mut screen, (connect, migrations), applied, limit)).await
        }
        Verb::Snapshot { output } => {
            Box::pin(schemas::snapshot(&mut screen, (connect, &directory), output.as_deref())).await
        }
        Verb::Diff { sides, page } => {
            Box::pin(schemas::diff(&mut screen, (connect, migrations, &directory), &sides, page)).await
        }
        Verb::Lock { check } => {
            Box::pin(checks::lock(&mut screen, (connect, migrations, &directory), check)).await
        }
        Verb::Squash(words) => {
            Box::pin(squash::squash(&mut screen, (connect, migrations, &directory), words)).await
        }
        Verb::Baseline => {
            let migrator = request.migrator(connect, migrations, stop);
            Box::pin(adoption::baseline(&mut screen, &migrator, &directory)).await
        }
        verb => {
            let migrator = request.migrator(connect, migrations, stop);
            Box::pin(with_database(&mut screen, &migrator, verb)).await
        }
    })
}

async fn with_database(screen: &mut Screen<'_>, migrator: &Migrator, verb: Verb) -> Exit {
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

fn template(
    name: String,
    content: Option<(Content, String)>,
    way_back: Option<WayBack>,
    newest: Option<i64>,
) -> Result<Template, Error> {
    let template = Template::named(name).above(newest.unwrap_or_default());
    let template = match way_back {
        None => template,
        Some(WayBack::Down) => template.with_down(),
        Some(WayBack::Irreversible) => template.irreversible(),
        Some(WayBack::Repeatable) => template.repeatable(),
    };
    match content {
        None => Ok(template),
        Some((Content::Index, of)) => template.index(&of),
        Some((Content::NotNull, of)) => template.not_null(&of),
        Some((Content::ForeignKey, of)) => template.foreign_key(&of),
    }
}

fn new(screen: &mut Screen<'_>, directory: &Path, template: Result<Template, Error>, is_code: bool) -> Exit {
    if is_code {
        return match template.and_then(|template| template.code_for(directory)) {
            Ok(code) => {
                screen.answer(|| code.clone(), || json!({ "files": [], "code": code }));
                Exit::Done
            }
            Err(error) => screen.fail(&error, None),
        };
    }
    match template.and_then(|template| template.create_in(directory)) {
        Ok(paths) => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            screen.answer(|| paths.join("\n") + "\n", || json!({ "files": paths, "code": null }));
            Exit::Done
        }
        Err(error) => screen.fail(&error, None),
    }
}

/// What can be said of files without a database: those that are applied already could not be changed any more, so of
/// them too.
fn validate(screen: &mut Screen<'_>, migrations: &Migrations, directory: &Path) -> Exit {
    let unfit = |migration: &Migration| {
        let scripts = [Some(migration.up()), migration.down()].into_iter().flatten();
        let found = scripts.filter_map(|script| Some((script.file().to_owned(), unfit::find(script)?)));
        let conflict = |(file, unfit)| Conflict::Unfit { file, unfit, version: migration.version() };
        found.map(conflict).collect::<Vec<_>>()
    };
    let conflicts: Vec<Conflict> = migrations.iter().flat_map(unfit).collect();
    if !conflicts.is_empty() {
        return screen.fail(&Error::Conflicts { conflicts }, None);
    }
    if let Err(exit) = checks::with_lock_file(screen, migrations, directory) {
        return exit;
    }
    let (count, repeatables) = (migrations.len(), migrations.repeatables().count());
    let checkpoints = migrations.checkpoints().count();
    screen.answer(
        || text::in_order(count, checkpoints, repeatables),
        || json!({ "migrations": count, "checkpoints": checkpoints, "repeatables": repeatables }),
    );
    Exit::Done
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
