//! `pgkeel keys rotate`.

use std::process::ExitCode;

use anyhow::anyhow;
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{Rotation, SealedIndex};

use super::arguments::{Pace, Part, Words};
use super::work::{self, Work};
use super::{columns, keyring};
use crate::failure::Failure;
use crate::settings::Config;

/// Seals values anew, or makes their indexes anew.
pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    pace: Pace,
    part: &Part,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let columns = columns::meant(words, pool).await?;
    let mut all = Vec::new();
    for column in &columns {
        let Part::Indexes { only } = part else {
            all.push(Work { rotation: Rotation::new(&vault, column), column: column.to_string() });
            continue;
        };
        let is_meant = |index: &&SealedIndex| only.as_ref().is_none_or(|only| index.column().name() == only);
        for index in column.indexes().iter().filter(is_meant) {
            let name = format!("{column}, index {}", index.column().name());
            all.push(Work { rotation: Rotation::of_index(&vault, column, index), column: name });
        }
    }
    if all.is_empty() {
        return Err(Failure::setting(none(part)));
    }
    work::run(words, pool, pace, all).await
}

fn none(part: &Part) -> anyhow::Error {
    match part {
        Part::Indexes { only: Some(name) } => anyhow!("no blind index {name} of these columns is published"),
        _ => anyhow!("no blind index of these columns is published"),
    }
}
