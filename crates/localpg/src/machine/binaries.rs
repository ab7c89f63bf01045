//! Finding `initdb` and `postgres`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, Installation, Options, Version,
    installation::SUPPORTED,
    machine::{account::Account, run},
};

/// Where packages put PostgreSQL: a directory, the beginning of names in it, and the rest of the path.
const USUAL: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"), // Debian and its family
    ("/usr", "pgsql-", "bin"),          // the PostgreSQL project's packages for Red Hat and its family
    ("/usr/libexec", "postgresql", ""), // Alpine
    ("/usr/local", "pgsql", "bin"),     // built from source
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// What a search has found.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Of a supported major version, and of the one that is asked for; the highest first.
    pub(crate) usable: Vec<Installation>,
    /// Of other major versions.
    pub(crate) unsupported: Vec<Installation>,
    /// The directories that were looked at, in order.
    pub(crate) looked: Vec<PathBuf>,
}

/// What is installed; `pg.bindir` alone if that is set.
pub(crate) fn installed(options: &Options, account: &Account) -> Result<Search, Error> {
    options.check()?;
    match &options.bindir {
        Some(bindir) => {
            let usable = vec![named(bindir, options.major, account)?];
            Ok(Search { usable, ..Search::default() })
        }
        None => Ok(search(places(options, account), options.major, account)),
    }
}

/// The installation in a directory that the caller insists on.
fn named(bindir: &Path, major: Option<u32>, account: &Account) -> Result<Installation, Error> {
    let refused = |reason: String| Error::BadBindir { path: bindir.to_owned(), reason };
    let bindir = fs::canonicalize(bindir).map_err(|error| refused(error.to_string()))?;
    if let Some(missing) = ["initdb", "postgres"].into_iter().find(|name| !bindir.join(name).is_file()) {
        return Err(refused(format!("there is no {missing} in it")));
    }
    let found = inspected(bindir, account).map_err(refused)?;
    if !found.is_supported() {
        let (first, last) = (SUPPORTED.start(), SUPPORTED.end());
        return Err(refused(format!("it holds PostgreSQL {}, not {first} to {last}", found.version())));
    }
    match major {
        Some(major) if major != found.version().major() => {
            let version = found.version();
            Err(refused(format!("it holds PostgreSQL {version}, and pg.major (PGKEEL_PG_MAJOR) is {major}")))
        }
        _ => Ok(found),
    }
}

/// Asks the binaries in a directory what they are; an error says why they do not answer.
pub(crate) fn inspected(bindir: PathBuf, account: &Account) -> Result<Installation, String> {
    let mut command = account.command(bindir.join("postgres"));
    command.arg("--version");
    let output = run::checked("run postgres --version", command, &[]).map_err(|error| match error {
        Error::Io { source, .. } => format!("{} cannot run its postgres: {source}", account.name()),
        error => error.to_string(),
    })?;
    let version = Version::parse(&output);
    version
        .map(|version| Installation::new(bindir, version))
        .ok_or_else(|| format!("its postgres does not tell a version but: {}", output.trim_end()))
}

fn search(looked: Vec<PathBuf>, major: Option<u32>, account: &Account) -> Search {
    let has_both = |place: &Path| place.join("initdb").is_file() && place.join("postgres").is_file();
    let mut found: Vec<Installation> = Vec::new();
    for place in looked.iter().filter(|place| has_both(place)).filter_map(|place| place.canonicalize().ok()) {
        if found.iter().any(|known| known.bindir() == place) {
            continue;
        }
        match inspected(place, account) {
            Ok(installation) => found.push(installation),
            Err(reason) => tracing::debug!(reason, "a PostgreSQL was passed over"),
        }
    }
    let fits = |found: &Installation| {
        found.is_supported() && major.is_none_or(|major| found.version().major() == major)
    };
    let (mut usable, unsupported): (Vec<_>, Vec<_>) = found.into_iter().partition(fits);
    usable.sort_by_key(|installation| std::cmp::Reverse(installation.version().major())); // stable
    Search { usable, unsupported, looked }
}

