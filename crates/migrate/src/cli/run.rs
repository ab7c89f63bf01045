use std::io::Write;
use std::pin::pin;

use clap::ArgMatches;
use futures_util::future::{Either, select};
use pgkeel_connect::Config;

use super::exit::Exit;
use super::request::{Request, Verb};
use super::screen::Screen;
use super::{adoption, checks, files, health, lint, migrate, schemas, signals, squash, tenants};
use crate::{Doctor, Error, Migrations, Stop};

/// Carries out what was typed: answers to standard output, errors and waiting to standard error.
///
/// `connect` says where the database is. It is called once, after the files have been read, and not by verbs that need
/// no database. While the database is changed, or a shadow is used, Ctrl-C and SIGTERM have the statement under way cancelled,
/// what happened logged and the shadow dropped; the second one ends it at once.
///
/// # Errors
/// That of `connect`, for the caller to show; all others have been shown.
///
/// # Cancellation
/// As [`Migrator::up`](crate::Migrator::up).
pub async fn run<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
) -> Result<Exit, E> {
    let stop = Stop::new();
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let run = pin!(run_into(matches, connect, stop.clone(), &mut out, &mut err));
    if !Request::of(matches).leaves_something() {
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
/// As [`Migrator::up`](crate::Migrator::up).
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
/// As [`Migrator::up`](crate::Migrator::up).
pub async fn run_into_with<E>(
    matches: &ArgMatches,
    connect: impl AsyncFnOnce() -> Result<Config, E>,
    add: impl FnOnce(Migrations) -> Result<Migrations, Error>,
    stop: Stop,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<Exit, E> {
    let request = Request::of(matches);
    let (json, detail, tenant, dry_run) = (request.json, request.detail, request.tenant(), request.dry_run());
    let mut screen = Screen { out, err, json, detail, tenant, dry_run };
    let verb = request.verb.clone();
    if let Verb::New { name, content, way_back, code } = verb {
        let besides = add(Migrations::default());
        let template = besides.and_then(|besides| files::template(name, content, way_back, besides.newest()));
        return Ok(files::new(&mut screen, &request.directory, template, code));
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
            Err(error) if request.can_do_without(&error) => {
                return Ok(Box::pin(health::doctor(&mut screen, Doctor::of_database(connect().await?))).await);
            }
            Err(error) => return Ok(screen.fail(&error, None)),
        }
    } else {
        Migrations::default()
    };
    if verb == Verb::Validate {
        return Ok(files::validate(&mut screen, &migrations, &request.directory));
    }
    if let Verb::Lint(lint) = &verb
        && lint.all
    {
        return Ok(lint::every_file(&mut screen, (&migrations, &request.directory), lint));
    }
    let connect = connect().await?;
    let tenant = request.tenant();
    if let Some(words) = request.tenants.clone().filter(|_| tenant.is_none()) {
        let migrator = request.migrator(connect, migrations, stop);
        let tenants = words.many(&migrator).expect("it is not for one alone");
        return Ok(Box::pin(tenants::run(&mut screen, &tenants, &migrator, verb)).await);
    }
    Ok(match verb {
        Verb::Verify { with, page } => {
            Box::pin(checks::verify(
                &mut screen,
                (connect, migrations, &directory),
                tenant,
                (with, page),
                stop,
            ))
            .await
        }
        Verb::Lint(lint) => {
            Box::pin(lint::pending(&mut screen, (connect, migrations, &directory), &lint)).await
        }
        Verb::Test { page } => Box::pin(checks::test(&mut screen, (connect, migrations), page, stop)).await,
        Verb::Doctor => Box::pin(health::doctor(&mut screen, Doctor::new(connect, migrations))).await,
        Verb::Wait { applied, limit } => {
            Box::pin(health::wait(&mut screen, (connect, migrations), applied, limit)).await
        }
        Verb::Snapshot { output } => {
            Box::pin(schemas::snapshot(&mut screen, (connect, &directory), output.as_deref())).await
        }
        Verb::Diff { sides, page } => {
            Box::pin(schemas::diff(&mut screen, (connect, migrations, &directory), (&sides, page), &stop))
                .await
        }
        Verb::Lock { check } => {
            Box::pin(checks::lock(&mut screen, (connect, migrations, &directory), check, &stop)).await
        }
        Verb::Squash(words) => {
            Box::pin(squash::squash(&mut screen, (connect, migrations, &directory), words, &stop)).await
        }
        Verb::Baseline => {
            let migrator = request.migrator(connect, migrations, stop);
            Box::pin(adoption::baseline(&mut screen, &migrator, &directory)).await
        }
        verb => {
            let migrator = request.migrator(connect, migrations, stop);
            Box::pin(migrate::carry_out(&mut screen, &migrator, verb)).await
        }
    })
}
