use std::hint::black_box;

use anyhow::ensure;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pgkeel_bench_turns::Limit;
use pgkeel_crypto::{BlindIndex, Vault};
use sha2::Sha256;

use crate::keys::{indexing_key, prefixed};
use crate::sealing::{CONTEXT, VALUE};
use crate::turns::{Contest, Ratio};

const NAME: &str = "photo_bidx";
pub(crate) const INDEX: BlindIndex<Vec<u8>> = BlindIndex::new(CONTEXT, NAME);
/// Of bytes, as they are, all that fits, as `FORMAT.md` writes it.
const FORM: [u8; 16] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// 64 bytes are indexed, and hashed by HMAC with the key's state at hand.
pub(crate) fn contest(vault: &Vault) -> anyhow::Result<Contest<'_>> {
    let info = [b"bidx\0".as_slice(), &prefixed(CONTEXT), &prefixed(NAME), &FORM].concat();
    let mac = Hmac::<Sha256>::new_from_slice(&indexing_key(&info))?;
    let by_hand = mac.clone().chain_update(VALUE).finalize();
    let index = vault.index(&INDEX, &VALUE, None)?;
    ensure!(by_hand.as_bytes()[..16] == *index.as_bytes(), "what is made by hand is something else");

    let mut contest = Contest::new("an index of 64 bytes");
    contest.add("index", 1, || _ = black_box(vault.index(&INDEX, black_box(&VALUE), None)));
    contest.add("hmac", 1, move || {
        black_box(mac.clone().chain_update(black_box(VALUE.as_slice())).finalize());
    });
    contest.compare(Ratio::of("index", "hmac", Limit::AtMost(1.2)));
    Ok(contest)
}
