//! `pgkeel keys setup`.

use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_connect::Config;
use pgkeel_migrate::{Library, Migrations, Migrator};
use pgkeel_query::rotation::MIGRATIONS;
use serde_json::json;

use super::arguments::Words;
use crate::failure::Failure;

/// Whose migrations they are.
const SEALED: Library = Library::new("sealed");

pub(super) async fn run(words: &Words, connect: &Config) -> Result<ExitCode, Failure> {
    let migrations = Migrations::from_static(&MIGRATIONS).context("reading the migrations of the tables")?;
    let migrator = Migrator::new(connect.clone(), migrations).of_library(SEALED);
    let report = migrator.up().await.context("making the tables")?;
    let applied: Vec<&str> = report.done.iter().map(|done| done.migration.file()).collect();
    let text = || match applied.len() {
        0 => "the tables are there\n".to_owned(),
        _ => "the tables of sealed columns and rotations are made, in the schema pgkeel\n".to_owned(),
    };
    words.answer(text, || Ok(json!({ "applied": applied })))?;
    Ok(ExitCode::SUCCESS)
}
