//! `require_auth`: how the server may let this side in.
//!
//! Sources: PostgreSQL documentation, "Database Connection Control Functions", `require_auth`; "Message Formats",
//! the authentication requests.

use super::harmless;

/// The ways of authentication that are gone along with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuthRule {
    /// `None` for every way.
    allowed: Option<Vec<Method>>,
}

/// How a server can ask for a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Password,
    Md5,
    Gss,
    Sspi,
    Scram,
    /// It asks for none.
    None,
}

/// The names that libpq has for them; the last is that of PostgreSQL 18, and no server is answered that way here.
const METHODS: [(&str, Option<Method>); 7] = [
    ("password", Some(Method::Password)),
    ("md5", Some(Method::Md5)),
    ("gss", Some(Method::Gss)),
    ("sspi", Some(Method::Sspi)),
    ("scram-sha-256", Some(Method::Scram)),
    ("none", Some(Method::None)),
    ("oauth", None),
];

impl AuthRule {
    /// Reads a list of methods; with `!` in front of all of them, every other method is allowed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let negative = text.starts_with('!');
        let mut listed = Vec::new();
        for part in text.split(',').map(str::trim) {
            let name = part.strip_prefix('!').unwrap_or(part);
            if part.starts_with('!') != negative {
                return Err("`require_auth` has methods with a `!` and methods without one".into());
            }
            let method = METHODS.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
                format!("`require_auth` has `{}`; the methods are {}", harmless(part), names.join(", "))
            })?;
            if listed.contains(method) {
                return Err(format!("`require_auth` has `{name}` more than once"));
            }
            listed.push(*method);
        }
        let kept = METHODS.iter().filter(|method| listed.contains(method) != negative);
        Ok(Self { allowed: Some(kept.filter_map(|(_, method)| *method).collect()) })
    }

    /// Whether the server may go on with this request, after having asked for `asked` before. Gives what it asks for
    /// now, if it is a new question.
    pub(crate) fn check(&self, code: i32, asked: Option<Method>) -> Result<Option<Method>, String> {
        let (method, does) = match code {
            0 if asked.is_none() => (Method::None, "lets this side in without asking for a proof"),
            3 => (Method::Password, "asks for the password in the clear"),
            5 => (Method::Md5, "asks for the password hashed with MD5"),
            7 => (Method::Gss, "asks for GSSAPI"),
            9 => (Method::Sspi, "asks for SSPI"),
            10 => (Method::Scram, "asks for SCRAM-SHA-256"),
            _ => return Ok(None),
        };
        match &self.allowed {
            Some(allowed) if !allowed.contains(&method) => {
                Err(format!("the server {does}, which `require_auth` does not allow"))
            }
            _ => Ok(Some(method)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_or_all_but_that_is_allowed() {
        let allows = |text: &str, code: i32| AuthRule::parse(text).unwrap().check(code, None).is_ok();
        assert!(allows("", 0) && allows("", 3) && allows("", 10));
        assert!(allows("scram-sha-256,none", 10) && allows("scram-sha-256,none", 0));
        assert!(!allows("scram-sha-256", 3) && !allows("scram-sha-256", 5) && !allows("scram-sha-256", 0));
        assert!(
            !allows("!password,!md5", 3) && !allows("!password, !md5", 5) && allows("!password,!md5", 10)
        );
        assert!(!allows("oauth", 10) && !allows("gss", 0));
    }

    #[test]
    fn being_let_in_after_a_proof_is_another_thing_than_without_one() {
        let rule = AuthRule::parse("scram-sha-256").unwrap();
        assert_eq!(rule.check(10, None), Ok(Some(Method::Scram)));
        assert_eq!(rule.check(12, Some(Method::Scram)), Ok(None));
        assert_eq!(rule.check(0, Some(Method::Scram)), Ok(None));
        assert!(rule.check(0, None).unwrap_err().contains("without asking"));
    }

    #[test]
    fn a_list_that_means_nothing_is_refused() {
        for text in ["scram", "md5,!none", "md5,md5", ",", "!"] {
            assert!(AuthRule::parse(text).is_err(), "{text}");
        }
    }
}
