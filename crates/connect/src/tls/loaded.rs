//! What rustls is told, made of the files that the address names, and made anew when one of them has changed.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme, SupportedProtocolVersion, version};

use super::error::{Kind, TlsError};
use super::files::{self, Stamp};
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
            let words = faults.iter().map(|fault| format!("{}: {}", fault.keyword, fault.reason));
            TlsError::new(Kind::Handshake, words.collect::<Vec<_>>().join("; "))
        })?;
        Ok(loaded.insert(fresh).ready.clone())
    }
}

/// Which files there are to read. What is named has to be there; what libpq has in its place only counts if it is.
struct Sources {
    root: Option<Root>,
    revoked: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    stamps: Vec<Stamp>,
}

impl Sources {
    fn of(wishes: &Wishes) -> Self {
        let mut stamps = Vec::new();
        let mut find = |named: Option<&PathBuf>, usual: &str| {
            let path = named.cloned().or_else(|| Some(wishes.home.as_ref()?.join(usual)))?;
            stamps.push(Stamp::of(&path));
            (named.is_some() || path.exists()).then_some(path)
        };
        let root = match &wishes.root {
            Some(Root::System) => Some(Root::System),
            Some(Root::File(path)) => find(Some(path), "").map(Root::File),
            None => find(None, "root.crt").map(Root::File),
        };
        // Without authorities in a file there is nobody whose revocations libpq would look for by itself.
        let is_file = matches!(root, Some(Root::File(_)));
        let revoked = if is_file || wishes.revoked.is_some() {
            find(wishes.revoked.as_ref(), "root.crl")
        } else {
            None
        };
        let sends = wishes.cert_mode != CertMode::Disable;
        let certificate = sends.then(|| find(wishes.certificate.as_ref(), "postgresql.crt")).flatten();
        let key = sends.then(|| find(wishes.key.as_ref(), "postgresql.key")).flatten();
        Self { root, revoked, certificate, key, stamps }
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
            let roots = files::system().map_err(|reason| Fault::new("sslrootcert", reason))?;
            (roots, Vec::new())
        }
        Some(Root::File(path)) => files::authorities(path)
            .map_err(|reason| Fault::new("sslrootcert", format!("{} {reason}", path.display())))?,
        None if mode >= SslMode::VerifyCa => return Err(no_roots(mode)),
        None if sources.revoked.is_some() => {
            return Err(Fault::new("sslcrl", "has no effect without sslrootcert; name that as well"));
        }
        None => return Ok(None),
    };
    let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    if let Some(path) = &sources.revoked {
        let fault = |reason: String| Fault::new("sslcrl", format!("{} {reason}", path.display()));
        builder = builder.with_crls(files::revocations(path).map_err(fault)?).enforce_revocation_expiration();
        named.clear();
    }
    let webpki = builder.build().map_err(|error| {
        let path = sources.revoked.as_deref().unwrap_or("".as_ref());
        Fault::new("sslcrl", format!("{} cannot be used: {error}", path.display()))
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
            let reason = format!("there is the certificate {}, but no key to it", certificate.display());
            Err(Fault::new("sslkey", reason))
        }
        (None, Some(_)) if wishes.key.is_some() => {
            Err(Fault::new("sslkey", "has no effect without sslcert; name the certificate as well"))
        }
        (None, _) if wishes.cert_mode == CertMode::Require => Err(Fault::new(
            "sslcertmode",
            "sslcertmode=require needs a client certificate; name it with sslcert",
        )),
        (None, _) => Ok(None),
    }
}

/// Gives the client's certificate to a server that asks for one, and remembers whether it did.
#[derive(Debug)]
pub(super) struct Asked {
    key: Option<Arc<CertifiedKey>>,
    asked: std::sync::atomic::AtomicBool,
}

impl Asked {
    pub(super) fn new(key: Option<Arc<CertifiedKey>>) -> Arc<Self> {
        Arc::new(Self { key, asked: false.into() })
    }

    pub(super) fn was(&self) -> bool {
        self.asked.load(std::sync::atomic::Ordering::Acquire)
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, std::sync::atomic::Ordering::Release);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
