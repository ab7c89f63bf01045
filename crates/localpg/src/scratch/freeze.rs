//! A machine that hangs.

use std::{fs, path::PathBuf, time::Duration};

use crate::{
    Error, ScratchCluster,
    machine::{
        process::{self, Signal},
        wait,
    },
};

impl ScratchCluster {
    /// Stops all its processes where they are, as if the machine hung: connecting hangs, sessions are silent.
    ///
    /// # Errors
    /// [`Error::Command`] if the list of processes cannot be written, which the watchdog needs.
    pub fn freeze(&mut self) -> Result<(), Error> {
        if !self.is_running() {
            return Ok(());
        }
        process::signal(self.pid, Signal::STOP);
        self.frozen = settled_children(self.pid);
        let list = self.frozen.iter().fold(self.pid.to_string(), |list, pid| format!("{list} {pid}"));
        self.account.write(&self.frozen_list(), &list)?;
        for pid in &self.frozen {
            process::signal(*pid, Signal::STOP);
        }
        self.frozen.push(self.pid);
        Ok(())
    }

    /// Lets everything go on that [`freeze`](Self::freeze) has stopped.
    pub fn thaw(&mut self) {
        if self.frozen.is_empty() {
            return;
        }
        for pid in self.frozen.drain(..) {
            process::signal(pid, Signal::CONT);
        }
        let _ = fs::remove_file(self.frozen_list());
    }

    fn frozen_list(&self) -> PathBuf {
        self.directory.join("frozen")
    }
}

/// A stopped postmaster makes no more children, but a signal takes a moment to arrive.
fn settled_children(postmaster: u32) -> Vec<u32> {
    let mut children = process::children(postmaster);
    let settled = wait::until(Duration::from_secs(1), || {
        std::thread::sleep(wait::PACE);
        let before = std::mem::replace(&mut children, process::children(postmaster));
        (before == children).then(|| children.clone())
    });
    settled.unwrap_or(children)
}
