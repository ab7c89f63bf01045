//! `pgkeel keys publish` and `withdraw`, and which columns a verb is about.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Published, SealedColumn};
use serde_json::json;

use super::arguments::Words;
use super::problem::{Doing as _, cause};
use crate::failure::Failure;

pub(super) async fn run(words: &Words, pool: &Pool) -> Result<ExitCode, Failure> {
    let file = words.described.as_deref().expect("clap asks for it");
    let published = rotation::publish(pool, &read(file)?).await.doing("publishing sealed columns")?;
    words.answer(|| told(&published), || serde_json::to_value(&published))?;
    Ok(ExitCode::SUCCESS)
}

fn told(published: &Published) -> String {
    let Published { added, changed, unchanged, .. } = published;
    let added = added.iter().map(|column| format!("added  {column}\n"));
    let changed = changed.iter().map(|column| format!("changed  {column}\n"));
    added.chain(changed).chain([format!("{unchanged} unchanged\n")]).collect()
}

pub(super) async fn withdraw(words: &Words, pool: &Pool, column: &str) -> Result<ExitCode, Failure> {
    let columns = published(pool).await?;
    let known = named(&columns, column)?;
    let withdrawn = rotation::withdraw(pool, known).await.doing(format!("withdrawing {column}"))?;
    words.answer(
        || if withdrawn { format!("withdrawn  {column}\n") } else { format!("{column} was not published\n") },
        || Ok(json!({ "column": column, "withdrawn": withdrawn })),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn named<'c>(columns: &'c [SealedColumn], name: &str) -> Result<&'c SealedColumn, Failure> {
    columns.iter().find(|column| column.to_string() == name).ok_or_else(|| {
        let known = columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Failure::setting(anyhow!("no sealed column is called {name}; there are: {known}"))
    })
}

fn read(file: &Path) -> Result<Vec<SealedColumn>, Failure> {
    let told = || format!("the sealed columns of {}", file.display());
    let text = std::fs::read_to_string(file).with_context(told).map_err(Failure::setting)?;
    let read = rotation::from_toml(&text).map_err(|error| Failure::setting(cause(error).context(told())))?;
    if read.is_empty() {
        Err(Failure::setting(anyhow!("{} describes no column", file.display())))
    } else {
        Ok(read)
    }
}

/// At least one.
async fn published(pool: &Pool) -> Result<Vec<SealedColumn>, Failure> {
    let columns = rotation::published(pool).await.doing("reading which columns are sealed")?;
    if columns.is_empty() {
        return Err(Failure::setting(anyhow!(
            "nobody has said which columns are sealed: have the programs publish theirs, or describe them with --columns FILE \
             (`pgkeel keys publish --help` shows one)"
        )));
    }
    Ok(columns)
}

/// Those of the file, which are published then, or all that are published; of these the ones that were named.
pub(super) async fn meant(words: &Words, pool: &Pool) -> Result<Vec<SealedColumn>, Failure> {
    let columns = match words.described.as_deref() {
        Some(file) => {
            let columns = read(file)?;
            rotation::publish(pool, &columns).await.doing("publishing sealed columns")?;
            columns
        }
        None => published(pool).await?,
    };
    for name in &words.columns {
        named(&columns, name)?;
    }
    let is_meant =
        |column: &SealedColumn| words.columns.is_empty() || words.columns.contains(&column.to_string());
    Ok(columns.into_iter().filter(is_meant).collect())
}
