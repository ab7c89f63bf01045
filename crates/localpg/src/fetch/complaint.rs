//! What a program's output says of its failure, in one line.

use crate::{Error, machine::run::Outcome};

/// Lines of an output that are kept; npm says what happened in its first four.
const LINES: usize = 4;

/// Longer lines are dumps.
const LENGTH: usize = 300;

/// What a program printed if it succeeded, else why it did not.
pub(crate) fn or_output(outcome: Result<Outcome, Error>) -> Result<String, String> {
    let Outcome { status, output } = outcome.map_err(of)?;
    if status.success() { Ok(output) } else { Err(format!("{status}, {}", gist(&output))) }
}

/// An error with what caused it.
pub(crate) fn of(error: Error) -> String {
    match error {
        Error::Io { ref source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}

/// The first lines that speak of an error, or the last line of all; without passwords in addresses.
fn gist(output: &str) -> String {
    let mut lines = output.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_about_errors = |line: &&str| line.to_ascii_lowercase().contains("error");
    let is_noise = |line: &&str| line.contains("complete log of this run");
    let mut kept: Vec<&str> =
        lines.clone().filter(is_about_errors).filter(|line| !is_noise(line)).take(LINES).collect();
    if kept.is_empty() {
        kept.extend(lines.next_back());
    }
    if kept.is_empty() {
        return "without a word".to_owned();
    }
    let text = without_passwords(&kept.join(", "));
    text.chars().take(LENGTH).collect()
}

/// Registries are sometimes set with user and password in their address.
pub(crate) fn without_passwords(text: &str) -> String {
    let hidden = text.split_inclusive(char::is_whitespace).map(|word| {
        let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        match authority.rsplit_once('@') {
            Some((secret, _)) => format!("{scheme}://***{}", &rest[secret.len()..]),
            None => word.to_owned(),
        }
    });
    hidden.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_about_the_error_are_kept() {
        let pip = "Collecting x\nERROR: Could not find a version\nERROR: No matching distribution\n";
        assert_eq!(gist(pip), "ERROR: Could not find a version, ERROR: No matching distribution");
        let npm =
            "npm error code E404\nnpm error 404 Not Found\nnpm error A complete log of this run can be\n";
        assert_eq!(gist(npm), "npm error code E404, npm error 404 Not Found");
        assert_eq!(gist("curl: (6) Could not resolve host\n"), "curl: (6) Could not resolve host");
        assert_eq!(gist("\n"), "without a word");
    }

    #[test]
    fn passwords_in_addresses_are_left_out() {
        let shown = without_passwords("get https://me:pw@host/simple and https://host/a@b failed");
        assert_eq!(shown, "get https://***@host/simple and https://host/a@b failed");
    }
}
