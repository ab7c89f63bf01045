//! The persistent server that processes of one machine share.

mod attach;
mod home;
mod major;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Detached, Endpoint, Error, Host, Options, Version,
    machine::{account::Account, base, lock::Lock, process, wait},
    server::{socket, watchdog::Watchdog},
};

use self::{
    attach::Hold,
    home::{Home, SUPERUSER, Seated},
};

/// Longer than fetching binaries, and a start with `initdb` and recovery before it, so that all who come at once
/// get in.
const LOCK_BOUND: Duration = Duration::from_mins(9);

/// A persistent PostgreSQL, alive as long as any process is attached to it.
///
/// Dropping it detaches without waiting. If it was the last one, the server then ends by itself; use
/// [`detach`](Self::detach) where it must have ended before the program goes on.
///
/// A server that somebody stops while processes are attached stays stopped: this crate never starts one
/// behind the back of its users. The next `attach` does.
#[derive(Debug)]
pub struct PrivateServer {
    // Fields drop in this order, and a free seat must mean that the FIFO is closed.
    hold: Hold,
    seat: Lock,
    watchdog: Option<Watchdog>,
    endpoint: Endpoint,
    version: Version,
    data_dir: PathBuf,
    pid: u32,
}

impl PrivateServer {
    /// Starts the server of the base directory, or joins the one that runs; makes the data first if there
    /// are none yet. Takes about 60 ms to start, 40 ms to join (most of it for
    /// looking at the binaries), and a second to make the data. If there are no binaries they are fetched first,
    /// for at most five minutes.
    ///
    /// # Errors
    /// Those with [`Error::is_setting_problem`] are mended by the operator. [`Error::StartFailed`] and
    /// [`Error::Initdb`] carry what PostgreSQL said. [`Error::LockTimeout`] and [`Error::StopTimeout`] name
    /// another process that is stuck.
    pub fn attach(options: &Options) -> Result<Self, Error> {
        let account = Account::of(options)?;
        let base = base::prepared(options, &account)?;
        let _turn = Lock::exclusive(&base.join("lock"), &account, LOCK_BOUND)?;
        let installation = major::chosen(&base, options, &account)?;
        let version = installation.version().clone();
        let server = Self::seated(&Home { base, installation, account, options }, version)?;
        tracing::info!(
            pg.version = %server.version,
            pg.data_dir = %server.data_dir.display(),
            pg.started_here = server.was_started_here(),
            "using a private PostgreSQL; not for production"
        );
        Ok(server)
    }

    fn seated(home: &Home<'_>, version: Version) -> Result<Self, Error> {
        let password = home.password()?;
        let Seated { hold, seat, watchdog, running } = home.seated()?;
        let endpoint = Endpoint {
            host: Host::Socket(running.socket_directory),
            port: socket::PORT,
            user: SUPERUSER.to_owned(),
            password: Some(password),
            database: "postgres".to_owned(),
        };
        Ok(Self { hold, seat, watchdog, endpoint, version, data_dir: home.data(), pid: running.pid })
    }

    /// Where it listens, as a superuser, to the database `postgres`.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The version of its binaries.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Where its data are: `data-<major>` in the base directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The process id of the postmaster.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether this handle started it, rather than joined it.
    #[must_use]
    pub fn was_started_here(&self) -> bool {
        self.watchdog.is_some()
    }

    /// Lets go, and if nobody else is attached waits until the server has ended.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] if it has not within `bound`. It ends nevertheless: sessions are cut at once,
    /// and after 17 s it is killed.
    pub fn detach(self, bound: Duration) -> Result<Detached, Error> {
        let Self { hold, seat, mut watchdog, data_dir, pid, .. } = self;
        drop(hold);
        let mut others_seen = 0;
        let seen = wait::until(bound, || {
            let watchdog_has_gone = watchdog.as_mut().is_none_or(Watchdog::has_exited);
            if watchdog_has_gone && !process::serves(pid, &data_dir) {
                return Some(Detached::ServerEnded);
            }
            // Two who leave together may each see the other's look for a microsecond, but not repeatedly.
            others_seen = if seat.is_free() { 0 } else { others_seen + 1 };
            (others_seen == 3).then_some(Detached::OthersAttached)
        });
        seen.ok_or(Error::StopTimeout { data_dir, pid, waited: bound })
    }
}
