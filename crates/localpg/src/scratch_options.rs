//! What a test may ask of its cluster.

use secrecy::SecretString;

use crate::Options;

/// The wishes for one [`ScratchCluster`](crate::ScratchCluster); `pg.data_dir` has no say here.
///
/// ```
/// use pgkeel_localpg::{Options, ScratchOptions};
///
/// let wishes = ScratchOptions::new(Options::default()).setting("max_connections", "20").tcp();
/// # let _ = wishes;
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScratchOptions {
    pub(crate) server: Options,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) hba_lines: Vec<String>,
    pub(crate) auth: Auth,
    pub(crate) tcp: bool,
    pub(crate) on_disk: bool,
}

impl ScratchOptions {
    /// Binaries and account as in `server`; a socket only, and no password.
    #[must_use]
    pub fn new(server: Options) -> Self {
        Self { server, ..Self::default() }
    }

    /// Adds a server setting, which wins over those this crate makes and over earlier ones of the same name.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Adds a line to `pg_hba.conf`, before the lines that [`auth`](Self::auth) makes: the first match counts.
    #[must_use]
    pub fn hba_line(mut self, line: impl Into<String>) -> Self {
        self.hba_lines.push(line.into());
        self
    }

    /// How the superuser proves itself; [`Auth::Trust`] unless told.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Listens on 127.0.0.1 too, at a free port from 20000 to 29999 that no other scratch cluster has.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Among the temporary files even where there is room in memory: for what is measured with `fsync=on`. Where `/tmp` is in
    /// memory itself, `TMPDIR` has to name a place on a disk.
    #[must_use]
    pub fn on_disk(mut self) -> Self {
        self.on_disk = true;
        self
    }
}

/// How the superuser of a scratch cluster proves itself.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Auth {
    /// Whoever reaches the socket may enter: its directory is open to the database user and root alone.
    /// With [`tcp`](ScratchOptions::tcp) every local process may.
    #[default]
    Trust,
    /// SCRAM-SHA-256 with this password.
    Scram(SecretString),
}
