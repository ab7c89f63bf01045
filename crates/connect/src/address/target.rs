use std::fmt;

use super::harmless;

/// The kind of server that is looked for among the hosts of an [`Address`](super::Address), as in libpq's
/// `target_session_attrs`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetSession {
    /// Any server.
    #[default]
    Any,
    /// One whose sessions can write: no standby, and not read-only by default.
    ReadWrite,
    /// One whose sessions cannot write: a standby, or read-only by default.
    ReadOnly,
    /// One that is no standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby, or any server if none of the hosts is one.
    PreferStandby,
}

impl TargetSession {
    const ALL: [(&str, Self); 6] = [
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, target)| *target).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!(
                "`target_session_attrs={}` does not exist; what does: {}",
                harmless(text),
                names.join(", ")
            )
        })
    }
}

impl fmt::Display for TargetSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, target)| target == self);
        f.write_str(name.map_or("any", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_written_as_it_is_read() {
        for (name, target) in TargetSession::ALL {
            assert_eq!(TargetSession::parse(name), Ok(target));
            assert_eq!(target.to_string(), name);
        }
        assert!(TargetSession::parse("master").unwrap_err().contains("prefer-standby"));
    }
}
