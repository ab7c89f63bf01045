//! A data directory that is made once and copied for each scratch cluster.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Error, Installation,
    machine::{account::Account, base, lock::Lock},
    server::{initdb, socket},
};

/// Raised whenever a template is made differently.
const FORMAT: u32 = 1;

/// In memory on Linux; elsewhere there is no such directory.
const MEMORY: &str = "/dev/shm";

/// Templates in memory cost 28 MB, clusters the same and what tests write.
const ROOM: u64 = 1 << 30;

const LOCK_BOUND: Duration = Duration::from_mins(3);

/// Small segments save 11 MB of 39; the throw-away data need not survive a power failure.
const INITDB: [&str; 6] = ["-A", "trust", "-U", "postgres", "-N", "--wal-segsize=1"];

/// The directory of templates and scratch clusters: in memory where there is room, unless they are to be on disk, else among
/// the temporary files; private to the database user.
pub(crate) fn cache(account: &Account, on_disk: bool) -> Result<PathBuf, Error> {
    let mut refusal = None;
    let is_fit = |parent: &PathBuf| parent != Path::new(MEMORY) || (!on_disk && has_room(parent));
    for place in parents().filter(is_fit).map(|parent| cache_in(parent, account)) {
        match base::private(&place, account) {
            Ok(place) if socket::fits(&place.join("s-01234567")) => return Ok(place),
            Ok(_) => {}
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or(Error::UnsupportedPlatform))
}

/// All such directories that there are, whichever is used now.
pub(crate) fn caches(account: &Account) -> BTreeSet<PathBuf> {
    parents()
        .map(|parent| cache_in(parent, account))
        .filter(|place| base::is_private(place, account))
        .collect()
}

fn parents() -> impl Iterator<Item = PathBuf> {
    [PathBuf::from(MEMORY), env::temp_dir(), "/tmp".into()].into_iter()
}

fn cache_in(parent: PathBuf, account: &Account) -> PathBuf {
    parent.canonicalize().unwrap_or(parent).join(format!("pgkeel-{}", account.uid()))
}

fn has_room(place: &Path) -> bool {
    rustix::fs::statvfs(place).is_ok_and(|seen| seen.f_bavail.saturating_mul(seen.f_frsize) > ROOM)
}

/// The template of an installation; made now if this is the first time.
pub(crate) fn ready(cache: &Path, installation: &Installation, account: &Account) -> Result<PathBuf, Error> {
    let template = cache.join(name(installation));
    if is_whole(&template) {
        return Ok(template);
    }
    let _turn = Lock::exclusive(&cache.join("lock"), account, LOCK_BOUND)?;
    if !is_whole(&template) {
        initdb::make(&template, &INITDB.map(OsStr::new), installation, account)?;
    }
    Ok(template)
}

/// Templates are renamed into place, so one file stands for all.
fn is_whole(template: &Path) -> bool {
    template.join("PG_VERSION").exists()
}

fn name(installation: &Installation) -> String {
    let mut hasher = DefaultHasher::new();
    (FORMAT, INITDB, installation.bindir(), installation.version().to_string()).hash(&mut hasher);
    format!("template-{}-{:016x}", installation.version().major(), hasher.finish())
}
