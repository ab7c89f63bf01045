//! `pgkeel keys retire`.

use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_crypto::KeyId;
use pgkeel_pool::Pool;
use pgkeel_query::rotation;

use super::arguments::Words;
use super::keyring;
use crate::failure::Failure;
use crate::settings::Config;

pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    key: KeyId,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let retired = rotation::retire(pool, &vault, key).await.context("the key stays")?;
    words.answer(|| format!("{retired}\n"), || serde_json::to_value(&retired))?;
    Ok(ExitCode::SUCCESS)
}
