//! The client's own certificate and its key.

use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::CertifiedKey;
use secrecy::zeroize::Zeroizing;

use super::files;
use super::wishes::Fault;

/// Keys are short; a larger file is some other file.
const MOST_BYTES: u64 = 256 * 1024;

/// Reads both, and checks that they belong together.
pub(super) fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, Fault> {
    let chain = files::chain(certificate)
        .map_err(|reason| Fault::new("sslcert", format!("{} {reason}", certificate.display())))?;
    let fault = |reason: &str| Fault::new("sslkey", format!("{} {reason}", key.display()));
    let der = private_key(key).map_err(|reason| fault(&reason))?;
    // A certificate that webpki cannot read, of version 1 for example, is the server's to judge.
    let signing = provider.key_provider.load_private_key(der);
    let signing = signing.map_err(|_| fault("has a key of a kind that is not supported"))?;
    let pair = CertifiedKey::new(chain, signing);
    match (pair.keys_match(), public_key(&pair)) {
        (Err(_), Some(false)) => {
            Err(fault(&format!("is not the key of the certificate {}", certificate.display())))
        }
        _ => Ok(pair),
    }
}

/// Whether the certificate has the key's public half. `None` if that cannot be told.
fn public_key(pair: &CertifiedKey) -> Option<bool> {
    let certificate = super::certificate::Certificate::read(pair.end_entity_cert().ok()?)?;
    pair.key.public_key().map(|key| key.as_ref() == certificate.key)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let found = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !found.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if found.len() > MOST_BYTES {
        return Err(format!("is larger than {MOST_BYTES} bytes, so it is hardly a key"));
    }
    private(&found)?;
    let text = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let text = Zeroizing::new(text);
    if is_encrypted(&text) {
        return Err(
            "is encrypted, which is not supported; decrypt it into a file that only this user can read: \
                    (umask 077; openssl pkey -in KEY -out PLAIN), and name that one"
                .to_owned(),
        );
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| "has no private key in PEM format".to_owned())
}

fn is_encrypted(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// As libpq has it: nobody but the owner, or the group as well if the file is root's.
#[cfg(unix)]
fn private(file: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let forbidden = if file.uid() == 0 { 0o037 } else { 0o077 };
    if file.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(format!(
        "has mode {:04o}, so others can get at it; make it 0600 (chmod 600), or 0640 if it is root's",
        file.mode() & 0o7777
    ))
}

#[cfg(not(unix))]
fn private(_: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}
