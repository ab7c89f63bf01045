//! Wycheproof's vectors for the primitives that the suites, keys and indexes are made of, in the versions that they are made of.
//!
//! The deterministic suite is AES-SIV (RFC 5297). Wycheproof's 103 vectors of AES-256-GCM-SIV (RFC 8452) are of another cipher, which no
//! suite uses and this crate does not build, so they are not here.

use aes::Aes256;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, Payload};
use aes_siv::Aes256SivAead;
use cmac::Cmac;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wycheproof::{TestResult, aead, hkdf as hkdf_vectors, mac};

/// How many vectors there are for these sizes, after each has been tried both ways.
fn tried(
    name: aead::TestName,
    key_bits: usize,
    nonce_bits: usize,
    is_right: impl Fn(&aead::Test) -> bool,
) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let fitting = set
        .test_groups
        .iter()
        .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (key_bits, nonce_bits, 128));
    let tests: Vec<_> = fitting.flat_map(|group| &group.tests).collect();
    for test in &tests {
        assert!(is_right(test), "{} {}: {}", test.tc_id, test.comment, test.result == TestResult::Valid);
    }
    tests.len()
}

/// `cargo xtask soak` builds it both ways.
#[test]
fn aes_is_in_software_where_that_is_asked_for() {
    assert!(!(cfg!(aes_backend = "soft") && aes::hardware_accelerated()));
}

#[test]
fn aes_256_gcm() {
    let count = tried(aead::TestName::AesGcm, 256, 96, |test| {
        let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
        let nonce = test.nonce[..].try_into().unwrap();
        let stored = [&test.ct[..], &test.tag[..]].concat();
        let opened = cipher.decrypt(nonce, Payload { msg: &stored, aad: &test.aad });
        let sealed = cipher.encrypt(nonce, Payload { msg: &test.pt, aad: &test.aad }).unwrap();
        let is_right = opened.is_ok_and(|text| text == test.pt[..]) && sealed == stored;
        is_right != test.result.must_fail()
    });
    assert_eq!(count, 66);
}

#[test]
fn aes_256_siv() {
    let count = tried(aead::TestName::AesSivCmac, 512, 128, |test| {
        let cipher = Aes256SivAead::new_from_slice(&test.key).unwrap();
        let nonce = test.nonce[..].try_into().unwrap();
        let stored = [&test.tag[..], &test.ct[..]].concat();
        let opened = cipher.decrypt(nonce, Payload { msg: &stored, aad: &test.aad });
        let sealed = cipher.encrypt(nonce, Payload { msg: &test.pt, aad: &test.aad }).unwrap();
        let is_right = opened.is_ok_and(|text| text == test.pt[..]) && sealed == stored;
        is_right != test.result.must_fail()
    });
    assert_eq!(count, 131);
}

#[test]
fn hkdf_sha_256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let tests: Vec<_> = set.test_groups.iter().flat_map(|group| &group.tests).collect();
    for test in &tests {
        let mut derived = vec![0; test.size];
        let expanded = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut derived);
        assert_eq!(expanded.is_err(), test.result.must_fail(), "{}", test.tc_id);
        assert!(expanded.is_err() || derived == test.okm[..], "{}", test.tc_id);
    }
    assert_eq!(tests.len(), 86);
}

/// How many vectors there are for keys of this size, of which a truncated tag is held against the beginning.
fn authenticated<M: Mac + KeyInit>(name: mac::TestName, key_bits: Option<usize>) -> usize {
    let set = mac::TestSet::load(name).unwrap();
    let fitting = set.test_groups.iter().filter(|group| key_bits.is_none_or(|bits| group.key_size == bits));
    let mut count = 0;
    for group in fitting {
        for test in &group.tests {
            let mac = <M as KeyInit>::new_from_slice(&test.key).unwrap().chain_update(&test.msg);
            let tag = mac.finalize().into_bytes();
            assert_eq!(tag[..group.tag_size / 8] != test.tag[..], test.result.must_fail(), "{}", test.tc_id);
            count += 1;
        }
    }
    count
}

#[test]
fn hmac_sha_256() {
    assert_eq!(authenticated::<Hmac<Sha256>>(mac::TestName::HmacSha256, None), 174);
}

#[test]
fn aes_256_cmac() {
    assert_eq!(authenticated::<Cmac<Aes256>>(mac::TestName::AesCmac, Some(256)), 102);
}
