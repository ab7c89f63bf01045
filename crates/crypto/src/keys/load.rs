use super::config::{Check, KeyConfig, KeyringConfig};
use super::keyring::{Key, Keyring};
use super::problem::{KeyringError, KeyringProblem};
use super::source::Sources;
use super::state::KeyState;
use super::{Prk, RootKey};

impl KeyringConfig {
    /// Asks for the secret of each key that is not disabled, once, and holds it against its check value. With passphrases, it
    /// computes for as long as their cost says, without giving way: some tens of milliseconds each.
    ///
    /// # Errors
    /// [`KeyringError`] with all that is wrong with the secrets. Then there is no keyring, and one that is in use stays.
    ///
    /// # Cancellation
    /// Nothing is left behind but what the [`KeySource`](super::KeySource) leaves. All waiting is that of the `KeySource`, which has to bound it.
    pub async fn load(&self, sources: &Sources<'_>) -> Result<Keyring, KeyringError> {
        let mut keyring = Keyring::new();
        let mut problems = Vec::new();
        for config in self.keys() {
            match key(config, sources).await {
                Ok(key) => problems.extend(keyring.add(config.name, key)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(keyring) } else { Err(KeyringError::new(problems)) }
    }
}

async fn key(config: &KeyConfig, sources: &Sources<'_>) -> Result<Key, KeyringProblem> {
    let KeyConfig { name, state, secret, check } = config;
    let Some(reference) = secret.as_ref().filter(|_| *state != KeyState::Disabled) else {
        return Ok(Key::disabled());
    };
    let root: RootKey = sources.fetch(*name, reference).await?;
    if root.is_placeholder() {
        return Err(KeyringProblem::Placeholder(*name));
    }
    let prk = Prk::new(&root);
    let found = prk.check_value();
    match *check {
        Check::Against(expected) if expected != found => {
            Err(KeyringProblem::CheckValueDiffers { key: *name, expected, found })
        }
        Check::Missing => Err(KeyringProblem::CheckValueMissing { key: *name, found }),
        Check::Against(_) | Check::None => Ok(Key::new(*state, prk, found)),
    }
}
