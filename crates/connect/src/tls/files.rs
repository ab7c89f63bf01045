//! Reading the files that the address names.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

/// The authorities in a file. A reason without its file's name comes back as `Err`.
pub(super) fn authorities(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let certificates: Vec<CertificateDer<'static>> = all(path, "certificate")?;
    let mut roots = RootCertStore::empty();
    for (position, certificate) in certificates.iter().enumerate() {
        let added = roots.add(certificate.clone());
        added.map_err(|error| format!("its certificate {} cannot be used: {error}", position + 1))?;
    }
    Ok((roots, certificates))
}

/// The authorities that the operating system trusts.
pub(super) fn system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A collection of many years has one or the other certificate that is not well formed.
    let _ = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!(
            "this machine has no certificate authorities{why}; install them (package ca-certificates) or name a file"
        ));
    }
    Ok(roots)
}

/// The certificates in a file, the first of them the one that counts.
pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    all(path, "certificate")
}

/// The lists of revoked certificates in a file.
pub(super) fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    all(path, "revocation list")
}

fn all<T: PemObject>(path: &Path, what: &str) -> Result<Vec<T>, String> {
    let found = T::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<T>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(format!("has no {what} in PEM format")),
        Ok(found) => Ok(found),
        Err(PemError::Io(error)) => Err(format!("cannot be read: {error}")),
        // The library's words may quote a line of the file.
        Err(_) => Err("is not well-formed PEM".to_owned()),
    }
}

/// What tells whether a file is still the one that was read. One that is not there is a state, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    path: PathBuf,
    state: Option<(Option<SystemTime>, u64)>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Self {
        let state = std::fs::metadata(path).ok().map(|found| (found.modified().ok(), found.len()));
        Self { path: path.to_owned(), state }
    }

    pub(super) fn is_current(&self) -> bool {
        *self == Self::of(&self.path)
    }
}
