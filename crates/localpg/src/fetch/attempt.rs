//! From a line in the list of pins to binaries in the cache: download, check, unpack, mend, try, keep.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use sha2::{Digest, Sha256};

use crate::{
    Installation,
    fetch::{
        cache::{Cache, Workplace},
        client::Client,
        complaint,
        pin::Pin,
        tree,
    },
    machine::{
        account::{self, Account},
        binaries, random, run,
        wait::Deadline,
    },
    server::settings,
};

/// What every attempt needs.
pub(crate) struct Workshop<'a> {
    pub(crate) cache: &'a Cache,
    /// The lock of the cache. Clients inherit it, so that nobody sweeps away what one of them still writes to
    /// after its caller was killed.
    pub(crate) turn: &'a File,
    pub(crate) account: &'a Account,
}

impl Workshop<'_> {
    /// Makes one archive into binaries that run here; else says in a line why not.
    pub(crate) fn make(
        &self,
        pin: &Pin,
        client: &Client,
        deadline: Deadline,
    ) -> Result<Installation, String> {
        let begun = Instant::now();
        tracing::info!(
            version = pin.version,
            size_mb = pin.size.div_ceil(1_000_000),
            with = %client,
            from = pin.origin(),
            pg.cache_dir = %self.cache.directory().display(),
            "fetching PostgreSQL"
        );
        let workplace = self.cache.workplace().map_err(complaint::of)?;
        let archive = self.download(pin, client, &workplace, deadline)?;
        check(&archive, pin)?;
        let root = self.unpack(&archive, client, &workplace, deadline)?;
        let root = workplace.lift(&root).map_err(complaint::of)?;
        tree::relink(&root)?;
        tree::open_up(&root).map_err(|error| format!("could not set the modes of its files: {error}"))?;
        let tried = self.tried(&root, pin)?;
        let place = self.cache.keep(&root, pin).map_err(complaint::of)?;
        tracing::info!(pg.version = %tried.version(), seconds = begun.elapsed().as_secs(), "fetched PostgreSQL");
        Ok(Installation::new(place.join("bin"), tried.version().clone()))
    }

    fn download(
        &self,
        pin: &Pin,
        client: &Client,
        workplace: &Workplace,
        deadline: Deadline,
    ) -> Result<PathBuf, String> {
        let room = workplace.room("download").map_err(complaint::of)?;
        let mut command = client.download(pin);
        command.current_dir(&room);
        self.run("download", command, deadline)?;
        let entries = fs::read_dir(&room).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
        match (files.pop(), files.len()) {
            (Some(archive), 0) => Ok(archive),
            (None, _) => Err("could not download: it left no file".to_owned()),
            (Some(_), others) => Err(format!("could not download: it left {} files", others + 1)),
        }
    }

    /// Wheels are unpacked by who brought them, all else by `tar`; one may be in the other.
    fn unpack(
        &self,
        archive: &Path,
        client: &Client,
        workplace: &Workplace,
        deadline: Deadline,
    ) -> Result<PathBuf, String> {
        let outer = workplace.room("outer").map_err(complaint::of)?;
        let command = client.unpack(archive, &outer).unwrap_or_else(|| tar(archive, &outer));
        self.run("unpack", command, deadline)?;
        if let (None, Some(archive)) = (tree::root(&outer), tree::inner_archive(&outer)) {
            let inner = workplace.room("inner").map_err(complaint::of)?;
            self.run("unpack", tar(&archive, &inner), deadline)?;
            return tree::root(&inner).ok_or_else(|| NO_SERVER.to_owned());
        }
        tree::root(&outer).ok_or_else(|| NO_SERVER.to_owned())
    }

    /// Whether both programs run as the database user, with all libraries that they want.
    fn tried(&self, root: &Path, pin: &Pin) -> Result<Installation, String> {
        let installation = binaries::inspected(root.join("bin"), self.account)?;
        if installation.version().major() != pin.major {
            return Err(format!("it holds PostgreSQL {}, not {}", installation.version(), pin.major));
        }
        let initdb = self.account.command(installation.program("initdb"));
        let mut command = settings::with_libraries(initdb, &installation);
        command.arg("--version");
        complaint::or_output(run::finished("run initdb --version", command, &[]))?;
        Ok(installation)
    }

    fn run(&self, step: &'static str, mut command: Command, deadline: Deadline) -> Result<String, String> {
        let lock = self.turn.try_clone().map_err(|error| format!("could not share the lock: {error}"))?;
        command.stdin(lock);
        let outcome = run::within(deadline.left(), step, command, &[]);
        complaint::or_output(outcome).map_err(|reason| {
            if reason.starts_with("could not") { reason } else { format!("could not {step}: {reason}") }
        })
    }
}

const NO_SERVER: &str = "there is no bin/postgres in the archive";

/// As root, `tar` would otherwise give the files to whoever has the number of the archive's maker here.
fn tar(archive: &Path, into: &Path) -> Command {
    let mut command = account::plain("tar");
    command.arg("-xzof").arg(archive).arg("-C").arg(into);
    command
}

/// Before anything of it is unpacked.
fn check(archive: &Path, pin: &Pin) -> Result<(), String> {
    let found = sha256(archive).map_err(|error| format!("could not read the archive: {error}"))?;
    if found == pin.sha256 {
        return Ok(());
    }
    Err(format!("the archive is not the pinned one: its SHA-256 is {found}, not {}", pin.sha256))
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    Ok(random::digits(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("abc");
        fs::write(&file, "abc").expect("written");
        // The example in FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&file).expect("read"), expected);
    }
}
