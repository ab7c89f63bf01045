//! Verifications for people, pages and programs.

use std::fmt;
use std::fmt::Write as _;

use super::Verification;

const UNEXPLAINED: &str = "compare with a shadow to see in what";
const STALE: &str = "the lock file is stale: the migrations do not make what it says; the differences are from what they make";

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if let Some(differences) = self.differences.as_ref().filter(|_| !self.is_clean()) {
            write!(f, "{differences}")?;
        }
        self.notes().iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Verification {
    /// For a page, such as the comment on a change that is proposed.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let table = match &self.differences {
            Some(differences) if !self.is_clean() => format!("\n{}", differences.to_markdown()),
            _ => String::new(),
        };
        let mut page = format!("**{}**\n{table}", self.headline());
        for note in self.notes() {
            let _ = writeln!(page, "\nNote: {note}.");
        }
        page
    }

    /// For programs: `clean`, `against`, `version`, `expected` and `found` (fingerprints), `differences` as in
    /// [`Differences::to_json`](crate::Differences::to_json) or null if they cannot be named, `notes`.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "clean": self.is_clean(),
            "against": self.against,
            "version": self.version,
            "expected": self.expected.to_string(),
            "found": self.found.to_string(),
            "differences": self.differences.as_ref().map(crate::Differences::to_json),
            "notes": self.notes(),
        })
    }

    fn headline(&self) -> String {
        let at = self.version.map_or_else(String::new, |version| format!(" at version {version}"));
        let against = self.against;
        match &self.differences {
            _ if self.is_clean() => format!("the schema agrees with {against}{at}"),
            Some(differences) if differences.len() == 1 => format!("1 difference from {against}{at}"),
            Some(differences) => format!("{} differences from {against}{at}", differences.len()),
            None => format!("the schema does not agree with {against}{at}; {UNEXPLAINED}"),
        }
    }

    fn notes(&self) -> Vec<String> {
        let unused = self
            .unused_patterns
            .iter()
            .map(|pattern| format!("no object is ignored by {:?}", pattern.to_string()));
        self.lock_is_stale.then(|| STALE.to_owned()).into_iter().chain(unused).collect()
    }
}
