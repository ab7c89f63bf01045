use std::hint::black_box;

use anyhow::{Context as _, ensure};
use pgkeel_bench_turns::Limit;
use pgkeel_crypto::{Column, Place, Sealed, Vault};

use crate::by_hand::{KcXaes, Ring};
use crate::keys::{prefixed, sealing_key};
use crate::turns::{Contest, Ratio};

pub(crate) const CONTEXT: &str = "app.users.photo";
pub(crate) const PHOTO: Column<Vec<u8>> = Column::new(CONTEXT);
pub(crate) const VALUE: [u8; 64] = [7; 64];
const ROW: i64 = 7;
const BATCH: usize = 100;

pub(crate) fn place() -> Place<'static> {
    Place::row(ROW)
}

/// 64 bytes are sealed, and opened.
pub(crate) fn contest(vault: &Vault) -> anyhow::Result<Contest<'_>> {
    let head = vault.prefix(&PHOTO);
    let by_hand = KcXaes::new(sealing_key(&[b"seal\0\x02".as_slice(), &prefixed(CONTEXT)].concat()));
    let ring = Ring::new([7; 32]);
    let aad = aad(head);
    let sealed = Sealed::from_bytes(by_hand.seal(head, &aad, &VALUE))?;
    let opened = vault.open(&PHOTO, &sealed, place()).context("what is made by hand is something else")?;
    ensure!(*opened.expose() == VALUE, "what is made by hand has another value");

    let hand = aad.clone();
    let batch = vec![(VALUE.as_slice(), place()); BATCH];
    let mut contest = Contest::new("64 bytes");
    contest.add("seal", 1, || drop(black_box(vault.seal(&PHOTO, black_box(&VALUE), place()))));
    contest
        .add("by-hand", 1, move || drop(black_box(by_hand.seal(head, black_box(&hand), black_box(&VALUE)))));
    contest.add("ring", 1, move || drop(black_box(ring.seal(black_box(&aad), black_box(&VALUE)))));
    contest.add("batch", BATCH, move || drop(black_box(vault.seal_batch(&PHOTO, black_box(&batch)))));
    contest.add("open", 1, move || drop(black_box(vault.open(&PHOTO, black_box(&sealed), place()))));
    contest.compare(Ratio::of("seal", "by-hand", Limit::AtMost(1.15)));
    contest.compare(Ratio::of("seal", "ring", Limit::AtMost(2.2)));
    contest.compare(Ratio::of("seal", "batch", Limit::AtLeast(1.4)));
    Ok(contest)
}

/// What the vault binds an envelope of this head to.
fn aad(head: [u8; 8]) -> Vec<u8> {
    let row = [&[1], ROW.to_be_bytes().as_slice()].concat();
    [b"pgkeel.aad.1".as_slice(), &head, &prefixed(CONTEXT), &[0, 9], &row].concat()
}
