//! `pgkeel keys verify`.

use std::process::ExitCode;

use pgkeel_pool::Pool;
use pgkeel_query::rotation::{self, Depth, Verification};

use super::answer::row;
use super::arguments::Words;
use super::display::Display;
use super::problem::Doing as _;
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
        let display = Display::new(&column.to_string(), 0);
        let observe = |so_far: &Verification| display.cells(so_far.cells);
        let found = rotation::verify(pool, &vault, &column, depth, most, observe).await;
        drop(display);
        verified.push(found.doing(format!("verifying {column}"))?);
    }
    words.answer(|| verified.iter().map(told).collect(), || serde_json::to_value(&verified))?;
    let is_sound = verified.iter().all(Verification::is_sound);
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(found: &Verification) -> String {
    let by_key = found.by_key.iter().map(|(key, cells)| format!("{cells} under {key}"));
    let by_key = by_key.collect::<Vec<_>>().join(", ");
    let cells = if by_key.is_empty() { String::new() } else { format!(" ({by_key})") };
    let whole = format!("{}: {} values{cells}", found.column, found.cells);
    if found.is_sound() {
        return whole + ", all sound\n";
    }
    let classes = found.failures.iter().map(|(class, cells)| format!("  {cells} do not open: {class}\n"));
    let missing =
        found.missing_keys.iter().map(|key| format!("  key {key} is missing in the keyring, or disabled\n"));
    let rows = found.first_failures.iter().map(row);
    std::iter::once(whole + "\n").chain(classes).chain(missing).chain(rows).collect()
}
