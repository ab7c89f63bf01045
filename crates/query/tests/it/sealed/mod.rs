//! Sealed columns in a real PostgreSQL.

mod everyday;
mod moves;
mod ids;
mod index_keys;
mod tenants;
mod conflicts;
mod schema;
mod secrecy;
mod slow;

use pgkeel_query::Error;
use pgkeel_query::sealed::{Keyring, KeyringConfig, SealedProblem, Sealer, Sources, Vault, crypto};

/// With keys that everybody knows.
pub(crate) async fn sealer() -> Sealer {
    Sealer::new(vault(&[("PGKEEL_SEAL_PRIMARY", "3f9a1c22"), ("PGKEEL_INDEX_PRIMARY", "77e0b1aa")]).await)
}

/// Whose keyring says this of its keys.
pub(crate) async fn vault(states: &[(&str, &str)]) -> Vault {
    Vault::new(keyring(states).await)
}

async fn keyring(states: &[(&str, &str)]) -> Keyring {
    let secrets = [
        ("PGKEEL_KEY_3F9A1C22", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ("PGKEEL_KEY_0BADCAFE", "ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000"),
        ("PGKEEL_KEY_77E0B1AA", "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe"),
        ("PGKEEL_KEY_00C0FFEE", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
    ];
    let named = states.iter().map(|(_, ids)| *ids).collect::<Vec<_>>().join(",").to_uppercase();
    let secrets =
        secrets.into_iter().filter(|(name, _)| named.contains(name.trim_start_matches("PGKEEL_KEY_")));
    let variables: Vec<(&str, &str)> = states.iter().copied().chain(secrets).collect();
    let sources = Sources::new(|asked: &str| {
        variables.iter().find(|(name, _)| *name == asked).map(|(_, value)| (*value).to_owned())
    });
    KeyringConfig::from_environment(&sources).unwrap().load(&sources).await.unwrap()
}

/// Why a value did not open.
pub(crate) fn not_opened<T>(opened: Result<T, Error>) -> crypto::Error {
    match opened {
        Err(Error::Sealed(SealedProblem::Open { source, .. })) => source,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it opens"),
    }
}

/// Why a statement was not sent.
pub(crate) fn problem<T>(done: Result<T, Error>) -> SealedProblem {
    match done {
        Err(Error::Sealed(problem)) => problem,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was sent"),
    }
}
