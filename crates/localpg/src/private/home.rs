//! Starting or joining the private server of one base directory and major version, under the lock of the base.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

use crate::{
    Error, Installation, Options,
    machine::{
        account::Account,
        lock::Lock,
        process::{self, Signal},
        random, wait,
    },
    private::{
        attach::{self, Hold, Joined},
        major,
    },
    server::{
        initdb,
        log::Log,
        pidfile::PidFile,
        settings, socket, startup,
        watchdog::{Afterwards, Inheritance, Launch, Watchdog},
    },
};

pub(crate) const SUPERUSER: &str = "pgkeel";

/// Longer than the watchdog's patience: 10 s after SIGINT, 7 s after SIGQUIT, then SIGKILL.
const END_BOUND: Duration = Duration::from_secs(20);

/// What an attached process has; the fields drop in this order, so that a free seat means a closed FIFO.
pub(crate) struct Seated {
    pub(crate) hold: Hold,
    pub(crate) seat: Lock,
    pub(crate) watchdog: Option<Watchdog>,
    pub(crate) running: PidFile,
}

/// The home of one private server: a base directory and a major version.
pub(crate) struct Home<'a> {
    pub(crate) base: PathBuf,
    pub(crate) installation: Installation,
    pub(crate) account: Account,
    pub(crate) options: &'a Options,
}

