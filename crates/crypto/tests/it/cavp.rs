//! NIST's vectors of AES-256-GCM (CAVP, `gcmEncryptExtIV256.rsp`), where the crate `aes-gcm` has them: in the tests of its package.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use cargo_metadata::MetadataCommand;

use crate::fixture::unhex;

/// The file with the vectors, in the sources of the version that is built.
fn file() -> String {
    let mut command = MetadataCommand::new();
    command.cargo_path(env!("CARGO")).manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let metadata = command.other_options(["--offline".to_owned(), "--locked".to_owned()]).exec().unwrap();
    let packages: Vec<_> = metadata.packages.iter().filter(|package| *package.name == "aes-gcm").collect();
    let [package] = packages[..] else { panic!("one version of aes-gcm is built") };
    let path = package.manifest_path.with_file_name("tests").join("aes256gcm.rs");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The bytes of a field, which is written as `name: &hex!("…")`, or `b""`.
fn field(vector: &str, name: &str) -> Vec<u8> {
    let (_, rest) = vector.split_once(&format!("{name}: ")).unwrap();
    unhex(rest.split('"').nth(1).unwrap())
}

#[test]
fn what_nist_has_encrypted_is_encrypted_and_decrypted_the_same() {
    let file = file();
    let vectors: Vec<_> = file.split("    TestVector {").skip(1).collect();
    for vector in &vectors {
        let [key, nonce, text, aad, encrypted, tag] =
            ["key", "nonce", "plaintext", "aad", "ciphertext", "tag"].map(|name| field(vector, name));
        let (key, nonce) =
            (Key::<Aes256Gcm>::try_from(&key[..]).unwrap(), Nonce::try_from(&nonce[..]).unwrap());
        let (cipher, stored) = (Aes256Gcm::new(&key), [encrypted, tag].concat());
        assert_eq!(cipher.encrypt(&nonce, Payload { msg: &text, aad: &aad }).unwrap(), stored, "{vector}");
        assert_eq!(cipher.decrypt(&nonce, Payload { msg: &stored, aad: &aad }).unwrap(), text, "{vector}");
        let mut changed = stored;
        *changed.last_mut().unwrap() ^= 1;
        assert!(cipher.decrypt(&nonce, Payload { msg: &changed, aad: &aad }).is_err(), "{vector}");
    }
    assert_eq!(vectors.len(), 375);
}
