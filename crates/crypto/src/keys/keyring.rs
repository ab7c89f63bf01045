use std::collections::BTreeMap;
use std::fmt;

use super::problem::KeyringProblem;
use super::state::{KeyList, KeyName, KeyState};
use super::{CheckValue, KeyId, Prk};
use crate::Error;

/// Keys, with their secrets: what a [`Vault`](crate::Vault) seals and opens with. Made by
/// [`KeyringConfig::load`](crate::KeyringConfig::load); it does not change.
pub struct Keyring {
    seal: Keys,
    index: Keys,
}

/// What is known of a key, secrets aside: for health checks, and to see that all instances have the same keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStatus {
    /// Its list and id.
    pub name: KeyName,
    /// What it is used for.
    pub state: KeyState,
    /// Which secret it has; `None` for a key that is disabled.
    pub check_value: Option<CheckValue>,
}

/// One list.
#[derive(Default)]
pub(crate) struct Keys {
    keys: BTreeMap<KeyId, Key>,
    primary: Option<KeyId>,
}

pub(super) struct Key {
    state: KeyState,
    secret: Option<(Prk, CheckValue)>,
}

impl Key {
    pub(super) fn new(state: KeyState, prk: Prk, check_value: CheckValue) -> Self {
        Self { state, secret: Some((prk, check_value)) }
    }

    pub(super) fn disabled() -> Self {
        Self { state: KeyState::Disabled, secret: None }
    }

    fn check_value(&self) -> Option<CheckValue> {
        self.secret.as_ref().map(|(_, value)| *value)
    }
}

impl Keyring {
    pub(super) fn new() -> Self {
        Self { seal: Keys::default(), index: Keys::default() }
    }

    /// Every key, by list and id.
    pub fn keys(&self) -> impl Iterator<Item = KeyStatus> {
        KeyList::ALL.into_iter().flat_map(|list| {
            self.list(list).keys.iter().map(move |(id, key)| KeyStatus {
                name: KeyName { list, id: *id },
                state: key.state,
                check_value: key.check_value(),
            })
        })
    }

    pub(crate) fn list(&self, list: KeyList) -> &Keys {
        match list {
            KeyList::Seal => &self.seal,
            KeyList::Index => &self.index,
        }
    }

    /// Adds a key, unless another one of either list has its secret. Equal check values are equal secrets, but for one pair of
    /// different ones in 2^64.
    pub(super) fn add(&mut self, name: KeyName, key: Key) -> Option<KeyringProblem> {
        let value = key.check_value();
        let same = self.keys().find(|known| value.is_some() && known.check_value == value);
        if let Some(KeyStatus { name: first, .. }) = same {
            return Some(KeyringProblem::SameSecret { first, second: name });
        }
        let keys = match name.list {
            KeyList::Seal => &mut self.seal,
            KeyList::Index => &mut self.index,
        };
        if key.state == KeyState::Primary {
            keys.primary = Some(name.id);
        }
        keys.keys.insert(name.id, key);
        None
    }
}

impl Keys {
    /// The one that is used for what is written; a list that has keys has one.
    pub(crate) fn primary(&self) -> Option<KeyId> {
        self.primary
    }

    /// Those that are used for what is read, the primary one among them.
    pub(crate) fn reading(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().filter(|(_, key)| key.secret.is_some()).map(|(id, _)| *id)
    }

    /// The one that an envelope names.
    pub(crate) fn named(&self, id: KeyId) -> Result<&Prk, Error> {
        let key = self.keys.get(&id).ok_or(Error::UnknownKey(id))?;
        key.secret.as_ref().map(|(prk, _)| prk).ok_or(Error::DisabledKey(id))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}
