use std::fmt;

use allocation_counter::measure;
use anyhow::Context as _;
use pgkeel_crypto::Vault;

use crate::sealing::{PHOTO, VALUE, place};

/// How many allocations a call makes, once its cipher is there.
pub(crate) struct Allocations {
    seal: u64,
    open: u64,
}

pub(crate) fn count(vault: &Vault) -> anyhow::Result<Allocations> {
    let sealed = vault.seal(&PHOTO, &VALUE, place()).context("sealing")?;
    let seal = measure(|| drop(vault.seal(&PHOTO, &VALUE, place()))).count_total;
    let open = measure(|| drop(vault.open(&PHOTO, &sealed, place()))).count_total;
    Ok(Allocations { seal, open })
}

impl fmt::Display for Allocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = |is_met| if is_met { "met" } else { "missed" };
        writeln!(f, "allocations")?;
        writeln!(f, "  seal {:>6}, = 1 {}", self.seal, verdict(self.seal == 1))?;
        write!(f, "  open {:>6}, ≤ 1 {}", self.open, verdict(self.open <= 1))
    }
}
