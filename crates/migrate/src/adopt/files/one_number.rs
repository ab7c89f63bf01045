//! Versions of Flyway, numbers with points between them, as one number.
//!
//! Where none has a point they stay as they are. Else each number behind the first gets as many digits as the longest in
//! its place, and at least three: 1.2 and 1.10 become 1002 and 1010. So the order is kept, and later files mostly fit in.
//! Where that is too long for a number, as with stamps of time behind three others, they get no more than the longest has,
//! and where that is too long as well, the files are counted.

use crate::adopt::history::canonical;

/// At least so many digits for each number behind the first.
const DIGITS: usize = 3;

/// The numbers of a version, as texts that can be as long as they like.
fn parts(version: &str) -> Vec<&str> {
    version.split(['.', '_']).filter(|part| !part.is_empty()).collect()
}

/// In the order of which versions are.
pub(super) fn numbers(version: &str) -> Vec<u128> {
    parts(&canonical(version)).iter().map(|part| part.parse().unwrap_or(u128::MAX)).collect()
}

/// Versions that are in their order, as numbers.
pub(super) fn as_numbers(versions: &[&str]) -> Vec<String> {
    for least in [DIGITS, 1] {
        let widths = widths(least, versions);
        let numbers: Vec<String> = versions.iter().map(|version| one_number(version, &widths)).collect();
        if numbers.iter().all(|number| number.parse::<i64>().is_ok()) {
            return numbers;
        }
    }
    let mut count = 0_usize;
    let mut counted = Vec::with_capacity(versions.len());
    for (at, version) in versions.iter().enumerate() {
        let is_same = at > 0 && numbers(versions[at - 1]) == numbers(version);
        count += usize::from(!is_same);
        counted.push(count.to_string());
    }
    counted
}

/// How many digits each number behind the first gets.
fn widths(least: usize, versions: &[&str]) -> Vec<usize> {
    let mut widths = Vec::new();
    for version in versions {
        for (at, number) in parts(&canonical(version)).iter().skip(1).enumerate() {
            if widths.len() <= at {
                widths.push(least);
            }
            widths[at] = widths[at].max(number.len());
        }
    }
    widths
}

/// The version as one number.
fn one_number(version: &str, widths: &[usize]) -> String {
    // Where nothing has to be added, the digits stay as they are written.
    if widths.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) {
        return version.to_owned();
    }
    let canonical = canonical(version);
    let all = parts(&canonical);
    let behind =
        widths.iter().enumerate().map(|(at, width)| format!("{:0>width$}", all.get(at + 1).unwrap_or(&"")));
    format!("{}{}", all[0], behind.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_with_points_keep_their_order_as_numbers() {
        let number = |version: &str, widths: &[usize]| one_number(version, widths);
        assert_eq!(number("007", &[]), "007");
        assert_eq!([number("1", &[3]), number("1.2", &[3]), number("1_10", &[3])], ["1000", "1002", "1010"]);
        assert_eq!(number("2024.01.05.1200", &[3, 3, 4]), "20240010051200");
        assert_eq!(number("1.0.0", &[]), "1");
        assert_eq!(as_numbers(&["1", "1.2", "1.10.1"]), ["1000000", "1002000", "1010001"]);
        assert_eq!(
            as_numbers(&["1.0.0.4", "2.15.0.20241203000001"]),
            ["100000000000000004", "215020241203000001"]
        );
        let too_long = ["1.0.0.0.1", "1.0.0.3", "1.0.0.03", "2.15.10.20241203000001", "10"];
        assert_eq!(as_numbers(&too_long), ["1", "2", "2", "3", "4"]);
        assert!(numbers("1.9") < numbers("1.10") && numbers("1.0") == numbers("1"));
    }
}
