//! The shell script that ends a server when nobody holds it any more.

use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
};

use crate::{
    Error, Installation,
    machine::{account::Account, random},
    server::{log::Log, settings},
};

const SCRIPT: &str = include_str!("watchdog.sh");

/// What happens to the watched directory when the last holder has gone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Afterwards {
    Keep,
    Remove,
}

/// A server to start: the command line is all that is not in a settings file.
pub(crate) struct Launch<'a> {
    pub(crate) account: &'a Account,
    pub(crate) installation: &'a Installation,
    pub(crate) data: &'a Path,
    pub(crate) socket_directory: &'a Path,
    pub(crate) port: u16,
    pub(crate) log: &'a Log,
    /// Where acknowledgements and the marker of the end appear.
    pub(crate) directory: &'a Path,
    pub(crate) afterwards: Afterwards,
}

/// What a watchdog gets from the process that starts it, and keeps.
pub(crate) struct Inheritance {
    /// The read end whose end of file means that the last holder has gone.
    pub(crate) holders: Stdio,
    /// A locked file, or nothing: it stays locked until the watchdog has ended.
    pub(crate) life: Stdio,
}

/// A running watchdog that this process has started.
#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Option<Child>,
    ended: PathBuf,
}

impl Watchdog {
    /// Starts the watchdog, which starts the server.
    pub(crate) fn start(launch: &Launch<'_>, inheritance: Inheritance) -> Result<Self, Error> {
        // A name of its own, since the watchdog of the former server may be about to write its marker.
        let ended = launch.directory.join(format!("ended.{}", random::hex::<4>()?));
        let mut command = settings::with_libraries(launch.account.command("sh"), launch.installation);
        let mode = match launch.afterwards {
            Afterwards::Keep => "keep",
            Afterwards::Remove => "remove",
        };
        command
            .args(["-c", SCRIPT, "pgkeel-watchdog", mode])
            .arg(launch.directory)
            .arg(launch.log.path())
            .arg(&ended);
        command.arg(launch.installation.program("postgres")).arg("-D").arg(launch.data);
        command.args(["-p", &launch.port.to_string(), "-k"]).arg(launch.socket_directory);
        command.stdin(inheritance.holders).stdout(inheritance.life).stderr(Stdio::null());
        let child = command.spawn().map_err(Error::io("start the watchdog with", "sh"))?;
        Ok(Self { child: Some(child), ended })
    }

    /// Whether the server has gone, after which the watchdog does not signal anyone any more.
    pub(crate) fn server_has_ended(&mut self) -> bool {
        self.ended.exists() || self.has_exited()
    }

    /// Whether the watchdog itself has gone.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Ends the watchdog of a server that has ended, without letting it remove the directory.
    pub(crate) fn dismiss(mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Watchdog {
    /// The watchdog lives as long as others use the server; a thread waits for it, so that no zombie stays.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take()
            && matches!(child.try_wait(), Ok(None))
        {
            let _ = thread::Builder::new().name("pgkeel-reaper".into()).spawn(move || child.wait());
        }
    }
}
