//! What a database's schema is, as facts that can be compared: which objects there are and what each of them is like.

mod canonical;
mod fingerprint;
mod object;
mod pattern;
mod scope;
mod statement;
mod take;
mod reader;

use std::collections::{BTreeMap, BTreeSet};

pub use self::canonical::BadSnapshot;
pub use self::fingerprint::{BadFingerprint, Fingerprint};
pub use self::object::Object;
pub(crate) use self::pattern::glob;
pub use self::pattern::{BadPattern, Pattern};
pub(crate) use self::reader::Reader;
pub use self::scope::{Aspect, BadScope, Scope};
pub(crate) use self::statement::TENANT;

/// What one object is like: attributes that have their default are not among them.
pub(crate) type Attributes = BTreeMap<String, String>;

/// A schema at one moment: its objects with their attributes, the same for equal schemas, whatever order they were
/// made in and whoever looks.
///
/// It holds no number that the server gave (OID), nothing about rows, and no option of foreign data that could be a
/// secret. Texts that the server writes out, such as definitions of views, differ a little between major versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    major: u32,
    objects: BTreeMap<Object, Attributes>,
    unused: Vec<Pattern>,
}

impl Snapshot {
    pub(crate) fn new(major: u32) -> Self {
        Self { major, objects: BTreeMap::new(), unused: Vec::new() }
    }

    pub(crate) fn add(&mut self, object: Object, attribute: Option<(String, String)>) {
        self.objects.entry(object).or_default().extend(attribute);
    }

    /// Leaves out what the scope does not want. An optional object without any attribute left is none: a column of a view
    /// is told only for its comment and the like.
    fn narrow(&mut self, scope: &Scope, optional: &BTreeSet<Object>) {
        let mut unused = scope.ignored().to_vec();
        self.objects.retain(|object, attributes| {
            attributes.retain(|attribute, _| scope.wants(attribute));
            let ignored = scope.ignored().iter().find(|pattern| pattern.matches(object));
            unused.retain(|pattern| !pattern.matches(object));
            ignored.is_none() && (!attributes.is_empty() || !optional.contains(object))
        });
        self.unused = unused;
    }

    /// The major version of the server.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// How many objects there are, parts such as columns included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The objects, ordered by kind and name, byte by byte.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.keys()
    }

    /// The attributes of an object, by name; nothing if there is no such object.
    pub fn attributes(&self, object: &Object) -> impl Iterator<Item = (&str, &str)> {
        let attributes = self.objects.get(object).into_iter().flatten();
        attributes.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The patterns of the scope that no object had: they hide nothing, and may be misspelt.
    #[must_use]
    pub fn unused_patterns(&self) -> &[Pattern] {
        &self.unused
    }

    pub(crate) fn all(&self) -> &BTreeMap<Object, Attributes> {
        &self.objects
    }
}
