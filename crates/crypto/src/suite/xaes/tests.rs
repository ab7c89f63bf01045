//! Vectors of the specifications, and other implementations beside ours.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes_gcm::aead::{Aead as _, Payload};
use cmac::{Cmac, Mac as _};
use pgkeel_testkit::scaled;
use shake::Shake128;
use shake::digest::{ExtendableOutput as _, Update as _, XofReader};
use xaes_256_gcm::Xaes256Gcm;

use super::*;
use crate::suite::{Cipher, Refusal, Suite};

const NONCE_OF_KATS: &[u8; NONCE] = b"ABCDEFGHIJKLMNOPQRSTUVWX";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

fn cipher(suite: Suite, key: &[u8; 32]) -> Cipher {
    Cipher::new(suite, |bytes| bytes.copy_from_slice(key))
}

/// The body of an envelope.
fn sealed(suite: Suite, key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let mut body = vec![0; suite.overhead() + text.len()];
    body[suite.prefix()..][..text.len()].copy_from_slice(text);
    cipher(suite, key).seal(nonce, aad, &mut body).unwrap();
    body
}

#[test]
fn the_two_answers_of_the_specification_are_ours() {
    let known = [
        ([1; 32], b"".as_slice(), "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        ([3; 32], b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ];
    for (key, aad, answer) in known {
        let body = sealed(Suite::Xaes256Gcm, &key, NONCE_OF_KATS, aad, b"XAES-256-GCM");
        assert_eq!(hex(&body[NONCE..]), answer);
        assert_eq!(cipher(Suite::Xaes256Gcm, &key).open(aad, &body).unwrap(), b"XAES-256-GCM");
    }
}

/// The first one is in the tests of dchest/libxaes256gcm too.
#[test]
fn the_two_commitments_that_are_published_are_ours() {
    let known = [
        ([1; 32], "04076b6085eebab138855fe57811c04112eff989d44120dfff662d5475a383c3"),
        ([3; 32], "5553cd21d1592b422e3129632a3187eee8a658cdca5c5b32ce86308dcc18e9d1"),
    ];
    for (key, commitment) in known {
        let body = sealed(Suite::KcXaes256Gcm, &key, NONCE_OF_KATS, b"", b"");
        assert_eq!(hex(&body[NONCE..NONCE + COMMITMENT]), commitment);
    }
}

#[test]
fn commitments_are_those_of_the_crate_cmac() {
    let mut inputs = Inputs::new();
    for _ in 0..1000 {
        let (key, nonce): ([u8; 32], [u8; NONCE]) = (inputs.array(), inputs.array());
        let body = sealed(Suite::KcXaes256Gcm, &key, &nonce, b"", b"");
        let halves = [1, 2].map(|number| {
            let mac = Cmac::<Aes256>::new_from_slice(&key).unwrap();
            let mac = mac.chain_update(b"XCMT").chain_update(nonce).chain_update([0, 1, 0, number]);
            mac.finalize().into_bytes()
        });
        assert_eq!(body[NONCE..NONCE + COMMITMENT], halves.concat());
    }
}

/// The specification's deterministic inputs.
struct Inputs<R>(R);

impl Inputs<()> {
    fn new() -> Inputs<impl XofReader> {
        Inputs(Shake128::default().finalize_xof())
    }
}

impl<R: XofReader> Inputs<R> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read(&mut bytes);
        bytes
    }

    /// Of a length that is drawn too.
    fn bytes(&mut self) -> Vec<u8> {
        let [len] = self.array();
        let mut bytes = vec![0; usize::from(len)];
        self.0.read(&mut bytes);
        bytes
    }
}

/// Both suites beside the crate, and all that it gives out as one hash.
fn accumulated(iterations: usize) -> String {
    let mut inputs = Inputs::new();
    let mut outputs = Shake128::default();
    for _ in 0..iterations {
        let (key, nonce): ([u8; 32], [u8; NONCE]) = (inputs.array(), inputs.array());
        let (text, aad) = (inputs.bytes(), inputs.bytes());
        let body = sealed(Suite::Xaes256Gcm, &key, &nonce, &aad, &text);
        let theirs = Xaes256Gcm::new((&key).into());
        let expected = theirs.encrypt((&nonce).into(), Payload { msg: &text, aad: &aad }).unwrap();
        assert_eq!(body[NONCE..], expected);
        assert_eq!(cipher(Suite::Xaes256Gcm, &key).open(&aad, &body).unwrap(), text);
        let committed = sealed(Suite::KcXaes256Gcm, &key, &nonce, &aad, &text);
        assert_eq!(committed[NONCE + COMMITMENT..], expected);
        assert_eq!(cipher(Suite::KcXaes256Gcm, &key).open(&aad, &committed).unwrap(), text);
        outputs.update(&body[NONCE..]);
    }
    let mut hash = [0; 32];
    outputs.finalize_xof().read(&mut hash);
    hex(&hash)
}

