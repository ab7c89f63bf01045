//! Throw-away clusters for tests.

mod freeze;
mod lifecycle;
mod port;
mod sweep;
mod template;

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;

use crate::{
    Auth, Endpoint, Error, Host, Installation, ScratchOptions, Version,
    machine::{account::Account, lock::Lock, random, run},
    server::{settings, socket, watchdog::Watchdog},
    supply,
};

use self::port::Port;

/// Longer than the watchdog's patience of 17 s.
const END_BOUND: Duration = Duration::from_secs(20);

const SUPERUSER: &str = "postgres";

/// A cluster of its own, quick to make (about 0.1 s after the first) and gone with its process.
///
/// Its directory and server are removed when it is dropped, and also if the process is killed or never drops
/// it (a `static`): the watchdog does it then. Its directory survives [`stop`](Self::stop), so that
/// [`start_again`](Self::start_again) finds the data.
///
/// ```no_run
/// use pgkeel_localpg::{ScratchCluster, ScratchOptions, StopMode};
///
/// # fn main() -> Result<(), pgkeel_localpg::Error> {
/// let mut cluster = ScratchCluster::start(&ScratchOptions::default())?;
/// println!("{:?}", cluster.endpoint());
/// cluster.restart(StopMode::Immediate)?; // as after a crash
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScratchCluster {
    guard: Option<Guard>,
    pid: u32,
    frozen: Vec<u32>,
    settings: Vec<(String, String)>,
    auth: Auth,
    port: Option<Port>,
    installation: Installation,
    account: Account,
    directory: PathBuf,
    _owner: Lock,
}

/// The watchdog of the latest start, and the pipe whose closing makes it remove the directory.
#[derive(Debug)]
struct Guard {
    _hold: io::PipeWriter,
    watchdog: Watchdog,
}

impl ScratchCluster {
    /// Copies the template and starts a server in the copy.
    ///
    /// # Errors
    /// Those with [`Error::is_setting_problem`] are about binaries and account; [`Error::StartFailed`] carries
    /// what the server said, of a setting it does not know for example.
    pub fn start(wishes: &ScratchOptions) -> Result<Self, Error> {
        let account = Account::of(&wishes.server)?;
        let installation = supply::ensured(&wishes.server, &account)?;
        let cache = template::cache(&account, wishes.on_disk)?;
        for place in template::caches(&account) {
            sweep::abandoned(&place, &account);
        }
        let template = template::ready(&cache, &installation, &account)?;
        let directory = cache.join(format!("s-{}", random::hex::<4>()?));
        let laid_out = Self::laid_out(wishes, &template, &directory, installation, &account);
        let mut cluster = laid_out.inspect_err(|_| {
            let _ = account.shell("remove a directory", r#"rm -rf "$1""#, &[directory.as_os_str()], &[]);
        })?;
        let launched = if wishes.tcp { cluster.launch_at_free_port(&cache) } else { cluster.launch() };
        launched.map(|()| cluster)
    }

    fn laid_out(
        wishes: &ScratchOptions,
        template: &Path,
        directory: &Path,
        installation: Installation,
        account: &Account,
    ) -> Result<Self, Error> {
        account.shell("copy the template", COPY, &[directory.as_os_str(), template.as_os_str()], &[])?;
        let owner = Lock::exclusive(&sweep::owner(directory), account, Duration::ZERO)?;
        let data = directory.join("data");
        if let Auth::Scram(password) = &wishes.auth {
            set_password(password.expose_secret(), &data, &installation, account)?;
        }
        account.write(&data.join("pg_hba.conf"), &settings::hba(&wishes.hba_lines, &wishes.auth))?;
        let ours = settings::scratch(&installation, account, wishes.tcp);
        let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let cluster = Self {
            guard: None,
            pid: 0,
            frozen: Vec::new(),
            settings: ours.chain(wishes.settings.iter().cloned()).collect(),
            auth: wishes.auth.clone(),
            port: None,
            installation,
            account: account.clone(),
            directory: directory.to_owned(),
            _owner: owner,
        };
        cluster.write_settings()?;
        Ok(cluster)
    }

    /// Its Unix socket, as the superuser, to the database `postgres`.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint_at(Host::Socket(self.directory.clone()))
    }

    /// Its address on 127.0.0.1, if [`ScratchOptions::tcp`] asked for one; the same after every restart.
    #[must_use]
    pub fn tcp_endpoint(&self) -> Option<Endpoint> {
        self.port.as_ref().map(|_| self.endpoint_at(Host::Tcp(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }

    fn endpoint_at(&self, host: Host) -> Endpoint {
        let password = match &self.auth {
            Auth::Trust => None,
            Auth::Scram(password) => Some(password.clone()),
        };
        let (user, database) = (SUPERUSER.to_owned(), "postgres".to_owned());
        Endpoint { host, port: self.port_number(), user, password, database }
    }

    fn port_number(&self) -> u16 {
        self.port.as_ref().map_or(socket::PORT, Port::number)
    }

    /// The version of its binaries.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.installation.version()
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The process id of the postmaster of the latest start.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Writes a setting; it takes effect at the next [`reload`](Self::reload) or start, as PostgreSQL has it.
    ///
    /// # Errors
    /// [`Error::Command`] if the file cannot be written.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), Error> {
        self.settings.push((name.into(), value.into()));
        self.write_settings()
    }

    fn write_settings(&self) -> Result<(), Error> {
        let settings = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.account.write(&self.data_dir().join("pgkeel.conf"), &settings::written(settings))
    }
}

/// Without a server, since the access rules are not open to anyone once it runs.
fn set_password(
    password: &str,
    data: &Path,
    installation: &Installation,
    account: &Account,
) -> Result<(), Error> {
    let escaped = password.replace('\\', r"\\").replace('\'', r"\'").replace('\n', r"\n");
    let statement = format!("alter role {SUPERUSER} password E'{escaped}'\n");
    let mut command =
        settings::with_libraries(account.command(installation.program("postgres")), installation);
    command.args(["--single", "-D"]).arg(data).arg("postgres");
    let step = "set the superuser's password";
    let output = run::checked(step, command, statement.as_bytes())?;
    if output.contains("ERROR:") {
        return Err(Error::Command { step, exit: "statement refused".to_owned(), output: String::new() });
    }
    Ok(())
}

const COPY: &str = r#"umask 077; mkdir "$1" && : >"$1/owner" && cp -R "$2" "$1/data""#;
