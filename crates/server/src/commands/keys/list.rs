//! `pgkeel keys list`.

use std::process::ExitCode;

use pgkeel_crypto::{KeyList, KeyState, KeyStatus};
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Usage};
use serde_json::{Value, json};

use super::answer::table;
use super::arguments::Words;
use super::problem::Doing as _;
use super::{columns, keyring};
use crate::failure::Failure;
use crate::settings::Config;

pub(super) async fn keys(words: &Words, config: &Config) -> Result<ExitCode, Failure> {
    answer(words, config, &[]).await
}

/// With how many cells are under which key.
pub(super) async fn cells(words: &Words, config: &Config, pool: &Pool) -> Result<ExitCode, Failure> {
    let mut used = Vec::new();
    for column in columns::meant(words, pool).await? {
        used.push(rotation::usage(pool, &column).await.doing(format!("counting the cells of {column}"))?);
    }
    answer(words, config, &used).await
}

async fn answer(words: &Words, config: &Config, used: &[Usage]) -> Result<ExitCode, Failure> {
    let keys: Vec<KeyStatus> = keyring::read(config).await?.keys().collect();
    let text = || {
        let mut page = table(["LIST", "KEY", "STATE", "CHECK"], &keys.iter().map(row).collect::<Vec<_>>());
        if !used.is_empty() {
            let rows: Vec<_> = used.iter().flat_map(used_rows).collect();
            page += "\n";
            page += &table(["COLUMN", "KEY", "CELLS"], &rows);
        }
        page
    };
    words.answer(text, || {
        let keys: Vec<Value> = keys.iter().map(as_json).collect();
        Ok(json!({ "keys": keys, "columns": serde_json::to_value(used)? }))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(key: &KeyStatus) -> [String; 4] {
    let check = key.check_value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    [key.name.list.to_string(), key.name.id.to_string(), state(key).to_owned(), check]
}

fn as_json(key: &KeyStatus) -> Value {
    json!({
        "list": key.name.list.to_string(), "id": key.name.id.to_string(), "state": state(key),
        "kcv": key.check_value.map(|value| value.to_string()),
    })
}

/// As the keyring writes it.
fn state(key: &KeyStatus) -> &'static str {
    match (key.state, key.name.list) {
        (KeyState::Primary, _) => "primary",
        (KeyState::Reading, KeyList::Seal) => "decrypt",
        (KeyState::Reading, KeyList::Index) => "lookup",
        (KeyState::Disabled, _) => "disabled",
    }
}

fn used_rows(usage: &Usage) -> Vec<[String; 3]> {
    let by_key = usage.by_key.iter().map(|(key, cells)| (key.to_string(), *cells));
    let others = (usage.others > 0).then(|| ("no envelope".to_owned(), usage.others));
    by_key.chain(others).map(|(key, cells)| [usage.column.clone(), key, cells.to_string()]).collect()
}