#[test]
fn many_inputs_accumulate_to_the_hash_of_the_specification() {
    let ten_thousand = (10_000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
    let million = (1_000_000, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
    let (iterations, hash) = scaled(ten_thousand, million);
    assert_eq!(accumulated(iterations), hash);
}

/// A product in the field of GHASH (NIST SP 800-38D, 6.3), whose first bit is the highest here.
fn product(left: u128, mut right: u128) -> u128 {
    (0..128).rev().fold(0, |sum, bit| {
        let sum = if left >> bit & 1 == 1 { sum ^ right } else { sum };
        right = (right >> 1) ^ if right & 1 == 1 { 0xe1 << 120 } else { 0 };
        sum
    })
}

/// To the power of 2^128 - 2.
fn inverse(of: u128) -> u128 {
    let mut square = of;
    (1..128).fold(1 << 127, |result, _| {
        square = product(square, square);
        product(result, square)
    })
}

/// What one key makes of a text whose blocks are chosen: the hash's key, and what the tag is masked with.
fn tag_parts(key: &[u8; 32], nonce: &[u8; NONCE]) -> (u128, u128) {
    let xaes = Xaes::new(key);
    let mut halves = [xaes.half(1, nonce), xaes.half(2, nonce)];
    xaes.aes.encrypt_blocks(&mut halves);
    let message = Aes256::new((&joined(&halves)).into());
    let encrypted = |block: [u8; 16]| {
        let mut block = block.into();
        message.encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    };
    let mut first = [0; 16];
    first[..12].copy_from_slice(gcm_nonce(nonce));
    first[15] = 1;
    (encrypted([0; 16]), encrypted(first))
}

/// Two blocks of ciphertext and a tag that are authentic under both keys, without associated data: the first block is free, the
/// second one makes both tags equal (Grubbs, Lu, Ristenpart: Message Franking via Committing Authenticated Encryption).
fn colliding(keys: [&[u8; 32]; 2], nonce: &[u8; NONCE]) -> ([u8; 32], [u8; TAG]) {
    let [(h1, mask1), (h2, mask2)] = keys.map(|key| tag_parts(key, nonce));
    let first = u128::from_be_bytes(*b"whatever it says");
    let lengths = 256; // bits of text, none of associated data
    let hash = |h: u128, second: u128| {
        let after_first = product(first, h);
        let after_second = product(after_first ^ second, h);
        product(after_second ^ lengths, h)
    };
    let apart = hash(h1, 0) ^ mask1 ^ hash(h2, 0) ^ mask2;
    let second = product(apart, inverse(product(h1, h1) ^ product(h2, h2)));
    let tag = hash(h1, second) ^ mask1;
    assert_eq!(tag, hash(h2, second) ^ mask2);
    let mut text = [0; 32];
    text[..16].copy_from_slice(&first.to_be_bytes());
    text[16..].copy_from_slice(&second.to_be_bytes());
    (text, tag.to_be_bytes())
}

#[test]
fn what_is_authentic_under_two_keys_opens_under_the_one_that_it_commits_to() {
    let keys = [[7; 32], [9; 32]];
    let (text, tag) = colliding([&keys[0], &keys[1]], NONCE_OF_KATS);

    let body = [NONCE_OF_KATS.as_slice(), &text, &tag].concat();
    let opened = keys.map(|key| cipher(Suite::Xaes256Gcm, &key).open(b"", &body).unwrap());
    assert_ne!(opened[0], opened[1]);

    let committed = sealed(Suite::KcXaes256Gcm, &keys[0], NONCE_OF_KATS, b"", b"");
    let commitment = &committed[NONCE..NONCE + COMMITMENT];
    let body = [NONCE_OF_KATS.as_slice(), commitment, &text, &tag].concat();
    assert_eq!(cipher(Suite::KcXaes256Gcm, &keys[0]).open(b"", &body).unwrap(), opened[0]);
    assert_eq!(cipher(Suite::KcXaes256Gcm, &keys[1]).open(b"", &body), Err(Refusal::WrongKey));
}
