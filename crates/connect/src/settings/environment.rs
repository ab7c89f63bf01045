use std::collections::BTreeMap;

/// Environment variables, wherever they are kept.
///
/// Stands between the settings and the process so that tests need not change the process.
pub trait Environment {
    /// The value of `name`; `None` if it is not set or empty.
    ///
    /// # Errors
    /// What is wrong with the value, if it is not UTF-8.
    fn variable(&self, name: &str) -> Result<Option<String>, String>;

    /// The names of all variables that are set.
    fn names(&self) -> Vec<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ProcessEnvironment;

impl ProcessEnvironment {
    /// A view of the environment as it is at each look.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the process environment")]
impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        match std::env::var(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err("the value is not UTF-8".into()),
        }
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.get(name).filter(|value| !value.is_empty()).cloned())
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

impl<const N: usize> Environment for [(&str, &str); N] {
    fn variable(&self, name: &str) -> Result<Option<String>, String> {
        let found = self.iter().find(|(key, value)| *key == name && !value.is_empty());
        Ok(found.map(|(_, value)| (*value).to_owned()))
    }

    fn names(&self) -> Vec<String> {
        self.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}
