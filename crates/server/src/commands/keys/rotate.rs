//! `pgkeel keys rotate`.

use std::process::ExitCode;

use anyhow::anyhow;
use pgkeel_pool::Pool;
use pgkeel_query::rotation::Rotation;

use super::arguments::{Pace, Words};
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
    indexes: bool,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let columns = columns::meant(words, pool).await?;
    let mut all = Vec::new();
    for column in &columns {
        if !indexes {
            all.push(Work { rotation: Rotation::new(&vault, column), column: column.to_string() });
            continue;
        }
        for index in column.indexes() {
            let name = format!("{column}, index {}", index.column().name());
            all.push(Work { rotation: Rotation::of_index(&vault, column, index), column: name });
        }
    }
    if all.is_empty() {
        return Err(Failure::setting(anyhow!("no blind index of these columns is published")));
    }
    work::run(words, pool, pace, all).await
}
