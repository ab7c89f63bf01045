use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{CheckValue, KeyId, KeyList, KeyName};
use crate::argon2id::Cost;

/// Why a keyring is not used: everything that is wrong with it, at once. No secret is in it, nor what stands where one should.
#[derive(Debug, Clone)]
pub struct KeyringError {
    problems: Vec<KeyringProblem>,
}

impl KeyringError {
    pub(super) fn new(problems: Vec<KeyringProblem>) -> Self {
        Self { problems }
    }

    /// All that is wrong, in the order of the keyring. At least one.
    #[must_use]
    pub fn problems(&self) -> &[KeyringProblem] {
        &self.problems
    }
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the keyring cannot be used: ")?;
        for (number, problem) in self.problems.iter().enumerate() {
            let between = if number == 0 { "" } else { "; " };
            write!(f, "{between}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for KeyringError {
    /// That of the first problem that has one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problems.iter().find_map(std::error::Error::source)
    }
}

/// One thing that is wrong with a keyring.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringProblem {
    /// The document cannot be read as what it should be.
    #[error("not {format}, at line {line}, column {column}")]
    Syntax {
        /// `TOML` or `JSON`.
        format: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A field that a keyring does not have.
    #[error("{field}: there is no such field")]
    UnknownField {
        /// Where it is, such as `seal[0].stat`.
        field: String,
    },
    /// A field that is needed.
    #[error("{field} is missing: it has to be {expected}")]
    MissingField {
        /// Where it should be.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A field, or a variable, that is something else than it should be.
    #[error("{field} has to be {expected}")]
    WrongField {
        /// Where it is.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// No key seals. (Without a list of keys for indexes there are no indexes, so that may be missing as a whole.)
    #[error("no {0} key is primary: give one of them `state = \"primary\"`")]
    NoPrimary(KeyList),
    /// Several keys would seal, and order says nothing.
    #[error("{first} and {second} are both primary: one of them has to be `{}`", .first.list.reading())]
    SeveralPrimaries {
        /// One.
        first: KeyName,
        /// Another one.
        second: KeyName,
    },
    /// An id that two keys have.
    #[error("the id {0} is given twice: each key needs its own, never used before")]
    DuplicateId(KeyId),
    /// More keys than a keyring may have.
    #[error(
        "{count} keys are more than the {most} of a keyring: leave out those that nothing is sealed under"
    )]
    TooManyKeys {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The variable of a secret is not set, or empty.
    #[error("{key}: the environment variable {variable} is not set: it has to have the secret")]
    VariableUnset {
        /// Whose secret.
        key: KeyName,
        /// Which variable.
        variable: String,
    },
    /// A variable and the one that names a file instead.
    #[error("{key}: {variable} and {variable}_FILE are both set: keep one of them")]
    VariableAndFile {
        /// Whose secret.
        key: KeyName,
        /// Which variable.
        variable: String,
    },
    /// The file of a secret cannot be read.
    #[error("{key}: {} cannot be read: is it there, and this user's?", .path.display())]
    FileUnreadable {
        /// Whose secret.
        key: KeyName,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The file of a secret is a directory, a pipe or a device.
    #[error("{key}: {} is no regular file", .path.display())]
    NotAFile {
        /// Whose secret.
        key: KeyName,
        /// Which path.
        path: PathBuf,
    },
    /// The file of a secret can be read by others than its owner.
    #[error(
        "{key}: {} may be read by others, its mode is {mode:04o}: `chmod 600` it, or mount it with defaultMode 0400",
        .path.display()
    )]
    FileReadableByOthers {
        /// Whose secret.
        key: KeyName,
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file of a secret is larger than secrets are.
    #[error("{key}: {} has more than {most} bytes, so it is hardly a secret", .path.display())]
    FileTooLarge {
        /// Whose secret.
        key: KeyName,
        /// Which file.
        path: PathBuf,
        /// How many bytes it may have.
        most: u64,
    },
    /// The secret is not a key.
    #[error(
        "{0}: its secret is not 32 bytes, as 64 hexadecimal digits or 43 characters of base64url without padding"
    )]
    NotAKey(KeyName),
    /// The secret is one byte again and again.
    #[error("{0}: its secret is a placeholder: draw one, as by `openssl rand -hex 32`")]
    Placeholder(KeyName),
    /// The keyring does not say which secret it means.
    #[error("{key}: `kcv` is missing: if the secret that was found is the right one, it is \"{found}\"")]
    CheckValueMissing {
        /// Which key.
        key: KeyName,
        /// That of the secret that was found.
        found: CheckValue,
    },
    /// The secret is not the one that the keyring means.
    #[error(
        "{key}: the secret that was found has the check value {found}, the keyring's has {expected}: it is another secret, so restore the right one"
    )]
    CheckValueDiffers {
        /// Which key.
        key: KeyName,
        /// What the keyring says.
        expected: CheckValue,
        /// That of the secret that was found.
        found: CheckValue,
    },
    /// Two keys have the same secret, so that retiring one would not retire it.
    #[error("{first} and {second} have the same secret: draw another one for one of them")]
    SameSecret {
        /// One.
        first: KeyName,
        /// Another one.
        second: KeyName,
    },
    /// The passphrase could be tried out too fast.
    #[error(
        "{key}: argon2 with {given} is too weak: it has to be at least {least}, in memory and in iterations"
    )]
    WeakArgon2 {
        /// Which key.
        key: KeyName,
        /// What the keyring says.
        given: Cost,
        /// What it may not be below: the least that OWASP recommends.
        least: Cost,
    },
    /// Deriving the key would take more than a start may take.
    #[error("{key}: argon2 with {given} is more than {most}")]
    ExcessiveArgon2 {
        /// Which key.
        key: KeyName,
        /// What the keyring says.
        given: Cost,
        /// What it may not be above.
        most: Cost,
    },
    /// The passphrase could be guessed.
    #[error("{key}: its passphrase has fewer than {least} bytes")]
    ShortPassphrase {
        /// Which key.
        key: KeyName,
        /// How many it has to have.
        least: usize,
    },
    /// This program cannot derive keys from passphrases.
    #[error(
        "{0}: its secret is a passphrase, which this program was built without: build it with the feature `passphrase`"
    )]
    PassphraseNotBuilt(KeyName),
    /// Nobody to unwrap the secret.
    #[error(
        "{0}: its secret is wrapped, and the program has no key management service to ask: give `Sources` one"
    )]
    NoKeyService(KeyName),
    /// The key management service did not give the secret.
    #[error("{key}: the key management service did not unwrap its secret")]
    KeyService {
        /// Which key.
        key: KeyName,
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
