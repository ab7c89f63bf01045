use std::fmt;
use std::path::PathBuf;

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program itself set it.
    Code,
    /// A command line flag, spelled as the user types it (`--pool-size`).
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A file whose path stands in an environment variable that ends in `_FILE`.
    SecretFile {
        /// The variable, with its `_FILE`.
        variable: String,
        /// The file that it names.
        path: PathBuf,
    },
    /// A key of a TOML file.
    File {
        /// The file.
        path: PathBuf,
        /// The dotted key.
        key: String,
    },
    /// A line of a file of PostgreSQL's own, such as `pg_service.conf`.
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        number: usize,
    },
    /// A keyword inside a database address.
    Keyword {
        /// The keyword, for example `sslmode`.
        keyword: String,
        /// Where the address came from.
        address: Box<Origin>,
    },
    /// Nobody set it: the documented default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => write!(f, "code"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::SecretFile { variable, path } => {
                write!(f, "file {} named by {variable}", path.display())
            }
            Self::File { path, key } => write!(f, "{key} in {}", path.display()),
            Self::Line { path, number } => write!(f, "line {number} of {}", path.display()),
            Self::Keyword { keyword, address } => write!(f, "{keyword} of the address in {address}"),
            Self::Default => write!(f, "default"),
        }
    }
}
