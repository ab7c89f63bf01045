//! Where secrets are.

mod file;
mod passphrase;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::RootKey;
use super::config::{Place, Reference};
use super::problem::KeyringProblem;
use super::state::KeyName;

/// The future of a secret.
pub type KeyFuture<'a> =
    Pin<Box<dyn Future<Output = Result<RootKey, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// A key management service: unwraps the secrets of keys whose source is `wrapped:…`.
///
/// It is asked once for each such key when a keyring is loaded, one after the other; never while sealing or opening.
///
/// ```
/// use pgkeel_crypto::{KeyFuture, KeySource, RootKey};
///
/// struct Vendor;
///
/// impl KeySource for Vendor {
///     fn fetch<'a>(&'a self, reference: &'a str) -> KeyFuture<'a> {
///         Box::pin(async move {
///             let unwrapped = [7; 32]; // what the vendor's client makes of the reference, within a deadline
///             let _ = reference;
///             Ok(RootKey::from_bytes(&unwrapped))
///         })
///     }
/// }
/// ```
pub trait KeySource: Send + Sync {
    /// The secret that this reference stands for: what is written behind `wrapped:`. It has to come to an end by itself, as
    /// nobody else bounds it.
    ///
    /// # Errors
    /// Whatever went wrong; it becomes the source of [`KeyringProblem::KeyService`], so no secret may be in it.
    ///
    /// # Cancellation
    /// The future is dropped with that of [`KeyringConfig::load`](crate::KeyringConfig::load); it should leave nothing behind.
    fn fetch<'a>(&'a self, reference: &'a str) -> KeyFuture<'a>;
}

type Environment<'a> = dyn Fn(&str) -> Option<String> + Send + Sync + 'a;

/// Where a keyring's secrets are looked for: variables, files, a key management service.
pub struct Sources<'a> {
    environment: Box<Environment<'a>>,
    service: Option<&'a dyn KeySource>,
}

impl<'a> Sources<'a> {
    /// With these variables, such as `|name: &str| std::env::var(name).ok()`. One that is empty is not set.
    #[must_use]
    pub fn new(environment: impl Fn(&str) -> Option<String> + Send + Sync + 'a) -> Self {
        Self { environment: Box::new(environment), service: None }
    }

    /// With a key management service besides.
    #[must_use]
    pub fn with_service(self, service: &'a dyn KeySource) -> Self {
        Self { service: Some(service), ..self }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.environment)(name).map(Zeroizing::new).filter(|value| !value.is_empty())
    }

    /// The secret of a key.
    pub(super) async fn fetch(&self, key: KeyName, reference: &Reference) -> Result<RootKey, KeyringProblem> {
        match reference {
            Reference::Plain(place) => {
                let text = self.text(key, place)?;
                RootKey::from_text(&text).ok_or(KeyringProblem::NotAKey(key))
            }
            Reference::Passphrase(passphrase) => {
                passphrase::derive(key, passphrase, || self.text(key, &passphrase.place))
            }
            Reference::Wrapped(reference) => {
                let service = self.service.ok_or(KeyringProblem::NoKeyService(key))?;
                let unwrapped = service.fetch(reference).await;
                unwrapped.map_err(|error| KeyringProblem::KeyService { key, source: Arc::from(error) })
            }
        }
    }

    fn text(&self, key: KeyName, place: &Place) -> Result<Zeroizing<String>, KeyringProblem> {
        match place {
            Place::Variable(variable) => self
                .variable(variable)
                .ok_or_else(|| KeyringProblem::VariableUnset { key, variable: variable.clone() }),
            Place::File(path) => file::read(key, Path::new(path)),
        }
    }
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("has_service", &self.service.is_some()).finish_non_exhaustive()
    }
}
