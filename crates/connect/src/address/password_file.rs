//! libpq's password file, usually `~/.pgpass`.
//!
//! Source of the format: PostgreSQL documentation, "The Password File"; what it leaves open is as in libpq.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Host, HostName, harmless_path};

/// A file of lines `host:port:database:user:password`, read at each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordLines {
    path: PathBuf,
}

/// A larger file is some other file.
const MOST_BYTES: u64 = 1024 * 1024;

/// The directories in which servers put their sockets unless told otherwise, upstream and in most distributions. In
/// the file they are called `localhost`.
const SOCKET_DIRECTORIES: [&str; 2] = ["/tmp", "/var/run/postgresql"];

impl PasswordLines {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The password of the first line that fits. A file that is not there has none, nor has one that others could read;
    /// that is logged.
    pub(crate) async fn password(
        &self,
        host: &Host,
        user: &str,
        database: &str,
    ) -> Result<Option<SecretString>, String> {
        let (file, wanted) = (self.clone(), Wanted::new(host, user, database));
        let read = tokio::task::spawn_blocking(move || match read(&file.path) {
            Ok(text) => {
                wanted.find(&text).map_err(|reason| format!("the password file {} {reason}", file.shown()))
            }
            Err(Unused::Missing) => Ok(None),
            Err(Unused::Fault(fault)) => {
                tracing::warn!("the password file {} is not used: it {fault}", file.shown());
                Ok(None)
            }
        });
        read.await.map_err(|panicked| panicked.to_string())?
    }

    fn shown(&self) -> String {
        harmless_path(&self.path)
    }

    /// Why the file will not be used, in a whole sentence. A missing one is only worth a word if somebody named it.
    pub(super) fn fault(&self, named: bool) -> Option<String> {
        let path = self.shown();
        match open(&self.path) {
            Err(Unused::Missing) if named => Some(format!("the password file {path} does not exist")),
            Ok(_) | Err(Unused::Missing) => None,
            Err(Unused::Fault(fault)) => Some(format!("the password file {path} is not used: it {fault}")),
        }
    }
}

/// Why there is nothing to read.
enum Unused {
    Missing,
    /// Completes the sentence that begins with the file.
    Fault(String),
}

fn open(path: &Path) -> Result<File, Unused> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unused::Missing,
        _ => Unused::Fault(format!("cannot be read: {error}")),
    };
    // Looked at before it is opened: opening a pipe would wait for somebody to write.
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        return Err(Unused::Fault("is no plain file".into()));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Err(Unused::Fault("can be used by its group or by everyone; chmod 0600 mends that".into()));
    }
    File::open(path).map_err(cannot)
}

fn read(path: &Path) -> Result<Vec<u8>, Unused> {
    let mut text = Vec::new();
    let read = open(path)?.take(MOST_BYTES + 1).read_to_end(&mut text);
    match read {
        Ok(bytes) if bytes as u64 > MOST_BYTES => {
            Err(Unused::Fault(format!("is larger than {MOST_BYTES} bytes")))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(Unused::Fault(format!("cannot be read: {error}"))),
    }
}

/// What a line must be about.
struct Wanted {
    hosts: Vec<String>,
    port: String,
    database: String,
    user: String,
}

impl Wanted {
    fn new(host: &Host, user: &str, database: &str) -> Self {
        let hosts = match host.name() {
            HostName::Tcp(name) => vec![name.clone()],
            HostName::Socket(directory) => {
                let default = SOCKET_DIRECTORIES.iter().any(|usual| Path::new(usual) == directory);
                let path = directory.display().to_string();
                if default { vec!["localhost".into(), path] } else { vec![path] }
            }
        };
        Self { hosts, port: host.port().to_string(), database: database.into(), user: user.into() }
    }

    /// The password of the first line that fits.
    fn find(&self, text: &[u8]) -> Result<Option<SecretString>, String> {
        let lines = text.split(|byte| *byte == b'\n').map(without_returns);
        let Some(password) = lines.filter(|line| !line.starts_with(b"#")).find_map(|line| self.fit(line))
        else {
            return Ok(None);
        };
        let password = String::from_utf8(password).map_err(|_| "has a password that is not UTF-8")?;
        Ok(Some(password).filter(|password| !password.is_empty()).map(SecretString::from))
    }

    /// The password of this line, if it is about what is wanted.
    fn fit(&self, line: &[u8]) -> Option<Vec<u8>> {
        let behind_host = self.hosts.iter().find_map(|host| behind(line, host))?;
        let behind_port = behind(behind_host, &self.port)?;
        let behind_database = behind(behind_port, &self.database)?;
        Some(unescaped(behind(behind_database, &self.user)?))
    }
}

fn without_returns(mut line: &[u8]) -> &[u8] {
    while let [before @ .., b'\r'] = line {
        line = before;
    }
    line
}

/// What stands behind the first field, if that is `*` or the wanted text, in which `\` may escape any character.
fn behind<'a>(line: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let (mut rest, mut wanted) = (line, wanted.as_bytes());
    loop {
        match (rest, wanted) {
            ([b':', behind @ ..], []) => return Some(behind),
            ([b'\\', escaped, behind @ ..], [first, others @ ..]) if escaped == first => {
                (rest, wanted) = (behind, others);
            }
            ([b'\\', ..], _) => return None,
            ([byte, behind @ ..], [first, others @ ..]) if byte == first => {
                (rest, wanted) = (behind, others);
            }
            _ => return None,
        }
    }
}

