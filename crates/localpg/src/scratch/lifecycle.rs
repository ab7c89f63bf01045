//! Starting, stopping and going.

use std::{io, path::Path, process::Stdio};

use super::{
    END_BOUND, Guard,
    port::{self, Port},
};
use crate::{
    Error, ScratchCluster, StopMode,
    machine::{
        process::{self, Signal},
        wait,
    },
    server::{
        log::Log,
        pidfile::PidFile,
        startup,
        watchdog::{Afterwards, Inheritance, Launch, Watchdog},
    },
};

impl ScratchCluster {
    /// Whether the server is up, frozen or not.
    pub fn is_running(&mut self) -> bool {
        self.guard.as_mut().is_some_and(|guard| !guard.watchdog.server_has_ended())
    }

    /// Stops the server and keeps its directory; does nothing if it has stopped already.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] after 20 s.
    pub fn stop(&mut self, mode: StopMode) -> Result<(), Error> {
        if !self.is_running() {
            return Ok(());
        }
        self.thaw();
        let signal = match mode {
            StopMode::Fast => Signal::INT,
            StopMode::Immediate => Signal::QUIT,
        };
        process::signal(self.pid, signal);
        let gone = wait::until(END_BOUND, || (!self.is_running()).then_some(()));
        gone.ok_or_else(|| self.still_there())
    }

    /// Starts the server again on the same data and address, also after it was killed; does nothing if it
    /// runs.
    ///
    /// # Errors
    /// [`Error::StartFailed`] with what the server said.
    pub fn start_again(&mut self) -> Result<(), Error> {
        if self.is_running() { Ok(()) } else { startup::patiently(|| self.launch()) }
    }

    /// [`stop`](Self::stop), then [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// As these two.
    pub fn restart(&mut self, mode: StopMode) -> Result<(), Error> {
        self.stop(mode)?;
        self.start_again()
    }

    /// Asks the server to read its settings again; it does so soon, not at once.
    pub fn reload(&mut self) {
        if self.is_running() {
            process::signal(self.pid, Signal::HUP);
        }
    }

    /// Ends the server and waits until its directory has gone; dropping does the same without waiting.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] after 20 s.
    pub fn remove(mut self) -> Result<(), Error> {
        self.thaw();
        let Some(Guard { _hold: hold, mut watchdog }) = self.guard.take() else { return Ok(()) };
        if !watchdog.server_has_ended() {
            process::signal(self.pid, Signal::QUIT);
        }
        drop(hold);
        let gone = wait::until(END_BOUND, || watchdog.has_exited().then_some(()));
        gone.ok_or_else(|| self.still_there())
    }

    fn still_there(&self) -> Error {
        Error::StopTimeout { data_dir: self.data_dir(), pid: self.pid, waited: END_BOUND }
    }

    pub(super) fn launch_at_free_port(&mut self, cache: &Path) -> Result<(), Error> {
        for _ in 0..port::TRIES {
            self.port = Some(Port::claim(cache, &self.account)?);
            match self.launch() {
                Err(error) if port::is_taken(&error) => {}
                answer => return answer,
            }
        }
        Err(Error::NoFreePort { tried: port::TRIES })
    }

    /// Starts the server; the new watchdog is there before the old one goes, so that one always is.
    pub(super) fn launch(&mut self) -> Result<(), Error> {
        let (data, log) = (self.data_dir(), Log::from_here(&self.directory.join("log")));
        let stale = PidFile::read(&data);
        let launch = Launch {
            account: &self.account,
            installation: &self.installation,
            data: &data,
            socket_directory: &self.directory,
            port: self.port_number(),
            log: &log,
            directory: &self.directory,
            afterwards: Afterwards::Remove,
        };
        let (read, hold) = io::pipe().map_err(Error::io("make a pipe for", &self.directory))?;
        let inheritance = Inheritance { holders: read.into(), life: Stdio::null() };
        let guard = Guard { watchdog: Watchdog::start(&launch, inheritance)?, _hold: hold };
        if let Some(former) = self.guard.take() {
            former.watchdog.dismiss();
        }
        let guard = self.guard.insert(guard);
        self.pid = 0; // the former number may be a stranger's by now
        self.pid = startup::ready(&data, stale.as_ref(), &log, || guard.watchdog.server_has_ended())?.pid;
        Ok(())
    }
}

impl Drop for ScratchCluster {
    /// Nobody needs the data any more, so the server need not write a checkpoint.
    fn drop(&mut self) {
        self.thaw();
        if self.is_running() {
            process::signal(self.pid, Signal::QUIT);
        }
    }
}
