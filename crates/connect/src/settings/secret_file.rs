use std::io::Read as _;
use std::path::PathBuf;

use super::{Environment, Found, Origin};

/// Secrets are short; a larger file is some other file.
const MOST_BYTES: u64 = 64 * 1024;

/// The secret in the file that `{name}_FILE` names, if that variable is set. One line end at its end is cut off.
pub(super) fn find(
    environment: &dyn Environment,
    name: &str,
    set_directly: bool,
) -> Result<Option<Found>, (Origin, String)> {
    let variable = format!("{name}_FILE");
    let path =
        environment.variable(&variable).map_err(|reason| (Origin::Variable(variable.clone()), reason))?;
    let Some(path) = path.map(PathBuf::from) else { return Ok(None) };
    let origin = Origin::SecretFile { variable, path: path.clone() };
    if set_directly {
        return Err((origin, format!("{name} is set as well; keep one of the two")));
    }
    let text = read(&path).map_err(|reason| (origin.clone(), reason))?;
    Ok(Some(Found { text, origin }))
}

/// The secret in this file, without one line end at its end. An error completes the sentence that begins with the file.
pub(crate) fn read(path: &std::path::Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
    if read.map_err(|error| format!("cannot be read: {error}"))? as u64 > MOST_BYTES {
        return Err(format!("is larger than {MOST_BYTES} bytes, so it is hardly a secret"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err("is empty".into()) } else { Ok(line.to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn naming(path: &std::path::Path) -> BTreeMap<String, String> {
        BTreeMap::from([("KEY_FILE".to_owned(), path.display().to_string())])
    }

    #[test]
    fn the_secret_is_the_file_without_its_last_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3 cret \r\n").unwrap();
        let found = find(&naming(file.path()), "KEY", false).unwrap().unwrap();
        assert_eq!(found.text, "s3 cret ");
    }

    #[test]
    fn an_unreadable_or_empty_file_is_named_with_its_variable() {
        let missing = std::path::Path::new("/nonexistent/secret");
        let (origin, reason) = find(&naming(missing), "KEY", false).unwrap_err();
        assert_eq!(origin.to_string(), "file /nonexistent/secret named by KEY_FILE");
        assert!(reason.starts_with("cannot be read: "), "{reason}");
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(find(&naming(empty.path()), "KEY", false).unwrap_err().1, "is empty");
    }

    #[test]
    fn the_variable_and_its_file_together_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(find(&naming(file.path()), "KEY", true).is_err());
    }
}
