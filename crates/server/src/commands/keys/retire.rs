//! `pgkeel keys retire`.

use std::process::ExitCode;

use anyhow::anyhow;
use pgkeel_crypto::KeyId;
use pgkeel_pool::Pool;
use pgkeel_query::rotation;

use super::arguments::Words;
use super::keyring;
use super::problem::Doing as _;
use crate::failure::Failure;
use crate::settings::Config;

pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    key: KeyId,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    // Of a slip of the keyboard no cell has ever heard.
    if !vault.keys().iter().any(|known| known.name.id == key) {
        return Err(Failure::setting(anyhow!(
            "the keyring has no key {key}: `pgkeel keys list` shows those that it has"
        )));
    }
    let retired = rotation::retire(pool, &vault, key).await.doing("the key stays")?;
    words.answer(|| format!("{retired}\n"), || serde_json::to_value(&retired))?;
    Ok(ExitCode::SUCCESS)
}
