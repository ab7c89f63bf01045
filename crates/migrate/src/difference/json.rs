//! Differences for programs. The form is stable: fields may be added, none goes away or changes its meaning.

use serde_json::{Value, json};

use super::{Difference, Differences};

impl Differences {
    /// A list with an element a difference: `kind`, `name`, `of` (null unless it is a part), `change` (`missing`, `extra`
    /// or `changed`), and for the last `attribute`, `expected` and `found` (null for the default), which are null else.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.iter().map(element).collect()
    }
}

fn element(difference: &Difference) -> Value {
    let object = difference.object();
    let (change, attribute, expected, found) = match difference {
        Difference::Missing { .. } => ("missing", None, None, None),
        Difference::Extra { .. } => ("extra", None, None, None),
        Difference::Changed { attribute, expected, found, .. } => {
            ("changed", Some(attribute), expected.as_ref(), found.as_ref())
        }
    };
    json!({
        "kind": object.kind(),
        "name": object.name(),
        "of": object.of(),
        "change": change,
        "attribute": attribute,
        "expected": expected,
        "found": found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::tests::sample;

    #[test]
    fn every_element_has_every_field() {
        let list = sample().to_json();
        assert_eq!(
            list[0],
            json!({ "kind": "column", "name": "x", "of": "s.a", "change": "changed", "attribute": "not null",
                "expected": null, "found": "true" })
        );
        assert_eq!(
            list[4],
            json!({ "kind": "table", "name": "s.b", "of": null, "change": "missing", "attribute": null,
                "expected": null, "found": null })
        );
    }
}
