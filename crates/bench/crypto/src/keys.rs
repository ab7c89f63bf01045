//! Keys that everybody knows.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::bail;
use hkdf::Hkdf;
use pgkeel_crypto::{KeyringConfig, Sources, Vault};
use sha2::Sha256;

const SEAL: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const INDEX: &str = "ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000";

/// Its secrets are variables, so nobody has to be waited for.
pub(crate) fn vault() -> anyhow::Result<Vault> {
    let sources = Sources::new(|name: &str| match name {
        "PGKEEL_SEAL_PRIMARY" => Some("00000001".to_owned()),
        "PGKEEL_INDEX_PRIMARY" => Some("00000002".to_owned()),
        "PGKEEL_KEY_00000001" => Some(SEAL.to_owned()),
        "PGKEEL_KEY_00000002" => Some(INDEX.to_owned()),
        _ => None,
    });
    let config = KeyringConfig::from_environment(&sources)?;
    let Poll::Ready(keyring) = pin!(config.load(&sources)).poll(&mut Context::from_waker(Waker::noop()))
    else {
        bail!("there is nothing to wait for")
    };
    Ok(Vault::new(keyring?))
}

/// What is derived of the seal key with this `info`, as `FORMAT.md` says.
pub(crate) fn sealing_key(info: &[u8]) -> [u8; 32] {
    derived(SEAL, info)
}

/// The same of the key of indexes, of which the first 32 bytes are HMAC's.
pub(crate) fn indexing_key(info: &[u8]) -> [u8; 32] {
    derived(INDEX, info)
}

fn derived(root: &str, info: &[u8]) -> [u8; 32] {
    let digits = root.as_bytes().chunks_exact(2);
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default();
    let root: Vec<u8> = digits.map(|pair| (digit(pair[0]) << 4 | digit(pair[1])).to_le_bytes()[0]).collect();
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(b"pgkeel.root.1"), &root);
    hkdf.expand(info, &mut key).expect("32 bytes are few enough");
    key
}

/// A name with its length in front.
pub(crate) fn prefixed(name: &str) -> Vec<u8> {
    let len = u16::try_from(name.len()).expect("a short name");
    [&len.to_be_bytes(), name.as_bytes()].concat()
}
