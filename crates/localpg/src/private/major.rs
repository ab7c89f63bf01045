//! Which major version to run: that of the data, if there are any.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, Installation, Options, fetch,
    installation::SUPPORTED,
    machine::{account::Account, binaries},
    supply,
};

/// Chooses the binaries for a base directory, and makes sure they fit what is in it.
pub(crate) fn chosen(base: &Path, options: &Options, account: &Account) -> Result<Installation, Error> {
    let is_told = options.bindir.is_some() || options.major.is_some();
    let data = if is_told { Vec::new() } else { majors_in(base) };
    let installation = if data.is_empty() {
        supply::ensured(options, account)?
    } else {
        fitting(base, &data, options, account)?
    };
    refuse_other_major(base, installation.version().major())?;
    Ok(installation)
}

/// What opens data that are there; if nothing that is installed does, binaries for the highest are fetched.
fn fitting(base: &Path, data: &[u32], options: &Options, account: &Account) -> Result<Installation, Error> {
    let found = binaries::installed(options, account)?.usable;
    if let Some(installation) = opening(&found, data) {
        return Ok(installation.clone());
    }
    let major = highest(data);
    refuse_other_major(base, major)?; // before anything is fetched in vain
    let fetched = fetch::obtained(options, account, Some(major));
    fetched.map_err(|not_fetched| Error::DataWithoutBinaries {
        data_dir: data_directory(base, major),
        major,
        found,
        not_fetched,
    })
}

/// Of the majors that have data the highest that is known here, or if none is, the highest; they come sorted.
fn highest(data: &[u32]) -> u32 {
    let known = data.iter().find(|major| SUPPORTED.contains(major));
    known.or(data.first()).copied().unwrap_or_default()
}

/// The highest of the majors found that has data.
fn opening<'a>(found: &'a [Installation], data: &[u32]) -> Option<&'a Installation> {
    found.iter().find(|installation| data.contains(&installation.version().major()))
}

/// Where the data of a major version are kept.
pub(crate) fn data_directory(base: &Path, major: u32) -> PathBuf {
    base.join(format!("data-{major}"))
}

fn majors_in(base: &Path) -> Vec<u32> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let data = entries.filter(|entry| entry.path().join("PG_VERSION").exists());
    let major = |name: &str| name.strip_prefix("data-")?.parse::<u32>().ok();
    let mut majors: Vec<_> = data.filter_map(|entry| major(&entry.file_name().to_string_lossy())).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors
}

fn refuse_other_major(base: &Path, wanted: u32) -> Result<(), Error> {
    if let Some(found) = major_of(base) {
        return Err(Error::BaseIsCluster { path: base.to_owned(), found, wanted });
    }
    let path = data_directory(base, wanted);
    match major_of(&path) {
        Some(found) if found != wanted.to_string() => Err(Error::OtherMajor { path, found, wanted }),
        _ => Ok(()),
    }
}

/// The major version that made a data directory; nothing if it is none.
pub(crate) fn major_of(data: &Path) -> Option<String> {
    Some(fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;

    fn found(majors: &[u32]) -> Vec<Installation> {
        let installation = |major| {
            let version = Version::parse(&format!("postgres (PostgreSQL) {major}.1")).expect("a version");
            Installation::new(format!("/opt/{major}").into(), version)
        };
        majors.iter().map(installation).collect()
    }

    fn choice(majors: &[u32], data: &[u32]) -> Option<u32> {
        opening(&found(majors), data).map(|installation| installation.version().major())
    }

    #[test]
    fn data_decide_before_newer_binaries() {
        assert_eq!(choice(&[18, 15], &[15]), Some(15));
        assert_eq!(choice(&[18, 15], &[17, 15]), Some(15), "the highest that can be opened");
        assert_eq!(choice(&[18], &[15]), None);
        assert_eq!([highest(&[30, 17, 15]), highest(&[11, 10])], [17, 11]);
    }

    #[test]
    fn a_data_directory_under_a_wrong_name_is_refused() {
        let base = tempfile::tempdir().expect("a directory");
        let data = data_directory(base.path(), 15);
        fs::create_dir(&data).expect("a directory");
        fs::write(data.join("PG_VERSION"), "14\n").expect("a file");
        let error = refuse_other_major(base.path(), 15).expect_err("14 is not 15");
        assert!(matches!(&error, Error::OtherMajor { found, wanted: 15, .. } if found == "14"), "{error}");
        refuse_other_major(base.path(), 16).expect("that directory is not in the way of 16");
    }

    #[test]
    fn a_cluster_given_as_base_is_refused() {
        let base = tempfile::tempdir().expect("a directory");
        fs::write(base.path().join("PG_VERSION"), "15\n").expect("a file");
        let error = refuse_other_major(base.path(), 15).expect_err("it is no base");
        assert!(matches!(error, Error::BaseIsCluster { .. }), "{error}");
    }
}