impl Home<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.base.join(format!("{name}-{}", self.installation.version().major()))
    }

    pub(crate) fn data(&self) -> PathBuf {
        major::data_directory(&self.base, self.installation.version().major())
    }

    /// Joins the running server, or starts one.
    pub(crate) fn seated(&self) -> Result<Seated, Error> {
        match self.join()? {
            Some(seated) => Ok(seated),
            None => startup::patiently(|| self.start()),
        }
    }

    /// Joins the running server, or makes sure that none is left that would be in the way of a new one.
    fn join(&self) -> Result<Option<Seated>, Error> {
        let seat = self.seat()?;
        let joined = attach::join(&self.path("run"))?;
        if let Joined::Held(hold) = joined {
            if let Some(running) = self.ready_server(&hold) {
                return Ok(Some(Seated { hold, seat, watchdog: None, running }));
            }
            drop((hold, seat));
            self.wait_for_the_end(END_BOUND)?;
        } else {
            drop(seat);
            self.end_unwatched(&joined)?;
        }
        self.wait_for_its_number()?;
        Ok(None)
    }

    /// Taken before the FIFO and given back after it: a free seat means that nobody holds the FIFO.
    fn seat(&self) -> Result<Lock, Error> {
        Lock::shared(&self.path("attached"), &self.account, END_BOUND)
    }

    /// The server we hold, once it is ready: whoever started it may have died before that.
    fn ready_server(&self, hold: &Hold) -> Option<PidFile> {
        let data = self.data();
        let answer = wait::until(startup::READY_BOUND, || match PidFile::of_running(&data) {
            Some(file) if file.is_ready() => Some(Some(file)),
            Some(file) if file.is_stopping() => Some(None),
            _ => (!hold.is_watched()).then_some(None), // it may not have written its file yet
        });
        answer.flatten()
    }

    /// A server whose watchdog was killed, or is just ending it, gets the same signals from here: PostgreSQL
    /// takes a repeated SIGINT for the first one.
    fn end_unwatched(&self, joined: &Joined) -> Result<(), Error> {
        if let (Joined::NobodyReads, Some(running)) = (joined, PidFile::of_running(&self.data())) {
            process::signal(running.pid, Signal::INT);
            if self.wait_for_the_end(END_BOUND / 2).is_err() {
                process::signal(running.pid, Signal::QUIT);
            }
        }
        self.wait_for_the_end(END_BOUND)
    }

    /// A server that was killed together with its watchdog is collected by the machine's first process. Until
    /// then PostgreSQL takes it for alive, since its number is in use.
    fn wait_for_its_number(&self) -> Result<(), Error> {
        let Some(stale) = PidFile::read(&self.data()) else { return Ok(()) };
        let free = wait::until(END_BOUND, || (!process::is_uncollected(stale.pid)).then_some(()));
        free.ok_or(Error::Uncollected { pid: stale.pid, waited: END_BOUND })
    }

    /// Waits for server and watchdog: a server that was only just started has no file yet by which to know it,
    /// and a watchdog may be without a server.
    fn wait_for_the_end(&self, bound: Duration) -> Result<(), Error> {
        let data_dir = self.data();
        let watchdog = Lock::open(&self.path("watchdog"), &self.account)?;
        let mut pid = 0;
        let gone = wait::until(bound, || {
            let running = PidFile::of_running(&data_dir);
            pid = running.as_ref().map_or(pid, |running| running.pid);
            (running.is_none() && watchdog.is_free()).then_some(())
        });
        gone.ok_or(Error::StopTimeout { data_dir, pid, waited: bound })
    }

    fn start(&self) -> Result<Seated, Error> {
        let (data, run) = (self.data(), self.path("run"));
        let log = self.prepare(&data, &run)?;
        let socket_directory = socket::directory(&run, self.options, &self.account)?;
        let seat = self.seat()?;
        let (read, hold) = attach::both_ends(&run)?;
        let life = Lock::for_heirs(&self.path("watchdog"), &self.account, END_BOUND)?;
        let stale = PidFile::read(&data);
        let launch = Launch {
            account: &self.account,
            installation: &self.installation,
            data: &data,
            socket_directory: &socket_directory,
            port: socket::PORT,
            log: &log,
            directory: &run,
            afterwards: Afterwards::Keep,
        };
        let mut watchdog = Watchdog::start(&launch, Inheritance { holders: read.into(), life: life.into() })?;
        let running = startup::ready(&data, stale.as_ref(), &log, || watchdog.server_has_ended())?;
        Ok(Seated { hold, seat, watchdog: Some(watchdog), running })
    }

    fn prepare(&self, data: &Path, run: &Path) -> Result<Log, Error> {
        let (fifo, seats, log) = (attach::fifo(run), self.path("attached"), self.path("log"));
        let arguments = [run, &fifo, &seats, &log, data].map(Path::as_os_str);
        let settings = settings::private(&self.installation, &self.account);
        self.account.shell("prepare the start", PREPARE, &arguments, settings.as_bytes())?;
        Ok(Log::from_here(&log))
    }

    /// The superuser's password; makes the data, and it, if they are not there yet.
    pub(crate) fn password(&self) -> Result<SecretString, Error> {
        let (data, file) = (self.data(), self.path("password"));
        if major::major_of(&data).is_none() {
            if !file.exists() {
                self.account.write(&file, &format!("{}\n", random::hex::<32>()?))?;
            }
            let mut pwfile = OsStr::new("--pwfile=").to_owned();
            pwfile.push(&file);
            let arguments =
                [OsStr::new("-A"), "scram-sha-256".as_ref(), "-U".as_ref(), SUPERUSER.as_ref(), &pwfile];
            initdb::make(&data, &arguments, &self.installation, &self.account)?;
        }
        let text = fs::read_to_string(&file).map_err(Error::io("read the password in", &file))?;
        Ok(text.trim().into())
    }
}

/// Everything of an earlier run goes: FIFO, markers, and the log if that has grown over 4 MB. The file of the
/// seats is made anew, so that those who are still attached to a server that was stopped do not count.
const PREPARE: &str = r#"
umask 077
run=$1 fifo=$2 seats=$3 log=$4 data=$5
mkdir -p "$run" && rm -f "$fifo" "$seats" "$run"/ack.* "$run"/ended.* && mkfifo "$fifo" || exit
[ ! -f "$log" ] || [ "$(wc -c <"$log")" -le 4194304 ] || mv -f "$log" "$log.old"
cat >"$data/pgkeel.conf""#;
