//! What the envelope costs beside its primitives, called by hand. Times are compared with times of the same run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes256;
use aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pgkeel_crypto::{BlindIndex, Column, Place};
use pgkeel_testkit::{is_soak, scaled};
use sha2::Sha256;

use crate::fixture::vault;

const VALUE: [u8; 64] = [7; 64];
const AAD: [u8; 48] = [9; 48];
const PHOTO: Column<Vec<u8>> = Column::new("app.users.photo");

/// What a call takes of each of these, in the round in which it took least; they take turns, so that all have the same machine.
fn times<const N: usize>(mut works: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let (rounds, calls) = (scaled(3, 300), scaled(10, 500));
    let mut least = [Duration::MAX; N];
    for _ in 0..rounds {
        for (work, least) in works.iter_mut().zip(&mut least) {
            let start = Instant::now();
            (0..calls).for_each(|_| work());
            *least = (*least).min(start.elapsed() / calls);
        }
    }
    least
}

#[track_caller]
fn at_most(factor: f64, what: &str, ours: Duration, theirs: Duration) {
    let measured = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("{what}: {ours:?} beside {theirs:?}, {measured:.3} times, at most {factor}");
    assert!(!is_soak() || measured <= factor, "{what}: {measured:.3} times, at most {factor}");
}

/// KC-XAES-256-GCM as somebody would write it down for one envelope, its key schedule at hand.
fn by_hand(aes: &Aes256, head: [u8; 8]) -> Vec<u8> {
    let mut envelope = vec![0; 8 + 24 + 32 + VALUE.len() + 16];
    envelope[..8].copy_from_slice(&head);
    getrandom::fill(&mut envelope[8..32]).unwrap();
    let mut blocks = [aes::Block::default(); 3];
    for (number, block) in (1..).zip(&mut blocks) {
        block[..4].copy_from_slice(&[0, number, b'X', 0]);
        block[4..].copy_from_slice(&envelope[8..20]);
    }
    aes.encrypt_blocks(&mut blocks);
    let [first, second, chained] = blocks;
    let mut commitments = [chained; 2];
    aes.encrypt_blocks(&mut commitments);
    envelope[32..48].copy_from_slice(&commitments[0]);
    envelope[48..64].copy_from_slice(&commitments[1]);
    let mut key = [0; 32];
    key[..16].copy_from_slice(&first);
    key[16..].copy_from_slice(&second);
    let nonce: [u8; 12] = envelope[20..32].try_into().unwrap();
    let (text, tag) = envelope[64..].split_last_chunk_mut::<16>().unwrap();
    text.copy_from_slice(&VALUE);
    let cipher = Aes256Gcm::new((&key).into());
    *tag = cipher.encrypt_inout_detached((&nonce).into(), &AAD, text.into()).unwrap().into();
    envelope
}

#[test]
fn sealing_costs_hardly_more_than_its_primitives() {
    let vault = vault();
    let aes = Aes256::new(&[7; 32].into());
    let head = vault.prefix(&PHOTO);
    let place = Place::row(7);
    let batch = vec![(VALUE.as_slice(), place); 10];
    let [ours, theirs, batched] = times([
        &mut || drop(black_box(vault.seal(&PHOTO, black_box(&VALUE), place))),
        &mut || drop(black_box(by_hand(black_box(&aes), head))),
        &mut || drop(black_box(vault.seal_batch(&PHOTO, black_box(&batch)))),
    ]);
    at_most(1.15, "sealing 64 bytes", ours, theirs);
    at_most(1.0 / 1.4, "sealing 64 bytes, ten at a time", batched / 10, ours);
}

#[test]
fn indexing_costs_hardly_more_than_its_hash() {
    let vault = vault();
    let index = BlindIndex::<Vec<u8>>::new("app.users.photo", "photo_bidx");
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    let [ours, theirs] =
        times([&mut || drop(black_box(vault.index(&index, black_box(&VALUE), None))), &mut || {
            black_box(mac.clone().chain_update(black_box(VALUE)).finalize());
        }]);
    at_most(1.2, "indexing 64 bytes", ours, theirs);
}
