//! `pgkeel keys publish`, and which columns a verb is about.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Published, SealedColumn};

use super::arguments::Words;
use crate::failure::Failure;

pub(super) async fn run(words: &Words, pool: &Pool) -> Result<ExitCode, Failure> {
    let file = words.described.as_deref().expect("clap asks for it");
    let published = rotation::publish(pool, &read(file)?).await.context("publishing sealed columns")?;
    words.answer(|| told(&published), || serde_json::to_value(&published))?;
    Ok(ExitCode::SUCCESS)
}

fn told(published: &Published) -> String {
    let Published { added, changed, unchanged, .. } = published;
    let lines = |verb: &str, columns: &[String]| -> String {
        columns.iter().map(|column| format!("{verb}  {column}\n")).collect()
    };
    format!("{}{}{unchanged} unchanged\n", lines("added", added), lines("changed", changed))
}

fn read(file: &Path) -> Result<Vec<SealedColumn>, Failure> {
    let told = || format!("the sealed columns of {}", file.display());
    let text = std::fs::read_to_string(file).with_context(told).map_err(Failure::setting)?;
    rotation::from_toml(&text).map_err(|error| Failure::setting(anyhow!(error).context(told())))
}

/// Those of the file, which are published then, or all that are published; of these the ones that were named.
pub(super) async fn meant(words: &Words, pool: &Pool) -> Result<Vec<SealedColumn>, Failure> {
    let columns = match words.described.as_deref() {
        Some(file) => {
            let columns = read(file)?;
            rotation::publish(pool, &columns).await.context("publishing sealed columns")?;
            columns
        }
        None => rotation::published(pool).await.context("reading which columns are sealed")?,
    };
    if columns.is_empty() {
        return Err(Failure::setting(anyhow!(
            "nobody has said which columns are sealed: have the programs publish theirs, or describe them with --columns FILE \
             (`pgkeel keys publish --help` shows one)"
        )));
    }
    let all: Vec<String> = columns.iter().map(ToString::to_string).collect();
    if let Some(unknown) = words.columns.iter().find(|name| !all.contains(name)) {
        let known = all.join(", ");
        return Err(Failure::setting(anyhow!("no sealed column is called {unknown}; there are: {known}")));
    }
    let is_meant =
        |column: &SealedColumn| words.columns.is_empty() || words.columns.contains(&column.to_string());
    Ok(columns.into_iter().filter(is_meant).collect())
}