/// The password, which ends at a `:` that is not escaped or at the end of the line.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let (mut password, mut bytes) = (Vec::new(), field.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b':' => break,
            b'\\' => password.push(*bytes.next().unwrap_or(byte)),
            byte => password.push(*byte),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn found(host: &str, database: &str, user: &str, lines: &str) -> Option<String> {
        let name =
            if host.starts_with('/') { HostName::Socket(host.into()) } else { HostName::Tcp(host.into()) };
        let wanted = Wanted::new(&Host::new(name, 5432), user, database);
        wanted.find(lines.as_bytes()).unwrap().map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_wins() {
        let lines =
            "# db:5432:d:u:comment\n\ndb:5433:d:u:port\nother:5432:d:u:host\r\ndb:*:d:u:one\r\n*:*:*:*:two";
        assert_eq!(found("db", "d", "u", lines).as_deref(), Some("one"));
        assert_eq!(found("db", "d", "v", lines).as_deref(), Some("two"));
        assert_eq!(found("db", "d", "u", "db:5432:d:u"), None);
        assert_eq!(found("db", "d", "u", "db:5432:d:u:"), None);
        assert_eq!(found("db", "d", "u", " # \n db:5432:d:u:space"), None);
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        assert_eq!(found("::1", "d", "u", r"\:\:1:5432:d:u:p\:a\\b:rest").as_deref(), Some(r"p:a\b"));
        assert_eq!(found("h", r"d:\e", "u", r"h:5432:d\:\\e:u:p\").as_deref(), Some(r"p\"));
        assert_eq!(found("h", "d", "u", r"\h:5432:d:u:p").as_deref(), Some("p"));
        assert_eq!(found("h", "d", "*", r"h:5432:d:\*:p").as_deref(), Some("p"));
        assert_eq!(found("h", "d", "u", r"h:5432:d:\*:p"), None);
        assert_eq!(found("h", r"d\e", "u", r"h:5432:d\e:u:p"), None);
        assert_eq!(found("::1", "d", "u", "::1:5432:d:u:p").as_deref(), Some("p"));
        assert_eq!(found("hh", "d", "u", "h*:5432:d:u:p"), None);
    }

    #[test]
    fn a_socket_in_a_default_directory_is_called_localhost() {
        let lines = "localhost:5432:d:u:local\n/srv/pg:5432:d:u:path";
        assert_eq!(found("/var/run/postgresql", "d", "u", lines).as_deref(), Some("local"));
        assert_eq!(found("/tmp", "d", "u", lines).as_deref(), Some("local"));
        assert_eq!(found("/srv/pg", "d", "u", lines).as_deref(), Some("path"));
    }

    #[test]
    fn long_lines_are_whole() {
        let password = "x".repeat(100_000);
        assert_eq!(found("h", "d", "u", &format!("h:5432:d:u:{password}\n")), Some(password));
    }

    #[test]
    fn what_is_not_utf8_is_an_error_that_quotes_nothing() {
        let wanted = Wanted::new(&Host::new(HostName::Tcp("h".into()), 5432), "u", "d");
        assert!(wanted.find(b"h:5432:d:u:\xff").unwrap_err().contains("UTF-8"));
        assert!(wanted.find(b"\xff:5432:d:u:p\nh:*:*:*:q").unwrap().is_some());
    }
}
