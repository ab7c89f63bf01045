//! Puts a monitor together, and refuses names and schedules that cannot work.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Error;
use crate::metrics::Source;
use crate::monitor::{About, Exhibits, Monitor};
use crate::probe::Probe;
use crate::pulse::Pulse;
use crate::sampling::{ClientStatements, DatabaseSampler};
use crate::scheduler::{Job, Scheduler};
use crate::standing::{Subject, Watched};
use crate::view::View;

/// Collects probes, sources and views; see [`Monitor::builder`].
#[derive(Default)]
#[must_use]
pub struct MonitorBuilder {
    about: About,
    probes: Vec<(Subject, Box<dyn Probe>)>,
    exhibits: Exhibits,
}

impl std::fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let probes: Vec<_> = self.probes.iter().map(|(_, probe)| probe.name()).collect();
        f.debug_struct("MonitorBuilder").field("probes", &probes).finish_non_exhaustive()
    }
}

impl MonitorBuilder {
    /// Says who is speaking.
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Adds the check that decides `/database`, the word `connected`, and the legacy `/health`.
    ///
    /// Where several are added, the first one is "the database" and the others are shown like any probe.
    pub fn database(mut self, probe: impl Probe) -> Self {
        self.probes.push((Subject::Database, Box::new(probe)));
        self
    }

    /// Adds a check of anything else.
    pub fn probe(mut self, probe: impl Probe) -> Self {
        self.probes.push((Subject::Other, Box::new(probe)));
        self
    }

    /// Adds numbers to `/metrics`.
    pub fn source(mut self, source: impl Source) -> Self {
        self.exhibits.sources.push(Box::new(source));
        self
    }

    /// Adds a pool to `/database/connection-pool` and to the overall answer.
    pub fn view(mut self, view: impl View) -> Self {
        self.exhibits.views.push(Box::new(view));
        self
    }

    /// Adds the figures of a database: to `/database/comprehensive`, `/performance`, `/slow-queries`, `/statistics` and
    /// to `/metrics`. It brings two checks, `activity` and `relations`, which have no say in readiness.
    ///
    /// One monitor has room for one; a second is refused by [`build`](Self::build) for the names of its checks.
    pub fn sampler(mut self, sampler: DatabaseSampler) -> Self {
        let (activity, relations) = sampler.tiers();
        self.exhibits.sampler = Some(sampler.clone());
        self.probe(activity).probe(relations).source(sampler)
    }

    /// Adds slow statements of this process to `/database/slow-queries`.
    pub fn statements(mut self, statements: impl ClientStatements) -> Self {
        self.exhibits.statements.push(Box::new(statements));
        self
    }

    /// Gives the state to answer from, and the probes to spawn.
    ///
    /// # Errors
    /// [`Error::InvalidName`] and [`Error::DuplicateName`] for the names of probes, sources and views, and
    /// [`Error::Setting`] for a schedule that cannot work; all are mistakes of the program, to be mended there.
    pub fn build(self) -> Result<(Monitor, Scheduler), Error> {
        let Self { about, probes, exhibits } = self;
        check_names("probe", probes.iter().map(|(_, probe)| probe.name()))?;
        check_names("view", exhibits.views.iter().map(|view| view.name()))?;
        check_names("source", exhibits.sources.iter().map(|source| source.name()))?;
        check_names("statements", exhibits.statements.iter().map(|statements| statements.name()))?;
        let jobs =
            probes.into_iter().map(|(subject, probe)| job(subject, probe)).collect::<Result<Vec<_>, _>>()?;
        let watched = jobs.iter().map(|job| Arc::clone(&job.watched)).collect();
        let pulse = Arc::new(Pulse::new());
        let monitor = Monitor::new(about, watched, exhibits, Arc::clone(&pulse))?;
        Ok((monitor, Scheduler { jobs, pulse }))
    }
}

fn job(subject: Subject, probe: Box<dyn Probe>) -> Result<Job, Error> {
    let schedule = probe.schedule();
    if schedule.interval.is_zero() || schedule.timeout.is_zero() {
        let problem = "has an interval or timeout of zero; both must be positive";
        return Err(Error::Setting { setting: "probe schedule", problem });
    }
    let watched = Watched::new(probe.name().to_owned(), subject, probe.weight(), schedule);
    Ok(Job { probe, watched: Arc::new(watched) })
}

fn check_names<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for name in names {
        if !is_usable(name) {
            return Err(Error::InvalidName { kind, name: name.into() });
        }
        if !seen.insert(name) {
            return Err(Error::DuplicateName { kind, name: name.into() });
        }
    }
    Ok(())
}

/// `live`, `ready` and `overall` are components of the overall answer and of `pgkeel_readiness` already.
fn is_usable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !matches!(name, "live" | "ready" | "overall")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_words_and_not_those_of_built_in_components() {
        for good in ["database", "pool-2", "a_b"] {
            assert!(is_usable(good), "{good}");
        }
        for bad in ["", "9a", "Pool", "a b", "a\n", "live", "ready", "overall"] {
            assert!(!is_usable(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_used_twice_is_refused() {
        let refused = check_names("view", ["a", "b", "a"].into_iter());
        assert!(matches!(refused, Err(Error::DuplicateName { kind: "view", name }) if name == "a"));
    }
}
