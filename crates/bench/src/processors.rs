//! Which processors this process and its server may use.

use anyhow::Context as _;
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

/// From now on this thread, and whatever it starts, uses this processor alone.
///
/// With several of them a query costs what waking another processor costs: in a virtual machine that is more than the
/// query itself, and it depends on what else the machine does. On one processor no such thing is measured.
pub(crate) fn pin(processor: usize) -> anyhow::Result<()> {
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
