use std::convert::Infallible;

use zeroize::Zeroizing;

use crate::argon2id::{Cost, hash};
use crate::keys::RootKey;
use crate::keys::config::Passphrase;
use crate::keys::problem::KeyringProblem;
use crate::keys::state::KeyName;

/// NIST SP 800-63B-4, 3.1.1.2: the least for a password that is the only factor.
const LEAST: usize = 15;

/// The key of a passphrase, which is asked for once its cost is known to be right.
pub(super) fn derive(
    key: KeyName,
    Passphrase { cost, salt, place: _ }: &Passphrase,
    passphrase: impl FnOnce() -> Result<Zeroizing<String>, KeyringProblem>,
) -> Result<RootKey, KeyringProblem> {
    if !cfg!(feature = "passphrase") {
        return Err(KeyringProblem::PassphraseNotBuilt(key));
    }
    if !cost.is_at_least(Cost::PASSPHRASE) {
        return Err(KeyringProblem::WeakArgon2 { key, given: *cost, least: Cost::PASSPHRASE });
    }
    if !Cost::MOST.is_at_least(*cost) {
        return Err(KeyringProblem::ExcessiveArgon2 { key, given: *cost, most: Cost::MOST });
    }
    let passphrase = passphrase()?;
    if passphrase.len() < LEAST {
        return Err(KeyringProblem::ShortPassphrase { key, least: LEAST });
    }
    let derived = RootKey::written_by(|bytes| {
        hash(*cost, passphrase.as_bytes(), salt, bytes);
        Ok::<_, Infallible>(())
    });
    match derived {
        Ok(root) => Ok(root),
    }
}
