//! The directory that keeps what was fetched: a directory an archive, a lock, and what is being made.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{self, Path, PathBuf},
    time::Duration,
};

use crate::{
    Error, Installation, Options,
    fetch::pin::Pin,
    machine::{
        account::Account,
        base::{self, Obstacle},
        binaries,
        lock::Lock,
        random,
    },
};

/// What is being made begins so; what an interrupted fetch left is known by it.
const UNFINISHED: &str = "new-";

/// The cache of one machine or user.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// The cache, which need not be there yet; if it is, it must be one that only its owner can change.
    pub(crate) fn of(options: &Options, account: &Account) -> Result<Self, Error> {
        let directory = match options.cache_dir.clone().or_else(|| usual(options, account)) {
            Some(place) => place.canonicalize().or_else(|_| path::absolute(&place)),
            None => Ok(format!("/var/tmp/pgkeel-cache-{}", account.uid()).into()), // not through a link
        };
        let directory = directory.map_err(Error::io("make absolute", "pg.cache_dir"))?;
        let cache = Self { directory };
        cache.trusted()?;
        Ok(cache)
    }

    fn trusted(&self) -> Result<(), Error> {
        let seen = match fs::symlink_metadata(&self.directory) {
            Ok(seen) => seen,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io("look at", &self.directory)(error)),
        };
        let is_ours = seen.uid() == 0 || seen.uid() == rustix::process::geteuid().as_raw();
        if seen.is_dir() && is_ours && seen.mode() & 0o022 == 0 {
            return Ok(());
        }
        Err(Error::OpenCache { path: self.directory.clone() })
    }

    /// The first of these archives that is there and runs as the database user.
    pub(crate) fn holding(&self, pins: &[&Pin], account: &Account) -> Result<Option<Installation>, Error> {
        self.trusted()?;
        let there = pins.iter().map(|pin| self.place(pin).join("bin")).filter(|bindir| bindir.is_dir());
        for bindir in there {
            match binaries::inspected(bindir, account) {
                Ok(installation) => return Ok(Some(installation)),
                Err(reason) => tracing::warn!(reason, "a fetched PostgreSQL does not run"),
            }
        }
        Ok(None)
    }

    /// Makes the directory if it is missing, and sees to it that the database user can reach it.
    pub(crate) fn prepare(&self, account: &Account) -> Result<(), Error> {
        let failed = |error| Error::io("make", &self.directory)(error);
        if let Some(parent) = self.directory.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
        }
        match DirBuilder::new().mode(0o755).create(&self.directory) {
            Ok(()) => opened(&self.directory).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        self.trusted()?;
        let user = account.name().to_owned();
        match base::obstacle("check the way to the cache", &self.directory, account)? {
            Some(Obstacle::Closed(path)) => {
                Err(Error::Untraversable { path, user, setting: "pg.cache_dir (PGKEEL_PG_CACHE_DIR)" })
            }
            Some(Obstacle::ReadOnly) | None => Ok(()), // the caller writes, and the database user need not
        }
    }

    /// Waits until no other process fetches, nor a client that one left behind, which holds the lock too.
    pub(crate) fn turn(&self, fetch_bound: Duration) -> Result<File, Error> {
        let path = self.directory.join("lock");
        match Lock::of_caller(&path, Duration::ZERO) {
            Err(Error::LockTimeout { .. }) => {
                let cache_dir = self.directory.display();
                tracing::info!(pg.cache_dir = %cache_dir, "waiting for another process to fetch PostgreSQL");
                Lock::of_caller(&path, fetch_bound + Duration::from_mins(1))
            }
            answer => answer,
        }
    }

    /// Removes what an interrupted fetch left; what cannot be removed is left for the next time.
    pub(crate) fn sweep(&self) {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let unfinished = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED));
        unfinished.for_each(|entry| drop(fs::remove_dir_all(entry.path())));
    }

    /// A directory to work in, beside where the result goes.
    pub(crate) fn workplace(&self) -> Result<Workplace, Error> {
        let path = self.directory.join(format!("{UNFINISHED}{}", random::hex::<4>()?));
        fs::create_dir(&path).map_err(Error::io("make", &path))?;
        opened(&path).map_err(Error::io("open", &path))?;
        Ok(Workplace { path })
    }

    /// Puts a finished tree in its place, in one step, and gives its new path.
    pub(crate) fn keep(&self, tree: &Path, pin: &Pin) -> Result<PathBuf, Error> {
        let place = self.place(pin);
        if place.exists() {
            fs::remove_dir_all(&place).map_err(Error::io("remove what does not run in", &place))?;
        }
        fs::rename(tree, &place).map_err(Error::io("put the binaries into", &place))?;
        Ok(place)
    }

    fn place(&self, pin: &Pin) -> PathBuf {
        self.directory.join(pin.directory())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// A directory that goes when the work is done or given up.
#[derive(Debug)]
pub(crate) struct Workplace {
    path: PathBuf,
}

impl Workplace {
    /// A directory in it.
    pub(crate) fn room(&self, name: &str) -> Result<PathBuf, Error> {
        let room = self.path.join(name);
        fs::create_dir(&room).map_err(Error::io("make", &room))?;
        opened(&room).map_err(Error::io("open", &room))?;
        Ok(room)
    }

    /// Takes an installation out of what it was wrapped in, where the database user may not be able to enter.
    pub(crate) fn lift(&self, root: &Path) -> Result<PathBuf, Error> {
        let lifted = self.path.join("lifted");
        fs::rename(root, &lifted).map_err(Error::io("take out", root))?;
        Ok(lifted)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whatever the umask says: the database user must be able to enter.
fn opened(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Root's cache keeps away from `/root`, which the database user cannot enter.
fn usual(options: &Options, account: &Account) -> Option<PathBuf> {
    if account.is_other() {
        return Some("/var/cache/pgkeel".into());
    }
    let home = options.surroundings.home.as_deref();
    if cfg!(target_os = "macos") {
        return Some(home?.join("Library/Caches/pgkeel"));
    }
    let cache_home = options.surroundings.cache_home.clone();
    Some(cache_home.or_else(|| Some(home?.join(".cache")))?.join("pgkeel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn the_usual_place_follows_root_and_then_the_environment() {
        let with = |set: &'static [&'static str]| {
            let lookup = |name: &str| set.contains(&name).then(|| format!("/{name}").into());
            usual(&Options::from_env(&lookup), &Account::made_up(false))
        };
        assert_eq!(with(&["HOME", "XDG_CACHE_HOME"]), Some("/XDG_CACHE_HOME/pgkeel".into()));
        assert_eq!(with(&["HOME"]), Some("/HOME/.cache/pgkeel".into()));
        assert_eq!(with(&[]), None);
        let below_root = usual(&Options::default(), &Account::made_up(true));
        assert_eq!(below_root, Some("/var/cache/pgkeel".into()));
    }

    #[test]
    fn a_cache_that_others_can_write_to_is_refused() {
        let place = tempfile::tempdir().expect("a directory");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o775)).expect("opened");
        let options = Options { cache_dir: Some(place.path().to_owned()), ..Options::default() };
        let error = Cache::of(&options, &Account::made_up(false)).expect_err("anyone could put things there");
        assert!(matches!(&error, Error::OpenCache { .. }) && error.is_setting_problem(), "{error}");
    }
}
