//! Passwords and tokens that change, asked for at each connection.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use crate::dial::Attempt;
use crate::settings::secret_file;
use crate::{Config, DialStep, Error, Host};

/// What a password is for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target<'a> {
    /// The host that is about to be entered, as the address names it.
    pub host: &'a Host,
    /// As whom.
    pub user: &'a str,
    /// Which database.
    pub database: &'a str,
}

/// Why a password is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Occasion {
    /// A connection is opened; what is cached will do.
    First,
    /// The server has just refused the password that was given: get a newer one. The same again is not tried.
    Refused,
}

/// The future of a password.
pub type PasswordFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SecretString, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// Where passwords come from that change while the program runs: rotating secrets, tokens of a cloud's identity
/// service.
///
/// Asked for each connection, within what is left of the time to connect. [`PasswordFile`] is one ready made.
///
/// ```
/// use pgkeel_connect::{Credentials, Occasion, PasswordFuture, Target};
///
/// struct Tokens;
///
/// impl Credentials for Tokens {
///     fn password<'a>(&'a self, target: Target<'a>, _: Occasion) -> PasswordFuture<'a> {
///         Box::pin(async move { Ok(format!("token for {}", target.user).into()) })
///     }
/// }
/// ```
pub trait Credentials: Send + Sync {
    /// The password for this host and user.
    ///
    /// # Errors
    /// Whatever keeps it from being had; it becomes the source of [`Error::Dial`], so it must not hold a secret.
    ///
    /// # Cancellation
    /// The future is dropped when the time to connect is over.
    fn password<'a>(&'a self, target: Target<'a>, occasion: Occasion) -> PasswordFuture<'a>;
}

/// A password in a file that is read for each connection, such as a mounted secret. One line end at its end is cut off.
#[derive(Debug, Clone)]
pub struct PasswordFile(PathBuf);

impl PasswordFile {
    /// The password in this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Credentials for PasswordFile {
    fn password<'a>(&'a self, _: Target<'a>, _: Occasion) -> PasswordFuture<'a> {
        let path = self.0.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || {
                secret_file::read(&path).map_err(|reason| format!("file {} {reason}", path.display()))
            });
            Ok(read.await??.into())
        })
    }
}

/// Hides whatever a provider would show of itself.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Arc<dyn Credentials>);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider(..)")
    }
}

/// The password for this attempt: the provider's, else the address', else the one in the password file.
pub(crate) async fn password(
    config: &Config,
    attempt: &Attempt<'_>,
    occasion: Occasion,
) -> Result<Option<SecretString>, Error> {
    let address = config.address();
    if let Some(provider) = config.credentials() {
        let target = Target { host: attempt.host, user: address.user(), database: address.database() };
        return attempt.step(DialStep::Credentials, provider.password(target, occasion)).await.map(Some);
    }
    if let Some(password) = address.password() {
        return Ok(Some(password.clone()));
    }
    let Some(file) = address.password_file() else { return Ok(None) };
    let entry = file.password(attempt.host, address.user(), address.database());
    attempt.step(DialStep::Credentials, entry).await
}
