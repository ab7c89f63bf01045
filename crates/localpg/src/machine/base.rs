//! The directory that holds data, password, log and locks, and the way to it.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{self, Path, PathBuf},
};

use crate::{Error, Options, machine::account::Account};

/// Finds or makes the base directory, so that the database user can work in it.
pub(crate) fn prepared(options: &Options, account: &Account) -> Result<PathBuf, Error> {
    if let Some(given) = &options.data_dir {
        return usable(given, account);
    }
    let fallback = PathBuf::from(format!("/var/tmp/pgkeel-{}", account.uid()));
    let Some(default) = default_base(options, account) else {
        return private(&fallback, account);
    };
    usable(&default, account).or_else(|error| {
        tracing::warn!(reason = %error, pg.data_dir = %fallback.display(), "the usual data directory cannot be used");
        private(&fallback, account).map_err(|_| error)
    })
}

/// Root's default keeps away from `/root`, which the database user cannot enter.
fn default_base(options: &Options, account: &Account) -> Option<PathBuf> {
    if account.is_other() {
        return Some("/var/lib/pgkeel".into());
    }
    let home = options.surroundings.home.as_deref();
    if cfg!(target_os = "macos") {
        return Some(home?.join("Library/Application Support/pgkeel"));
    }
    let data_home = options.surroundings.data_home.clone();
    Some(data_home.or_else(|| Some(home?.join(".local/share")))?.join("pgkeel"))
}

/// Makes a directory if it is missing, and checks that the database user can reach it and write to it.
pub(crate) fn usable(path: &Path, account: &Account) -> Result<PathBuf, Error> {
    let path = path::absolute(path).map_err(Error::io("make absolute", path))?;
    made(&path)?;
    let path = path.canonicalize().map_err(Error::io("resolve", &path))?;
    handed_over(&path, account).map_err(Error::io("hand over", &path))?;
    reachable(&path, account)?;
    Ok(path)
}

/// As [`usable`], in a place where anyone might have been before us.
pub(crate) fn private(path: &Path, account: &Account) -> Result<PathBuf, Error> {
    if fs::symlink_metadata(path).is_err() {
        // As the database user, so that no moment exists in which it is somebody else's.
        let _ = account.shell("make a directory", r#"mkdir -m 700 "$1""#, &[path.as_os_str()], &[]);
    }
    let seen = fs::symlink_metadata(path).map_err(Error::io("make", path))?;
    if !is_of_one(&seen, account) {
        return Err(Error::NotPrivate { path: path.to_owned(), user: account.name().to_owned() });
    }
    reachable(path, account)?;
    Ok(path.to_owned())
}

/// Whether it is there, as [`private`] makes it.
pub(crate) fn is_private(path: &Path, account: &Account) -> bool {
    fs::symlink_metadata(path).is_ok_and(|seen| is_of_one(&seen, account))
}

/// Whether it is a directory of the database user that nobody else can enter.
fn is_of_one(seen: &Metadata, account: &Account) -> bool {
    let rights_of_others = seen.mode() & 0o077;
    seen.is_dir() && seen.uid() == account.uid() && rights_of_others == 0
}

fn made(path: &Path) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Error::io("make", path)(error)),
        _ => Ok(()),
    }
}

/// Gives an empty directory of root to the database user. One that holds something stays as it is: whether
/// its owner should change is not ours to decide.
fn handed_over(path: &Path, account: &Account) -> io::Result<()> {
    let is_ours_to_give = account.is_other() && fs::metadata(path)?.uid() == 0;
    if is_ours_to_give && fs::read_dir(path)?.next().is_none() {
        std::os::unix::fs::chown(path, Some(account.uid()), Some(account.gid()))?;
    }
    Ok(())
}

fn reachable(path: &Path, account: &Account) -> Result<(), Error> {
    let user = account.name().to_owned();
    match obstacle("check the way to the data", path, account)? {
        None => Ok(()),
        Some(Obstacle::Closed(path)) => Err(Error::Untraversable { path, user, setting: DATA_DIR }),
        Some(Obstacle::ReadOnly) => Err(Error::NotWritable { path: path.to_owned(), user }),
    }
}

/// What keeps the database user from working in a directory.
pub(crate) enum Obstacle {
    /// A directory on the way that it cannot enter.
    Closed(PathBuf),
    /// Nothing can be made in the directory itself.
    ReadOnly,
}

/// Asks the database user itself, so that groups and access lists count.
pub(crate) fn obstacle(
    step: &'static str,
    path: &Path,
    account: &Account,
) -> Result<Option<Obstacle>, Error> {
    let mut way: Vec<&OsStr> = path.ancestors().map(Path::as_os_str).collect();
    way.reverse();
    let told = account.shell(step, OBSTACLE, &way, &[])?;
    Ok(told.split_once(' ').map(|(kind, path)| match kind {
        "closed" => Obstacle::Closed(path.into()),
        _ => Obstacle::ReadOnly,
    }))
}

const DATA_DIR: &str = "pg.data_dir (PGKEEL_PG_DATA_DIR)";

/// Prints the first directory that cannot be passed, or the last one if nothing can be made in it.
const OBSTACLE: &str = r#"
for place; do [ -x "$place" ] || { printf 'closed %s' "$place"; exit; }; done
[ -w "$place" ] || printf 'read-only %s' "$place""#;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn account() -> Account {
        Account::of(&Options::default()).expect("an account")
    }

    fn place(mode: u32) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a directory");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(mode)).expect("mode set");
        place
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn the_default_follows_root_and_then_the_environment() {
        let with = |set: &'static [&'static str]| {
            let lookup = |name: &str| set.contains(&name).then(|| format!("/{name}").into());
            default_base(&Options::from_env(&lookup), &Account::made_up(false))
        };
        assert_eq!(with(&["HOME", "XDG_DATA_HOME"]), Some("/XDG_DATA_HOME/pgkeel".into()));
        assert_eq!(with(&["HOME"]), Some("/HOME/.local/share/pgkeel".into()));
        assert_eq!(with(&[]), None);
        let below_root = default_base(&Options::default(), &Account::made_up(true));
        assert_eq!(below_root, Some("/var/lib/pgkeel".into()));
    }

    #[test]
    fn a_new_directory_belongs_to_the_database_user_alone() {
        let place = place(0o755);
        let made = usable(&place.path().join("deep/base"), &account()).expect("usable");
        let seen = fs::metadata(made).expect("made");
        assert_eq!((seen.uid(), seen.mode() & 0o777), (account().uid(), 0o700));
    }

    #[test]
    fn the_directory_that_stops_the_user_is_named() {
        let place = place(0o600);
        let error = usable(&place.path().join("base"), &account());
        if account().is_other() {
            let closed = place.path().canonicalize().expect("a path");
            assert!(matches!(error, Err(Error::Untraversable { path, .. }) if path == closed));
        } else {
            assert!(error.is_err(), "an ordinary user cannot even make it");
        }
    }

    #[test]
    fn a_directory_open_to_others_is_not_private() {
        let place = place(0o755);
        let open = place.path().join("open");
        usable(&open, &account()).expect("usable");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o750)).expect("mode set");
        let error = private(&open, &account()).expect_err("others can enter");
        assert!(matches!(error, Error::NotPrivate { .. }), "{error}");
    }
}
