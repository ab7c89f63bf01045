//! Where the keys are.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use pgkeel_crypto::{Keyring, KeyringConfig, Sources, Vault};

use crate::failure::Failure;
use crate::settings::Config;

/// The keys of the keyring that the settings name, with their secrets.
pub(super) async fn read(config: &Config) -> Result<Keyring, Failure> {
    let sources = Sources::new(|name: &str| std::env::var(name).ok());
    let keyring = match &config.keyring {
        Some(file) => from_file(file)?,
        None => KeyringConfig::from_environment(&sources).map_err(Failure::setting)?,
    };
    keyring.load(&sources).await.map_err(Failure::setting)
}

pub(super) async fn vault(config: &Config) -> Result<Vault, Failure> {
    Ok(Vault::new(read(config).await?))
}

fn from_file(file: &Path) -> Result<KeyringConfig, Failure> {
    let told = || format!("the keyring {}", file.display());
    let text = std::fs::read_to_string(file).with_context(told).map_err(Failure::setting)?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let read = if is_json { KeyringConfig::from_json(&text) } else { KeyringConfig::from_toml(&text) };
    read.map_err(|error| Failure::setting(anyhow!(error).context(told())))
}
