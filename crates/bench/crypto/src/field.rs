use std::hint::black_box;

use anyhow::Context as _;
use pgkeel_bench_turns::Limit;
use pgkeel_crypto::Vault;

use crate::indexing::INDEX;
use crate::sealing::{PHOTO, VALUE, place};
use crate::server::Server;
use crate::turns::{Contest, Ratio};

/// 64 bytes are sealed and indexed, and such a row is inserted.
pub(crate) fn contest(vault: &Vault) -> anyhow::Result<Contest<'_>> {
    let mut server = Server::start()?;
    let envelope = vault.seal(&PHOTO, &VALUE, place()).context("sealing")?.into_bytes();
    let mut contest = Contest::new("a field of 64 bytes");
    contest.add("field", 1, || {
        drop(black_box(vault.seal(&PHOTO, black_box(&VALUE), place())));
        _ = black_box(vault.index(&INDEX, black_box(&VALUE), None));
    });
    contest.add("insert", 1, move || server.insert(&envelope));
    contest.compare(Ratio::of("field", "insert", Limit::AtMost(0.02)));
    Ok(contest)
}
