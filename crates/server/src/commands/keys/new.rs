//! `pgkeel keys new`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_crypto::{KeyId, KeyList, KeyState, RootKey};
use serde_json::json;

use super::arguments::Words;
use super::keyring;
use crate::failure::Failure;
use crate::settings::Config;

/// Makes a key whose id the keyring, if there is one, does not have.
pub(super) async fn run(
    words: &Words,
    config: &Config,
    list: KeyList,
    file: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let known: Vec<_> = match keyring::read(config).await {
        Ok(keyring) => keyring.keys().collect(),
        // The first key is made before there is a keyring.
        Err(_) if config.keyring.is_none() => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let id = loop {
        let id = KeyId::generate().context("drawing an id")?;
        if known.iter().all(|key| key.name.id != id) {
            break id;
        }
    };
    let key = RootKey::generate().context("drawing a secret")?;
    let has_primary = known.iter().any(|key| key.name.list == list && key.state == KeyState::Primary);
    let state = match list {
        _ if !has_primary => "primary",
        KeyList::Seal => "decrypt",
        KeyList::Index => "lookup",
    };
    if let Some(file) = file {
        store(&key, file)?;
    }
    let variable = format!("PGKEEL_KEY_{id}").to_uppercase();
    let source = match file {
        Some(file) => format!("file:{}", std::path::absolute(file).unwrap_or_else(|_| file.into()).display()),
        None => format!("env:{variable}"),
    };
    let check = key.check_value().to_string();
    let secret = file.is_none().then(|| key.to_text());
    let text = || {
        let secret = secret.as_ref().map(|secret| {
            format!(
                "Keep this secret where secrets are; it is shown here and nowhere else:\n{variable}={}\n\n",
                secret.expose()
            )
        });
        format!(
            "{}For the keyring of every instance:\n[[{list}]]\nid = \"{id}\"\nstate = \"{state}\"\nsource = {source:?}\nkcv = \"{check}\"\n",
            secret.unwrap_or_default()
        )
    };
    words.answer(text, || {
        let secret = secret.as_ref().map(|secret| secret.expose());
        Ok(json!({
            "list": list.to_string(), "id": id.to_string(), "state": state, "source": source, "kcv": check, "secret": secret,
        }))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// In a new file, as one that is there may be somebody's only copy of another secret.
fn store(key: &RootKey, file: &Path) -> Result<(), Failure> {
    let told = || format!("writing the secret into {}", file.display());
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(told).map_err(Failure::setting)?;
    let written = opened.write_all(key.to_text().expose().as_bytes()).and_then(|()| opened.sync_all());
    Ok(written.with_context(told)?)
}
