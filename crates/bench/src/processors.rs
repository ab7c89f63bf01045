//! Which processors this process and its server may use.

use anyhow::Context as _;
use clap::Args;
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

use crate::server::Server;

/// Those that are asked for.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Processors {
    /// Client and server on this processor alone: far steadier, as nobody wakes another processor.
    #[arg(long, value_name = "PROCESSOR")]
    pin: Option<usize>,
    /// The server on this one instead: steady too, and each trip to it has its price.
    #[arg(long, value_name = "PROCESSOR", requires = "pin")]
    pin_server: Option<usize>,
}

impl Processors {
    /// Starts a server on its processor, and leaves this thread on its own: what a thread starts has its processors.
    pub(crate) fn start_server(&self) -> anyhow::Result<Server> {
        self.pin_server.or(self.pin).map_or(Ok(()), pin)?;
        let server = Server::start()?;
        self.pin.map_or(Ok(()), pin)?;
        Ok(server)
    }
}

/// From now on this thread, and whatever it starts, uses this processor alone.
///
/// With several of them a query costs what waking another processor costs: in a virtual machine that is more than the
/// query itself, and it depends on what else the machine does. On one processor no such thing is measured.
fn pin(processor: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    anyhow::ensure!(processor < CpuSet::MAX_CPU, "there is no processor {processor}");
    set.set(processor);
    sched_setaffinity(None, &set).with_context(|| format!("there is no processor {processor}"))
}

/// Those that this thread or the server, by its process id, may use.
pub(crate) fn usable(server: u32) -> anyhow::Result<Vec<usize>> {
    let server =
        i32::try_from(server).ok().and_then(Pid::from_raw).context("the server has no process id")?;
    let asked = [None, Some(server)].map(sched_getaffinity);
    let [own, servers] = asked.map(|set| set.context("asking which processors may be used"));
    let (own, servers) = (own?, servers?);
    Ok((0..CpuSet::MAX_CPU).filter(|number| own.is_set(*number) || servers.is_set(*number)).collect())
}
