//! How much of the machine was taken by neither the client nor the server.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::processors;
use crate::station::own_cpu;

/// Reads processor times of the machine, of this process and of the server.
#[derive(Debug)]
pub(crate) struct Meter {
    postmaster: u32,
    /// Those that client and server may use, as `/proc/stat` calls them.
    processors: Vec<String>,
    /// In a second, of what the kernel counts in ticks.
    ticks: f64,
}

/// What had been used until a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    at: Instant,
    idle: f64,
    client: f64,
    server: f64,
}

impl Meter {
    #[expect(clippy::cast_precision_loss, reason = "a hundred in a second, usually")]
    pub(crate) fn new(postmaster: u32) -> anyhow::Result<Self> {
        let processors =
            processors::usable(postmaster)?.into_iter().map(|number| format!("cpu{number}")).collect();
        Ok(Self { postmaster, processors, ticks: rustix::param::clock_ticks_per_second() as f64 })
    }

    /// `child` is a program that does the client's work.
    pub(crate) fn read(&self, child: Option<u32>) -> anyhow::Result<Reading> {
        let child = child.map_or(Ok(0.0), ran)?;
        let (server, client) = (self.server()?, own_cpu().as_secs_f64() + child);
        Ok(Reading { at: Instant::now(), idle: self.idle()?, client, server })
    }

    /// The share of the processors, 0 to 1, that others took between two readings.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53 processors")]
    pub(crate) fn others(&self, from: Reading, to: Reading) -> f64 {
        let all = (to.at - from.at).as_secs_f64() * self.processors.len() as f64;
        let known = (to.idle - from.idle) + (to.client - from.client) + (to.server - from.server);
        (1.0 - known / all).max(0.0)
    }

    /// Seconds in which a processor had nothing to do, or waited for a disk. Unlike the ticks of what runs, which are
    /// samples, the kernel measures these.
    fn idle(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string("/proc/stat")?;
        let lines = stat.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let ours = lines.filter(|fields| self.processors.iter().any(|name| name == fields[0]));
        // `idle` and `iowait` (proc(5)).
        let ticks: f64 = ours
            .flat_map(|fields| fields[4..6].iter().filter_map(|n| n.parse().ok()).collect::<Vec<f64>>())
            .sum();
        Ok(ticks / self.ticks)
    }

    /// Of all processes of the server, those that have ended too.
    fn server(&self) -> anyhow::Result<f64> {
        let pid = self.postmaster;
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .context("looking at the server's processes")?;
        let children = children.split_whitespace().filter_map(|child| child.parse().ok());
        // One that ends meanwhile is among those that have ended at the next reading.
        let living: f64 = children.filter_map(|child| ran(child).ok()).sum();
        Ok(living + ran(pid)? + self.ended(pid)?)
    }

    /// Seconds of the children that were waited for: `cutime` and `cstime`, the 16th and 17th field (proc(5)).
    fn ended(&self, pid: u32) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = after_name.split(' ').skip(13).take(2).filter_map(|n| n.parse::<f64>().ok());
        Ok(ticks.sum::<f64>() / self.ticks)
    }
}

/// Seconds that the first thread of a process ran, to the nanosecond (Documentation/scheduler/sched-stats.rst).
fn ran(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Ok(Duration::from_nanos(nanos.context("there is no run time")?).as_secs_f64())
}
