//! What one schema has and another has not.

#[cfg(feature = "cli")]
mod json;
mod markdown;
mod order;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::snapshot::Attributes;
use crate::{Object, Snapshot};

/// What keeps a schema from being the one that is expected, ordered by kind and name. Shown as text for people; see
/// [`to_markdown`](Self::to_markdown) for pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences(Vec<Difference>);

/// One thing that is not as it is expected to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// An object is expected and is not there. Its parts, such as columns, are not told besides.
    Missing {
        /// Which.
        object: Object,
    },
    /// An object is there that is not expected. Its parts are not told besides.
    Extra {
        /// Which.
        object: Object,
    },
    /// An object is another than expected.
    Changed {
        /// Which.
        object: Object,
        /// In what, for example `type`, `definition`, `privileges of app`.
        attribute: String,
        /// What it should be; `None` for the default.
        expected: Option<String>,
        /// What it is; `None` for the default.
        found: Option<String>,
    },
}

impl Difference {
    /// The object that is missing, extra or changed.
    #[must_use]
    pub fn object(&self) -> &Object {
        match self {
            Self::Missing { object } | Self::Extra { object } | Self::Changed { object, .. } => object,
        }
    }

    /// In what it is another, if it is there on both sides.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::Changed { attribute, .. } => Some(attribute),
            Self::Missing { .. } | Self::Extra { .. } => None,
        }
    }
}

impl Differences {
    /// Holds two snapshots of one scope against each other. There is no difference if and only if their fingerprints
    /// are equal.
    #[must_use]
    pub fn between(expected: &Snapshot, found: &Snapshot) -> Self {
        let (expected, found) = (expected.all(), found.all());
        let objects: BTreeSet<&Object> = expected.keys().chain(found.keys()).collect();
        let missing = wholes(expected, found);
        let extra = wholes(found, expected);
        let mut differences = Vec::new();
        for object in objects {
            match (expected.get(object), found.get(object)) {
                (Some(_), None) if object.whole().is_some_and(|whole| missing.contains(&whole)) => {}
                (None, Some(_)) if object.whole().is_some_and(|whole| extra.contains(&whole)) => {}
                (Some(_), None) => differences.push(Difference::Missing { object: object.clone() }),
                (None, Some(_)) => differences.push(Difference::Extra { object: object.clone() }),
                (Some(expected), Some(found)) => differences.extend(changes(object, expected, found)),
                (None, None) => {}
            }
        }
        Self(differences)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Difference> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all that differs is in which order columns or attributes are. PostgreSQL has no way to put them in order
    /// again but to make the table anew.
    #[must_use]
    pub fn is_order_only(&self) -> bool {
        !self.is_empty() && self.iter().all(|difference| difference.attribute().is_some_and(order::is_one))
    }

    /// Whether the schema is as expected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Objects on this side alone that others may be parts of.
fn wholes<'a>(
    here: &'a BTreeMap<Object, Attributes>,
    there: &BTreeMap<Object, Attributes>,
) -> BTreeSet<(&'a str, &'a str)> {
    here.keys().filter(|object| !there.contains_key(object)).filter_map(Object::as_whole).collect()
}

fn changes<'a>(
    object: &'a Object,
    expected: &'a Attributes,
    found: &'a Attributes,
) -> impl Iterator<Item = Difference> + 'a {
    let attributes: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    attributes.into_iter().filter_map(move |attribute| {
        let sides = (expected.get(attribute), found.get(attribute));
        let is_same = match sides {
            (Some(expected), Some(found)) if order::is_one(attribute) => order::agree(expected, found),
            (expected, found) => expected == found,
        };
        (!is_same).then(|| Difference::Changed {
            object: object.clone(),
            attribute: attribute.clone(),
            expected: sides.0.cloned(),
            found: sides.1.cloned(),
        })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn snapshot(rows: &[(&str, &str, &str, &str, &str)]) -> Snapshot {
        let mut snapshot = Snapshot::new(15);
        for (kind, name, of, attribute, value) in rows {
            let object = Object::new((*kind).into(), (*name).into(), (*of).into());
            let attribute = (!attribute.is_empty()).then(|| ((*attribute).to_owned(), (*value).to_owned()));
            snapshot.add(object, attribute);
        }
        snapshot
    }

    pub(crate) fn sample() -> Differences {
        let expected = snapshot(&[
            ("table", "s.a", "", "column order", "x, y"),
            ("column", "x", "s.a", "type", "integer"),
            ("column", "y", "s.a", "type", "text"),
            ("table", "s.b", "", "", ""),
            ("column", "x", "s.b", "type", "integer"),
            ("function", "s.f()", "", "body", "begin\n  a;\n  b;\nend"),
        ]);
        let found = snapshot(&[
            ("table", "s.a", "", "column order", "x, z, y"),
            ("column", "x", "s.a", "type", "bigint"),
            ("column", "x", "s.a", "not null", "true"),
            ("column", "y", "s.a", "type", "text"),
            ("column", "z", "s.a", "type", "text"),
            ("function", "s.f()", "", "body", "begin\n  a;\n  c|d;\nend"),
        ]);
        Differences::between(&expected, &found)
    }

    #[test]
    fn parts_of_what_is_missing_are_not_told_besides() {
        let told: Vec<_> = sample()
            .iter()
            .map(|difference| (difference.object().to_string(), difference.attribute().map(str::to_owned)))
            .collect();
        let changed = |object: &str, attribute: &str| (object.to_owned(), Some(attribute.to_owned()));
        assert_eq!(
            told,
            [
                changed("column x of s.a", "not null"),
                changed("column x of s.a", "type"),
                ("column z of s.a".to_owned(), None),
                changed("function s.f()", "body"),
                ("table s.b".to_owned(), None),
            ]
        );
    }

    #[test]
    fn a_part_does_not_go_with_what_has_the_name_of_its_whole() {
        let both = [
            ("publication", "a", "", "", ""),
            ("publication table", "s.t", "a", "", ""),
            ("server", "a", "", "", ""),
        ];
        let differences = Differences::between(&snapshot(&both), &snapshot(&both[..1]));
        let told: Vec<String> =
            differences.iter().map(|difference| difference.object().to_string()).collect();
        assert_eq!(told, ["publication table s.t of a", "server a"]);
    }

    #[test]
    fn equal_snapshots_have_none() {
        let same = snapshot(&[("table", "s.a", "", "column order", "x")]);
        assert!(Differences::between(&same, &same).is_empty());
    }
}
