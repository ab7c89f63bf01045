//! `pgkeel keys verify`.

use std::process::ExitCode;

use anyhow::Context as _;
use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Depth, Verification};

use super::arguments::Words;
use super::display::Display;
use super::{columns, keyring};
use crate::failure::Failure;
use crate::settings::Config;

pub(super) async fn run(
    words: &Words,
    config: &Config,
    pool: &Pool,
    depth: Depth,
    most: Option<u64>,
) -> Result<ExitCode, Failure> {
    let vault = keyring::vault(config).await?;
    let mut verified = Vec::new();
    for column in columns::meant(words, pool).await? {
        let display = Display::new(&column.to_string());
        let observe = |so_far: &Verification| display.cells(so_far.cells);
        let found = rotation::verify(pool, &vault, &column, depth, most, observe).await;
        drop(display);
        verified.push(found.with_context(|| format!("verifying {column}"))?);
    }
    words.answer(|| verified.iter().map(told).collect(), || serde_json::to_value(&verified))?;
    let is_sound = verified.iter().all(Verification::is_sound);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(found: &Verification) -> String {
    let by_key = found.by_key.iter().map(|(key, cells)| format!("{cells} under {key}"));
    let by_key = by_key.collect::<Vec<_>>().join(", ");
    let cells = if by_key.is_empty() { String::new() } else { format!(" ({by_key})") };
    let mut told = format!("{}: {} values{cells}", found.column, found.cells);
    if found.is_sound() {
        return told + ", all sound\n";
    }
    for (class, cells) in &found.failures {
        told += &format!("\n  {cells} do not open: {class}");
    }
    for key in &found.missing_keys {
        told += &format!("\n  key {key} is missing in the keyring, or disabled");
    }
    for failure in &found.first_failures {
        told += &format!("\n  row {}: {}", failure.row.columns().join(", "), failure.class);
    }
    told + "\n"
}
