use std::path::PathBuf;

use crate::argon2id::Cost;

/// Where a key's secret is.
#[derive(Debug, Clone)]
pub(in crate::keys) enum Reference {
    /// There it is.
    Plain(Place),
    /// It is derived.
    Passphrase(Passphrase),
    /// The key management service knows what that means.
    Wrapped(String),
}

#[derive(Debug, Clone)]
pub(in crate::keys) enum Place {
    Variable(String),
    File(PathBuf),
}

#[derive(Debug, Clone)]
pub(in crate::keys) struct Passphrase {
    pub(in crate::keys) place: Place,
    pub(in crate::keys) salt: Vec<u8>,
    pub(in crate::keys) cost: Cost,
}

impl Place {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        match scheme {
            "env" if is_variable(rest) => Some(Self::Variable(rest.to_owned())),
            "file" if !rest.is_empty() => Some(Self::File(rest.into())),
            _ => None,
        }
    }
}

fn is_variable(name: &str) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    name.as_bytes().first().is_some_and(is_start)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
