//! `cargo xtask fetch`, and the PostgreSQL that tests run over.

use pgkeel_localpg::{Error, Installation, Options};

/// Fills the cache, whatever is installed: for a machine that will be offline.
pub(crate) fn fetch(majors: &[u32]) -> anyhow::Result<()> {
    let majors: Vec<Option<u32>> =
        if majors.is_empty() { vec![None] } else { majors.iter().copied().map(Some).collect() };
    for major in majors {
        println!("PostgreSQL {}", Installation::fetched(&options(major))?);
    }
    Ok(())
}

/// An installed PostgreSQL of a major version, else one from the cache, else one that is fetched now.
pub(crate) fn of_major(major: u32) -> anyhow::Result<Installation> {
    let mut options = options(Some(major));
    options.bindir = None;
    Ok(Installation::ensure(&options)?)
}

/// Nothing where PostgreSQL is installed, as the tests find it by themselves; else the one that is fetched now.
pub(crate) fn instead_of_installed() -> anyhow::Result<Option<Installation>> {
    let options = options(None);
    match Installation::find_all(&options) {
        Err(Error::NoBinaries { .. }) => Ok(Some(Installation::ensure(&options)?)),
        installed => Ok(installed.map(|_| None)?),
    }
}

fn options(major: Option<u32>) -> Options {
    let mut options = Options::from_env(&variable);
    options.major = major.or(options.major);
    options
}

#[expect(clippy::disallowed_methods, reason = "chores are steered by their environment, as the tests are")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
