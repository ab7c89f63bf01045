//! A keyring whose secrets everybody knows.

use std::collections::BTreeMap;

use pgkeel_crypto::{Keyring, KeyringConfig, KeyringError, Sources, Vault};

pub(crate) const PRIMARY: &str = "3f9a1c22";
pub(crate) const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(crate) const OLD: &str = "0badcafe";
pub(crate) const OLD_SECRET: &str = "ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000";
pub(crate) const INDEX: &str = "77e0b1aa";
pub(crate) const INDEX_SECRET: &str = "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe";
pub(crate) const OLD_INDEX: &str = "00c0ffee";
pub(crate) const OLD_INDEX_SECRET: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

pub(crate) type Environment = BTreeMap<String, String>;

pub(crate) fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn all_keys() -> Environment {
    environment(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_SEAL_DECRYPT", OLD),
        ("PGKEEL_INDEX_PRIMARY", INDEX),
        ("PGKEEL_INDEX_LOOKUP", OLD_INDEX),
        ("PGKEEL_KEY_3F9A1C22", SECRET),
        ("PGKEEL_KEY_0BADCAFE", OLD_SECRET),
        ("PGKEEL_KEY_77E0B1AA", INDEX_SECRET),
        ("PGKEEL_KEY_00C0FFEE", OLD_INDEX_SECRET),
    ])
}

pub(crate) fn sources(environment: &Environment) -> Sources<'_> {
    Sources::new(|name: &str| environment.get(name).cloned())
}

pub(crate) fn from_environment(environment: &Environment) -> Result<Keyring, KeyringError> {
    let sources = sources(environment);
    load(&KeyringConfig::from_environment(&sources)?, &sources)
}

pub(crate) fn load(config: &KeyringConfig, sources: &Sources<'_>) -> Result<Keyring, KeyringError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(config.load(sources))
}

/// With all keys.
pub(crate) fn vault() -> Vault {
    Vault::new(from_environment(&all_keys()).unwrap())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
