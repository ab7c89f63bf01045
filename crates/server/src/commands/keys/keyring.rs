//! Where the keys are.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use pgkeel_connect::settings::{Environment as _, ProcessEnvironment};
use pgkeel_crypto::{Keyring, KeyringConfig, Sources, Vault};

use crate::failure::Failure;
use crate::settings::Config;

/// With these begin the variables that say which keys there are.
const LISTS: [&str; 2] = ["PGKEEL_SEAL_", "PGKEEL_INDEX_"];

/// The keys of the keyring that the settings name, with their secrets.
pub(super) async fn read(config: &Config) -> Result<Keyring, Failure> {
    let none = || {
        Failure::setting(anyhow!(
            "there is no keyring: name its file with --keyring, or set PGKEEL_SEAL_PRIMARY and what belongs to it; \
             `pgkeel keys new` makes a first key"
        ))
    };
    find(config).await?.ok_or_else(none)
}

/// `None` if neither a file nor variables say anything of keys.
pub(super) async fn find(config: &Config) -> Result<Option<Keyring>, Failure> {
    let environment = ProcessEnvironment::new();
    let variable = |name: &str| environment.variable(name).ok().flatten();
    let is_list = |name: &String| LISTS.iter().any(|list| name.starts_with(list)) && variable(name).is_some();
    let sources = Sources::new(variable);
    let keyring = match &config.keyring {
        Some(file) => from_file(file)?,
        None if !environment.names().iter().any(is_list) => return Ok(None),
        None => KeyringConfig::from_environment(&sources).map_err(Failure::setting)?,
    };
    keyring.load(&sources).await.map(Some).map_err(Failure::setting)
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
