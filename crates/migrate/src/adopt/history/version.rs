//! Versions as the tables of tools have them, in one spelling.

use std::cmp::Ordering;

/// Numbers with points between them, without what changes nothing: zeros in front, and zeros as the last parts. Flyway reads
/// underscores as points.
pub(in crate::adopt) fn canonical(version: &str) -> String {
    let plain = |part: &str| match part.trim_start_matches('0') {
        "" => "0".to_owned(),
        plain => plain.to_owned(),
    };
    let mut parts: Vec<String> = version.split(['.', '_']).map(plain).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part == "0") {
        parts.pop();
    }
    parts.join(".")
}

/// The order of such versions.
pub(super) fn order(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| -> Vec<u128> {
        canonical(version).split('.').map(|part| part.parse().unwrap_or(u128::MAX)).collect()
    };
    parts(one).cmp(&parts(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_equal_that_say_the_same() {
        for (one, other) in [("1.0", "1"), ("01.2", "1_2"), ("0", "00.0"), ("20240101", "20240101")] {
            assert_eq!(canonical(one), canonical(other));
        }
        assert_eq!(order("1.10", "1.9"), Ordering::Greater);
        assert_eq!(order("1", "1.0.1"), Ordering::Less);
    }
}
