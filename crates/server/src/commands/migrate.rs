//! `pgkeel migrate`: the verbs of the migrate crate, on the database that the settings name.

use std::process::ExitCode;

use clap::ArgMatches;
use pgkeel_migrate::cli;

use crate::database::Database;
use crate::failure::Failure;
use crate::settings::{self, Flags};

/// On one thread: between an answer of the server and what is sent next nothing has to wake another one.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(flags: &Flags, words: &ArgMatches) -> Result<ExitCode, Failure> {
    let mut opened = None;
    let connect = async || {
        let database = Database::open(settings::read(flags)?.value.database).await?;
        Ok::<_, Failure>(opened.insert(database).connect.clone())
    };
    let ended = cli::run(words, connect).await;
    if let Some(database) = opened {
        database.close().await?;
    }
    Ok(ended?.into())
}
