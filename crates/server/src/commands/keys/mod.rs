//! `pgkeel keys`: the keys of sealed columns, and what is sealed under them.

mod arguments;
mod adopt;
mod answer;
mod columns;
mod display;
mod keyring;
mod list;
mod new;
mod problem;
mod retire;
mod rotate;
mod setup;
mod steer;
mod verify;
mod work;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::ArgMatches;
use pgkeel_pool::Pool;

pub(crate) use self::arguments::command;
use self::arguments::{Verb, Words};
use crate::database::Database;
use crate::failure::Failure;
use crate::settings::{self, Config, Flags};

/// How long sessions may take to come back. By then nothing runs on them.
const CLOSE: std::time::Duration = std::time::Duration::from_secs(5);

pub(crate) fn run(flags: &Flags, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let words = Words::of(matches);
    let config = settings::read(flags)?.value;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        match &words.verb {
            Verb::New { list, file } => new::run(&words, &config, *list, file.as_deref()).await,
            Verb::List { cells: false } => list::keys(&words, &config).await,
            _ => with_database(&words, &config).await,
        }
    })
}

async fn with_database(words: &Words, config: &Config) -> Result<ExitCode, Failure> {
    let database = Database::open(config.database.clone()).await?;
    let pool = Pool::lazy(config.pool.complete(database.connect.clone()));
    let done = match &words.verb {
        Verb::Setup => setup::run(words, &database.connect).await,
        Verb::Publish => columns::run(words, &pool).await,
        Verb::Withdraw { column } => columns::withdraw(words, &pool, column).await,
        Verb::List { .. } => list::cells(words, config, &pool).await,
        Verb::Rotate { pace, part } => rotate::run(words, config, &pool, *pace, part).await,
        Verb::Adopt { pace, plaintext, clears } => {
            adopt::run(words, config, &pool, *pace, plaintext, *clears).await
        }
        Verb::Status => steer::status(words, &pool).await,
        Verb::Steer { how, rotation } => steer::run(words, &pool, *how, *rotation).await,
        Verb::Verify { depth, most } => verify::run(words, config, &pool, *depth, *most).await,
        Verb::Retire { key } => retire::run(words, config, &pool, *key).await,
        Verb::New { .. } => unreachable!("it needs no database"),
    };
    // What it has come to matters more than how its sessions end.
    let _ = pool.close(CLOSE).await;
    let closed = database.close().await;
    let done = done?;
    closed?;
    Ok(done)
}
