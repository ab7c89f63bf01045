//! A world to fetch from: archives, a list of pins, and clients that serve them, alone on a `PATH` of their own.

use std::{
    env::consts,
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use pgkeel_localpg::Options;
use sha2::{Digest, Sha256};

use crate::ground::{self, Ground};

/// Archives that clients serve, and a cache for what is fetched.
pub(crate) struct Mirror {
    ground: Ground,
    pins: String,
}

impl Mirror {
    /// Without clients and archives yet.
    pub(crate) fn new() -> Self {
        let mirror = Self { ground: Ground::new(), pins: String::new() };
        for place in ["clients", "store"] {
            fs::create_dir(mirror.path(place)).expect("made");
        }
        mirror.write_pins();
        mirror
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.ground.path().join(name)
    }

    pub(crate) fn clients(&self) -> PathBuf {
        self.path("clients")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    pub(crate) fn pins(&self) -> PathBuf {
        self.path("pins.txt")
    }

    /// What leads to this world and nowhere else.
    pub(crate) fn options(&self) -> Options {
        let clients = self.clients();
        let mut options = Options::from_env(&|name| (name == "PATH").then(|| clients.clone().into()));
        options.user = ground::surroundings().user;
        options.cache_dir = Some(self.cache());
        options.pins = Some(self.pins());
        options
    }

    /// Pins an archive and puts it in the store, from where the client named so serves it.
    pub(crate) fn pin(&mut self, source: &str, version: &str, archive: &[u8]) {
        let sum = Sha256::digest(archive).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        self.pin_as(source, version, archive, &sum);
    }

    /// As [`pin`](Self::pin), with a checksum that may be wrong.
    pub(crate) fn pin_as(&mut self, source: &str, version: &str, archive: &[u8], sum: &str) {
        let major = version.split('.').next().expect("a major");
        fs::write(self.path("store").join(source), archive).expect("stored");
        for libc in ["", "-musl"] {
            let platform = format!("{}-{}{libc}", consts::OS, consts::ARCH);
            let size = archive.len();
            let line = format!("{platform} {major} {source} {size} {sum} {version} package-by-{source}\n");
            self.pins.push_str(&line);
        }
        self.write_pins();
    }

    fn write_pins(&self) {
        fs::write(self.pins(), &self.pins).expect("written");
    }

    /// Puts a client on the `PATH` that does what a real one does with our command lines, and notes its downloads.
    /// `before` is what it does before a download.
    pub(crate) fn put_client(&self, name: &str, before: &str) {
        let here = self.ground.path().display();
        let (store, file) = match name {
            "pip3" => ("pip", "package-1-py3-none-any.whl"),
            "npm" => ("npm", "package-1.tgz"),
            _ => ("url", "archive.tar.gz"),
        };
        let script = format!(
            r#"#!/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin
case $1 in
--version) exit ;;
install) while [ $# -gt 2 ]; do shift; done; exec tar -xzf "$2" -C "$1" ;;
esac
echo "{name} $*" >>{here}/downloads
{before}
cp {here}/store/{store} {file}
"#
        );
        program(&self.clients().join(name), &script);
    }

    pub(crate) fn remove_client(&self, name: &str) {
        fs::remove_file(self.clients().join(name)).expect("removed");
    }

    /// The command lines of all downloads so far.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("downloads")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The names in the cache, without the lock.
    pub(crate) fn cached(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cache()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != "lock").collect();
        names.sort();
        names
    }

    /// The archive of an upstream release.
    pub(crate) fn release(&self, version: &str) -> Vec<u8> {
        let says = format!("echo 'postgres (PostgreSQL) {version}'");
        self.release_of(&says, &says)
    }

    /// As [`release`](Self::release), of programs that do something else.
    pub(crate) fn release_of(&self, postgres: &str, initdb: &str) -> Vec<u8> {
        let tree = self.path("release/postgresql-1-target/bin");
        fs::create_dir_all(&tree).expect("made");
        program(&tree.join("postgres"), &format!("#!/bin/sh\n{postgres}\n"));
        program(&tree.join("initdb"), &format!("#!/bin/sh\n{initdb}\n"));
        self.packed("release")
    }

    /// A wheel with the archive of a release in it; our pip takes it apart with `tar`.
    pub(crate) fn wheel(&self, version: &str) -> Vec<u8> {
        let module = self.path("wheel/module");
        fs::create_dir_all(&module).expect("made");
        fs::write(module.join("postgresql.tar.gz"), self.release(version)).expect("written");
        self.packed("wheel")
    }

    /// A package of npm: no modes, and a list in place of links.
    pub(crate) fn package(&self, version: &str) -> Vec<u8> {
        let package = self.path("npm-package/package");
        let native = package.join("native");
        for place in ["bin", "lib"] {
            fs::create_dir_all(native.join(place)).expect("made");
        }
        for name in ["postgres", "initdb"] {
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
            fs::write(native.join("bin").join(name), script).expect("written");
        }
        fs::write(native.join("lib/libpq.so.5.17"), "library").expect("written");
        let links = r#"[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so.5"}]"#;
        fs::write(native.join("pg-symlinks.json"), links).expect("written");
        fs::set_permissions(package, fs::Permissions::from_mode(0o700)).expect("closed to the database user");
        self.packed("npm-package")
    }

    fn packed(&self, name: &str) -> Vec<u8> {
        let archive = self.path(&format!("{name}.tar.gz"));
        let mut command = Command::new("tar");
        command.arg("-czf").arg(&archive).arg("-C").arg(self.path(name)).arg(".");
        assert!(command.status().expect("tar runs").success());
        fs::read(archive).expect("packed")
    }
}

/// Written by another process: a file that this one has open for writing is for a moment inherited by what other
/// tests start just then, and cannot be run meanwhile.
fn program(path: &Path, text: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", r#"printf '%s' "$1" >"$2" && chmod 755 "$2""#, "sh", text]).arg(path);
    assert!(command.status().expect("sh runs").success());
}