/// All directories to look at, in order, existing or not where a package would have made exactly that one.
fn places(options: &Options, account: &Account) -> Vec<PathBuf> {
    let path = options.surroundings.path.as_deref();
    let on_path = path.into_iter().flat_map(env::split_paths).filter(|place| place.is_absolute());
    let usual = USUAL.iter().flat_map(|(directory, prefix, rest)| packaged(directory, prefix, rest));
    let mut places: Vec<PathBuf> = Vec::new();
    for place in configured(options, account).into_iter().chain(on_path).chain(usual) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// What `pg_config` says, if there is one; on Debian that of the development package.
fn configured(options: &Options, account: &Account) -> Option<PathBuf> {
    let mut command = account.command("pg_config");
    command.arg("--bindir");
    if let Some(path) = &options.surroundings.path {
        command.env("PATH", path);
    }
    let output = run::checked("run pg_config --bindir", command, &[]).ok()?;
    Some(PathBuf::from(output.trim())).filter(|place| place.is_absolute())
}

fn packaged(directory: &str, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let versions = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let mut places: Vec<_> = versions.map(|entry| entry.path().join(rest)).collect();
    places.sort();
    if places.is_empty() {
        places.push(Path::new(directory).join(format!("{prefix}*")).join(rest)); // for the error's list
    }
    places
}

/// Whether the server can load `pg_stat_statements`, which some distributions package apart.
pub(crate) fn has_statement_statistics(installation: &Installation, account: &Account) -> bool {
    let major = installation.version().major();
    let bindir = installation.program("postgres").canonicalize().unwrap_or_default();
    let prefix = bindir.parent().and_then(Path::parent).unwrap_or(Path::new("/usr")).to_owned();
    let layouts = ["lib", "lib/postgresql", "lib/pgsql", "lib64/pgsql", &format!("lib/postgresql{major}")]
        .map(|layout| prefix.join(layout));
    let mut command = account.command(installation.program("pg_config"));
    command.arg("--pkglibdir");
    let told = run::checked("run pg_config --pkglibdir", command, &[]).ok();
    let told = told.map(|output| PathBuf::from(output.trim()));
    told.into_iter().chain(layouts).any(|place| {
        ["so", "dylib"].iter().any(|suffix| place.join(format!("pg_stat_statements.{suffix}")).is_file())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A directory with an `initdb` and a `postgres` that claims to be of a version.
    fn fake(place: &Path, version: &str) -> PathBuf {
        let bindir = place.join(version);
        fs::create_dir(&bindir).expect("a directory");
        for name in ["initdb", "postgres"] {
            let program = bindir.join(name);
            fs::write(&program, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n"))
                .expect("a file");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("made executable");
        }
        bindir
    }

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a directory");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("opened");
        place
    }

    fn account() -> Account {
        Account::of(&Options::default()).expect("an account")
    }

    #[test]
    fn the_highest_supported_major_comes_first() {
        let place = place();
        let places = ["13.9", "15.1", "17.2", "19.0"].map(|version| fake(place.path(), version)).to_vec();
        let found = search(places, None, &account());
        let majors: Vec<_> = found.usable.iter().map(|installation| installation.version().major()).collect();
        assert_eq!(majors, [17, 15]);
    }

    #[test]
    fn what_is_not_wanted_is_kept_for_the_error() {
        let place = place();
        let places = ["13.9", "15.1", "17.2"].map(|version| fake(place.path(), version)).to_vec();
        let found = search(places, Some(15), &account());
        assert_eq!((found.usable.len(), found.unsupported.len(), found.looked.len()), (1, 2, 3));
        assert_eq!(found.usable[0].version().major(), 15);
    }

    #[test]
    fn a_named_directory_must_hold_both_programs_of_a_supported_major() {
        let place = place();
        let refusal = |bindir: &Path| named(bindir, None, &account()).expect_err("refused").to_string();
        assert!(refusal(&place.path().join("none")).contains("No such file"));
        assert!(refusal(place.path()).contains("no initdb"));
        assert!(refusal(&fake(place.path(), "13.9")).contains("13.9"));
        let bindir = fake(place.path(), "16.4");
        assert_eq!(named(&bindir, None, &account()).expect("fine").version().major(), 16);
        let error = named(&bindir, Some(17), &account()).expect_err("16 is not 17");
        assert!(error.to_string().contains("PGKEEL_PG_MAJOR"), "{error}");
    }

    #[test]
    fn a_directory_on_path_is_found() {
        let place = place();
        let bindir = fake(place.path(), "18.1");
        let options = Options::from_env(&|name| (name == "PATH").then(|| bindir.clone().into()));
        let found = installed(&options, &account()).expect("at least the fake");
        assert_eq!(found.usable[0].version().to_string(), "18.1");
    }
}
