//! Which rules are looked for.

use std::collections::BTreeSet;

use super::table::{Place, TABLE};
use super::{LintLevel, own};
use crate::Error;

#[derive(Debug, Clone)]
pub(super) struct Selection(BTreeSet<String>);

/// The usual ones.
impl Default for Selection {
    fn default() -> Self {
        Self(all().into_iter().filter(|(_, _, is_usual)| *is_usual).map(|(rule, ..)| rule).collect())
    }
}

impl Selection {
    pub(super) fn only<'a>(&mut self, rules: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        self.0 = rules.into_iter().map(known).collect::<Result<_, _>>()?;
        Ok(())
    }

    pub(super) fn without<'a>(&mut self, rules: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        for rule in rules {
            self.0.remove(&known(rule)?);
        }
        Ok(())
    }

    pub(super) fn has(&self, rule: &str) -> bool {
        self.0.contains(rule)
    }
}

/// Every rule with its level, and whether it is one of the usual ones.
pub(super) fn all() -> Vec<(String, LintLevel, bool)> {
    let of_squawk = TABLE.into_iter().filter_map(|(rule, place)| match place {
        Place::Usual { level, .. } => Some((rule.to_string(), level, true)),
        Place::OnRequest { .. } => Some((rule.to_string(), LintLevel::Warning, false)),
        Place::LeftOut { .. } => None,
    });
    let mut all: Vec<_> =
        of_squawk.chain(own::RULES.map(|(rule, level)| (rule.to_owned(), level, true))).collect();
    all.sort();
    all
}

fn known(rule: &str) -> Result<String, Error> {
    if all().iter().any(|(name, ..)| name == rule) {
        return Ok(rule.to_owned());
    }
    let reason = TABLE.into_iter().find_map(|(left_out, place)| match place {
        Place::LeftOut { reason } if left_out.to_string() == rule => Some(reason),
        _ => None,
    });
    Err(Error::NotARule { name: rule.to_owned(), reason })
}
