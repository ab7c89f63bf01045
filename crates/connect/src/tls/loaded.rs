//! What rustls is told, made of the files that the address names, and made anew when one of them has changed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SupportedProtocolVersion, version};

use super::client_key::Asked;
use super::error::{Kind, TlsError};
use super::files::{self, Sources, Stamp};
use super::verifier::{Trust, Verifier};
use super::wishes::{CertMode, Fault, Root, Version, Wishes};
use super::{SslMode, client_key};

/// The name by which PostgreSQL's protocol is asked for in a handshake (ALPN), registered with IANA.
pub(super) const PROTOCOL: &[u8] = b"postgresql";

/// The wishes of an address, and what was last read for them.
#[derive(Default)]
pub(crate) struct Store {
    pub(super) wishes: Wishes,
    pub(super) mode: SslMode,
    loaded: Mutex<Option<Loaded>>,
}

impl fmt::Debug for Store {
    /// Keys stay out, although their own `Debug` hides them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The files as they were when they were read.
struct Loaded {
    stamps: Vec<Stamp>,
    ready: Ready,
}

/// All that a handshake needs.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) config: Arc<ClientConfig>,
    /// Where the authorities came from, in words. `None` if the server's certificate is not verified.
    pub(super) trusted: Option<String>,
    pub(super) key: Option<Arc<CertifiedKey>>,
}

impl Store {
    pub(super) fn open(wishes: Wishes, mode: SslMode) -> Result<Self, Vec<Fault>> {
        let loaded = load(&wishes, mode)?;
        Ok(Self { wishes, mode, loaded: Mutex::new(Some(loaded)) })
    }

    /// What there is to be used now. Certificates are renewed under running programs, so files that have changed are
    /// read again.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Ready, TlsError> {
        let store = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || store.look()).await;
        looked.map_err(|error| TlsError::new(Kind::Passing, "the runtime is shutting down").because(error))?
    }

    fn look(&self) -> Result<Ready, TlsError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = loaded.as_ref().filter(|there| there.stamps.iter().all(Stamp::is_current)) {
            return Ok(there.ready.clone());
        }
        let fresh = load(&self.wishes, self.mode).map_err(|faults| {
            let reasons = faults.into_iter().map(|fault| fault.reason);
            TlsError::new(Kind::Handshake, reasons.collect::<Vec<_>>().join("; "))
        })?;
        Ok(loaded.insert(fresh).ready.clone())
    }
}

fn load(wishes: &Wishes, mode: SslMode) -> Result<Loaded, Vec<Fault>> {
    let provider = Arc::new(ring::default_provider());
    let sources = Sources::of(wishes);
    let mut faults = Vec::new();
    let trust = trust(&sources, mode, &provider).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let key = key(&sources, wishes, &provider).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    let trusted = trust.is_some().then(|| match &sources.root {
        Some(Root::File(path)) => path.display().to_string(),
        _ => "the operating system".to_owned(),
    });
    let key = key.map(Arc::new);
    let verifier = Verifier::new(trust, &provider);
    let config = config(wishes, provider, verifier, Asked::new(key.clone()));
    Ok(Loaded { stamps: sources.stamps, ready: Ready { config: Arc::new(config), trusted, key } })
}

fn config(
    wishes: &Wishes,
    provider: Arc<CryptoProvider>,
    verifier: Verifier,
    key: Arc<Asked>,
) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(wishes))
        .expect("the provider has cipher suites for every version")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_client_cert_resolver(key);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.enable_sni = !wishes.without_sni;
    // A resumed session would not look at certificates again. PostgreSQL resumes none anyway.
    config.resumption = Resumption::disabled();
    config
}

fn versions(wishes: &Wishes) -> Vec<&'static SupportedProtocolVersion> {
    let wanted = |version: Version| {
        wishes.oldest.is_none_or(|oldest| oldest <= version)
            && wishes.newest.is_none_or(|newest| version <= newest)
    };
    [(Version::Tls13, &version::TLS13), (Version::Tls12, &version::TLS12)]
        .into_iter()
        .filter_map(|(version, of_rustls)| wanted(version).then_some(of_rustls))
        .collect()
}

/// Whom to trust. As in libpq, authorities count in every mode: `require` with them is `verify-ca`.
fn trust(sources: &Sources, mode: SslMode, provider: &Arc<CryptoProvider>) -> Result<Option<Trust>, Fault> {
    let (roots, mut named) = match &sources.root {
        Some(Root::System) => {
            let roots = files::system()
                .map_err(|reason| Fault::new("sslrootcert", format!("sslrootcert=system: {reason}")))?;
            (roots, Vec::new())
        }
        Some(Root::File(path)) => {
            files::authorities(path).map_err(|reason| Fault::of_file("sslrootcert", path, &reason))?
        }
        None if mode >= SslMode::VerifyCa => return Err(no_roots(mode)),
        None if sources.revoked.is_some() => {
            return Err(Fault::new("sslcrl", "sslcrl has no effect without sslrootcert; name that as well"));
        }
        None => return Ok(None),
    };
    let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    if let Some(path) = &sources.revoked {
        let fault = |reason: String| Fault::of_file("sslcrl", path, &reason);
        builder = builder.with_crls(files::revocations(path).map_err(fault)?).enforce_revocation_expiration();
        named.clear();
    }
    let webpki = builder.build().map_err(|error| {
        let path = sources.revoked.as_deref().unwrap_or("".as_ref());
        Fault::of_file("sslcrl", path, &format!("cannot be used: {error}"))
    })?;
    Ok(Some(Trust { webpki, named, by_name: mode == SslMode::VerifyFull }))
}

fn no_roots(mode: SslMode) -> Fault {
    let reason = format!(
        "sslmode={mode} needs to know whom to trust: name a file of root certificates with sslrootcert, put it at \
         ~/.postgresql/root.crt, or write sslrootcert=system for the authorities of this machine"
    );
    Fault::new("sslmode", reason)
}

fn key(sources: &Sources, wishes: &Wishes, provider: &CryptoProvider) -> Result<Option<CertifiedKey>, Fault> {
    match (&sources.certificate, &sources.key) {
        (Some(certificate), Some(key)) => client_key::read(certificate, key, provider).map(Some),
        (Some(certificate), None) => {
            let reason = format!(
                "there is the certificate {}, but no key to it; name it with sslkey",
                certificate.display()
            );
            Err(Fault::new("sslkey", reason))
        }
        (None, Some(_)) if wishes.key.is_some() => {
            Err(Fault::new("sslkey", "sslkey has no effect without sslcert; name the certificate as well"))
        }
        (None, _) if wishes.cert_mode == CertMode::Require => Err(Fault::new(
            "sslcertmode",
            "sslcertmode=require needs a client certificate; name it with sslcert",
        )),
        (None, _) => Ok(None),
    }
}
