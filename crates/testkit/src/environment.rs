//! What steers test programs. The one place here that reads the process environment.

use pgkeel_localpg::Options;

#[expect(clippy::disallowed_methods, reason = "test programs are steered by their environment alone")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

pub(crate) fn keeps_databases() -> bool {
    variable("PGKEEL_TEST_KEEP").is_some()
}

pub(crate) fn server_options() -> Options {
    Options::from_env(&variable)
}

pub(crate) fn seed() -> Option<u64> {
    let seed = variable("PGKEEL_TEST_SEED")?;
    Some(seed.to_str().and_then(|seed| seed.parse().ok()).expect("PGKEEL_TEST_SEED is a number"))
}

/// Texts that somebody else gathered, one a line, to be tried like our own: hostile ones that `PGKEEL_TEST_HOSTILE` names a file
/// of. What is no UTF-8 is replaced in them; a carriage return in front of a line's end is a part of that.
///
/// # Panics
/// If the file cannot be read.
#[must_use]
pub fn hostile_texts() -> Vec<String> {
    lines_of("PGKEEL_TEST_HOSTILE")
}

/// As [`hostile_texts`], harmless ones that look like SQL, from the file that `PGKEEL_TEST_HARMLESS` names.
///
/// # Panics
/// If the file cannot be read.
#[must_use]
pub fn harmless_texts() -> Vec<String> {
    lines_of("PGKEEL_TEST_HARMLESS")
}

fn lines_of(name: &str) -> Vec<String> {
    let Some(path) = variable(name) else { return Vec::new() };
    let read = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {}: {error}", path.display()));
    let text = String::from_utf8_lossy(&read);
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Whether checks run with their full counts.
#[must_use]
pub fn is_soak() -> bool {
    variable("PGKEEL_TEST_SOAK").is_some()
}

/// A count for every day, or the full one under `cargo xtask soak`.
#[must_use]
pub fn scaled<T>(every_day: T, full: T) -> T {
    if is_soak() { full } else { every_day }
}
