//! What sealing and indexing cost beside AES and HMAC called by hand: times of the same run, taken in turns.
//!
//! `cargo run --release -p pgkeel-crypto --example cost`

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes256;
use aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pgkeel_crypto::{BlindIndex, Column, KeyringConfig, Place, Sources, Vault};
use sha2::Sha256;

const VALUE: [u8; 64] = [7; 64];
const AAD: [u8; 48] = [9; 48];
const ROUNDS: u32 = 300;
const CALLS: u32 = 500;
const BATCH: u32 = 100;
const PHOTO: Column<Vec<u8>> = Column::new("app.users.photo");

/// What a call takes of each of these, in the round in which it took least; they take turns, so that all have the same machine.
fn times<const N: usize>(mut works: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut least = [Duration::MAX; N];
    for _ in 0..ROUNDS {
        for (work, least) in works.iter_mut().zip(&mut least) {
            let start = Instant::now();
            (0..CALLS).for_each(|_| work());
            *least = (*least).min(start.elapsed() / CALLS);
        }
    }
    least
}

fn tell(what: &str, ours: Duration, theirs: Duration) {
    println!("{what}: {ours:?} beside {theirs:?}, {:.2} times", ours.as_secs_f64() / theirs.as_secs_f64());
}

/// KC-XAES-256-GCM as somebody would write it down for one envelope, its key schedule at hand.
fn by_hand(aes: &Aes256, head: [u8; 8]) -> Vec<u8> {
    let mut envelope = vec![0; 8 + 24 + 32 + VALUE.len() + 16];
    envelope[..8].copy_from_slice(&head);
    getrandom::fill(&mut envelope[8..32]).expect("randomness");
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
    let nonce: [u8; 12] = envelope[20..32].try_into().expect("12 bytes");
    let (text, tag) = envelope[64..].split_last_chunk_mut::<16>().expect("a tag");
    text.copy_from_slice(&VALUE);
    let cipher = Aes256Gcm::new((&key).into());
    *tag = cipher.encrypt_inout_detached((&nonce).into(), &AAD, text.into()).expect("a short text").into();
    envelope
}

fn seal(vault: &Vault) {
    let aes = Aes256::new(&[7; 32].into());
    let head = vault.prefix(&PHOTO);
    let place = Place::row(7);
    let batch = vec![(VALUE.as_slice(), place); BATCH as usize];
    let [ours, theirs, batched] = times([
        &mut || _ = black_box(vault.seal(&PHOTO, black_box(&VALUE), place)),
        &mut || _ = black_box(by_hand(black_box(&aes), head)),
        &mut || _ = black_box(vault.seal_batch(&PHOTO, black_box(&batch))),
    ]);
    tell("sealing 64 bytes, beside AES by hand", ours, theirs);
    tell("sealing 64 bytes of a hundred, beside one by one", batched / BATCH, ours);
}

fn open(vault: &Vault) {
    let place = Place::row(7);
    let Ok(sealed) = vault.seal(&PHOTO, &VALUE, place) else { return };
    let mut sealing = || _ = black_box(vault.seal(&PHOTO, black_box(&VALUE), place));
    let mut opening = || _ = black_box(vault.open(&PHOTO, black_box(&sealed), place));
    let [ours, sealing] = times([&mut opening, &mut sealing]);
    tell("opening 64 bytes, beside sealing", ours, sealing);
}

fn index(vault: &Vault) {
    let index = BlindIndex::<Vec<u8>>::new("app.users.photo", "photo_bidx");
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("HMAC takes keys of any length");
    let [ours, theirs] =
        times([&mut || drop(black_box(vault.index(&index, black_box(&VALUE), None))), &mut || {
            black_box(mac.clone().chain_update(black_box(VALUE)).finalize());
        }]);
    tell("indexing 64 bytes, beside HMAC", ours, theirs);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sources = Sources::new(|name: &str| match name {
        "PGKEEL_SEAL_PRIMARY" => Some("00000001".into()),
        "PGKEEL_INDEX_PRIMARY" => Some("00000002".into()),
        "PGKEEL_KEY_00000001" => Some("01".repeat(31) + "02"),
        "PGKEEL_KEY_00000002" => Some("02".repeat(31) + "01"),
        _ => None,
    });
    let vault = Vault::new(KeyringConfig::from_environment(&sources)?.load(&sources).await?);
    seal(&vault);
    open(&vault);
    index(&vault);
    Ok(())
}
