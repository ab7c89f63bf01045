//! What a keyring consists of, before any secret is asked for.

mod document;
mod environment;
mod reference;

use super::problem::{KeyringError, KeyringProblem};
use super::state::{KeyList, KeyName, KeyState};
use super::{CheckValue, Sources};

pub(super) use self::reference::{Passphrase, Place, Reference};

/// Two keys, the old and the new one, are usual; more than that are looked up no slower.
const MOST_KEYS: usize = 1024;

/// A keyring as it is written down: which keys there are, what each is for now, and where its secret is. Secrets are not in it.
///
/// ```
/// use pgkeel_crypto::KeyringConfig;
///
/// let config = KeyringConfig::from_toml(r#"
///     version = 1
///
///     [[seal]]
///     id = "3f9a1c22"                          # 8 hexadecimal digits, never used again
///     state = "primary"                        # one is; or "decrypt", "disabled"
///     source = "env:PGKEEL_KEY_3F9A1C22"       # or "file:…", "passphrase:env:…", "passphrase:file:…", "wrapped:…"
///     kcv = "9b1d0c44a07e52f1"                 # which secret is meant; what is missing here is told when it is loaded
///
///     [[index]]                                # keys of blind indexes, if there are any
///     id = "77e0b1aa"
///     state = "primary"                        # one is; or "lookup", "disabled"
///     source = "file:/run/secrets/pgkeel_idx"  # of mode 0600 or 0400
///     kcv = "0c7712d9e4a1b388"
/// "#)?;
/// # Ok::<(), pgkeel_crypto::KeyringError>(())
/// ```
///
/// A `passphrase:` has `argon2 = { salt = "…", m_kib = 19456, t = 2, p = 1 }` besides, its salt 16 bytes or more as hexadecimal digits.
#[derive(Debug, Clone)]
pub struct KeyringConfig {
    keys: Vec<KeyConfig>,
}

#[derive(Debug, Clone)]
pub(super) struct KeyConfig {
    pub(super) name: KeyName,
    pub(super) state: KeyState,
    /// Where its secret is; not known of keys that are disabled.
    pub(super) secret: Option<Reference>,
    pub(super) check: Check,
}

/// Which secret is meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    Against(CheckValue),
    /// The keyring has to say, and does not.
    Missing,
    /// The keyring does not have to say.
    None,
}

impl KeyringConfig {
    /// Reads a keyring that is written in TOML.
    ///
    /// # Errors
    /// [`KeyringError`] with all that is wrong with it, as far as that shows without secrets.
    pub fn from_toml(text: &str) -> Result<Self, KeyringError> {
        Self::checked(document::from_toml(text).and_then(|document| document::keys(&document)))
    }

    /// Reads a keyring that is written in JSON, in the shape of the one in TOML.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        Self::checked(document::from_json(text).and_then(|document| document::keys(&document)))
    }

    /// Reads a keyring that consists of variables alone. `PGKEEL_SEAL_PRIMARY` has the id of the key that seals,
    /// `PGKEEL_SEAL_DECRYPT` and `PGKEEL_SEAL_DISABLED` those of others, separated by commas. `PGKEEL_KEY_3F9A1C22` is the secret of
    /// key `3f9a1c22`, or `PGKEEL_KEY_3F9A1C22_FILE` names the file that has it; `PGKEEL_KCV_3F9A1C22`, which may be missing here,
    /// says which secret is meant. Keys of indexes are in `PGKEEL_INDEX_PRIMARY`, `PGKEEL_INDEX_LOOKUP` and `PGKEEL_INDEX_DISABLED`.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_environment(sources: &Sources<'_>) -> Result<Self, KeyringError> {
        Self::checked(environment::keys(sources))
    }

    pub(super) fn keys(&self) -> &[KeyConfig] {
        &self.keys
    }

    fn checked(keys: Result<Vec<KeyConfig>, Vec<KeyringProblem>>) -> Result<Self, KeyringError> {
        let keys = keys.map_err(KeyringError::new)?;
        let problems = problems(&keys);
        if problems.is_empty() { Ok(Self { keys }) } else { Err(KeyringError::new(problems)) }
    }
}

/// What is wrong between the keys.
fn problems(keys: &[KeyConfig]) -> Vec<KeyringProblem> {
    if keys.len() > MOST_KEYS {
        return vec![KeyringProblem::TooManyKeys { count: keys.len(), most: MOST_KEYS }];
    }
    let mut ids: Vec<_> = keys.iter().map(|key| key.name.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).filter(|pair| pair[0] == pair[1]);
    let mut problems: Vec<_> = twice.map(|pair| KeyringProblem::DuplicateId(pair[0])).collect();
    problems.extend(KeyList::ALL.into_iter().filter_map(|list| primary_problem(list, keys)));
    problems
}

fn primary_problem(list: KeyList, keys: &[KeyConfig]) -> Option<KeyringProblem> {
    let mut listed = keys.iter().filter(|key| key.name.list == list).peekable();
    if list == KeyList::Index {
        listed.peek()?;
    }
    let mut primaries = listed.filter(|key| key.state == KeyState::Primary).map(|key| key.name);
    match (primaries.next(), primaries.next()) {
        (None, _) => Some(KeyringProblem::NoPrimary(list)),
        (Some(_), None) => None,
        (Some(first), Some(second)) => Some(KeyringProblem::SeveralPrimaries { first, second }),
    }
}
