//! A directory for the socket: private, outside of the data, and short enough.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::{
    Error, Options,
    machine::{account::Account, base},
};

/// The number in the socket's name; nothing listens on TCP, so it meets no other server.
pub(crate) const PORT: u16 = 5432;

/// Bytes in `sun_path` without the closing zero: unix(7), and `sys/un.h` of macOS and the BSDs.
const PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// `wanted`, or a short directory that stands for it where its path does not fit.
pub(crate) fn directory(wanted: &Path, options: &Options, account: &Account) -> Result<PathBuf, Error> {
    if fits(wanted) {
        return Ok(wanted.to_owned());
    }
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    let name = format!("pgkeel-{}-{:016x}", account.uid(), hasher.finish());
    let runtime_dir = options.surroundings.runtime_dir.as_ref().filter(|_| !account.is_other());
    let short = runtime_dir.map(|place| place.join(&name)).filter(|place| fits(place));
    base::private(&short.unwrap_or_else(|| Path::new("/tmp").join(name)), account)
}

/// Whether the server takes the path as it is: its length, and the signs that its list syntax knows.
pub(crate) fn fits(directory: &Path) -> bool {
    let bytes = directory.as_os_str().as_bytes();
    let longest = "/.s.PGSQL.65535".len();
    bytes.len() + longest <= PATH_BYTES && !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_and_list_signs_do_not_fit() {
        assert!(fits(Path::new("/var/lib/pgkeel/run-15")));
        assert!(!fits(&Path::new("/tmp").join("x".repeat(90))));
        assert!(!fits(Path::new("/srv/a,b")));
    }

    #[test]
    fn a_long_path_gets_a_short_private_directory_that_is_the_same_each_time() {
        let account = Account::of(&Options::default()).expect("an account");
        let wanted = Path::new("/tmp").join("x".repeat(90));
        let short = directory(&wanted, &Options::default(), &account).expect("a directory");
        assert_eq!(directory(&wanted, &Options::default(), &account).expect("again"), short);
        assert!(fits(&short));
        std::fs::remove_dir(short).expect("removed");
    }
}
