//! Which processors this process and its server may use.

use anyhow::Context as _;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

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

/// Those that may be used, by their numbers.
pub(crate) fn usable() -> anyhow::Result<Vec<usize>> {
    let set = sched_getaffinity(None).context("asking which processors may be used")?;
    Ok((0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect())
}
