//! Which major version to run: that of the data, if there are any.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, Installation, Options,
    machine::{account::Account, binaries},
};

/// Chooses the binaries for a base directory, and makes sure they fit what is in it.
pub(crate) fn chosen(base: &Path, options: &Options, account: &Account) -> Result<Installation, Error> {
    let found = binaries::installations(options, account)?;
    let data = if options.bindir.is_some() { Vec::new() } else { majors_in(base) };
    let installation = fitting(base, found, &data)?;
    refuse_other_major(base, installation.version().major())?;
    Ok(installation)
}

/// The highest of the majors found that has data, or the highest of all if there are no data yet.
fn fitting(base: &Path, found: Vec<Installation>, data: &[u32]) -> Result<Installation, Error> {
    let fits =
        |installation: &&Installation| data.is_empty() || data.contains(&installation.version().major());
    if let Some(installation) = found.iter().find(fits) {
        return Ok(installation.clone());
    }
    let major = data.first().copied().unwrap_or_default(); // `found` is never empty, so there are data
    Err(Error::DataWithoutBinaries { data_dir: data_directory(base, major), major, found })
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

    fn choice(majors: &[u32], data: &[u32]) -> Result<u32, Error> {
        fitting(Path::new("/base"), found(majors), data).map(|installation| installation.version().major())
    }

    #[test]
    fn data_decide_before_newer_binaries() {
        assert_eq!(choice(&[18, 15], &[]).expect("no data: the newest"), 18);
        assert_eq!(choice(&[18, 15], &[15]).expect("those of the data"), 15);
        assert_eq!(choice(&[18, 15], &[17, 15]).expect("the highest that can be opened"), 15);
    }

    #[test]
    fn data_without_their_binaries_are_an_error_and_not_a_new_database() {
        let error = choice(&[18], &[15]).expect_err("nothing can open them");
        assert!(matches!(error, Error::DataWithoutBinaries { major: 15, .. }), "{error}");
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
