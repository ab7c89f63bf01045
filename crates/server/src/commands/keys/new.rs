//! `pgkeel keys new`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_crypto::{KeyId, KeyList, KeyState, Keyring, RootKey, Secret};
use serde_json::{Value, json};

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
    let keyring = keyring::find(config).await?;
    let known: Vec<_> = keyring.iter().flat_map(Keyring::keys).collect();
    let id = loop {
        let id = KeyId::generate().context("drawing an id")?;
        if known.iter().all(|key| key.name.id != id) {
            break id;
        }
    };
    let secret = RootKey::generate().context("drawing a secret")?;
    let has_primary = known.iter().any(|key| key.name.list == list && key.state == KeyState::Primary);
    let state = match list {
        _ if !has_primary => "primary",
        KeyList::Seal => "decrypt",
        KeyList::Index => "lookup",
    };
    if let Some(file) = file {
        store(&secret, file)?;
    }
    let file = file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.into()));
    let made = Made { list, id, state, file, secret };
    words.answer(|| made.told(keyring.is_none()), || Ok(made.as_json()))?;
    Ok(ExitCode::SUCCESS)
}

struct Made {
    list: KeyList,
    id: KeyId,
    state: &'static str,
    /// Where the secret is; else it is printed.
    file: Option<PathBuf>,
    secret: RootKey,
}

impl Made {
    fn told(&self, is_first: bool) -> String {
        let Self { list, id, state, .. } = self;
        let (variable, check) = (self.variable(), self.secret.check_value());
        let (begin, secret) = (if is_first { "version = 1\n\n" } else { "" }, self.secret.to_text());
        let (printed, place) = match &self.file {
            None => (
                format!(
                    "Keep this secret where secrets are; it is shown here and nowhere else:\n{variable}={}\n\n",
                    secret.expose()
                ),
                String::new(),
            ),
            Some(file) => (String::new(), format!("{variable}_FILE={}\n", file.display())),
        };
        format!(
            "{printed}For the keyring of every instance:\n{begin}[[{list}]]\nid = \"{id}\"\nstate = \"{state}\"\nsource = {:?}\nkcv = \"{check}\"\n\n\
             Or for their variables, its id behind those that are there, with a comma:\nPGKEEL_{}={id}\n{place}{}={check}\n",
            self.source(),
            format!("{list}_{state}").to_uppercase(),
            variable.replace("_KEY_", "_KCV_"),
        )
    }

    fn as_json(&self) -> Value {
        let secret = self.file.is_none().then(|| self.secret.to_text());
        json!({
            "list": self.list.to_string(), "id": self.id.to_string(), "state": self.state, "source": self.source(),
            "kcv": self.secret.check_value().to_string(), "secret": secret.as_ref().map(Secret::expose),
        })
    }

    fn source(&self) -> String {
        match &self.file {
            Some(file) => format!("file:{}", file.display()),
            None => format!("env:{}", self.variable()),
        }
    }

    fn variable(&self) -> String {
        format!("PGKEEL_KEY_{}", self.id).to_uppercase()
    }
}

/// In a new file, as one that is there may be somebody's only copy of another secret.
fn store(key: &RootKey, file: &Path) -> Result<(), Failure> {
    let told = || format!("writing the secret into the new file {}", file.display());
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut opened = opened.with_context(told).map_err(Failure::setting)?;
    let written = opened.write_all(key.to_text().expose().as_bytes()).and_then(|()| opened.sync_all());
    Ok(written.with_context(told)?)
}
