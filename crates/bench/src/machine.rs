//! Where it was measured, without which no figure means much.

use std::fmt;
use std::fs;

use serde::Serialize;

use crate::processors;
use crate::server::Server;

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// Those that client and server may use.
    processors: usize,
    model: String,
    kernel: String,
    /// Processes that wanted to run in the last minute, on average.
    load: String,
    postgres: String,
    settings: String,
}

impl Machine {
    pub(crate) fn look(server: &Server) -> anyhow::Result<Self> {
        let info = fs::read_to_string("/proc/cpuinfo")?;
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            processors: processors::usable(server.pid())?.len(),
            model: model.map_or_else(|| "unknown processors".to_owned(), |(_, model)| model.to_owned()),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
            postgres: server.version(),
            settings: Server::settings(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, model, kernel, load, postgres, settings } = self;
        writeln!(
            f,
            "processors used by client and server: {processors} ({model}), Linux {kernel}, load {load} at the start"
        )?;
        write!(f, "PostgreSQL {postgres}, TCP on loopback, SCRAM, no TLS, {settings}")
    }
}
