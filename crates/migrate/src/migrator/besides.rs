//! What runs besides the versions: repeatables behind them, hooks around all.

use super::Migrator;
use crate::Migration;
use crate::run::Job;

impl Migrator {
    /// The repeatables of `wanted` that may run in this phase.
    pub(super) fn repeatables<'a>(&self, wanted: impl Iterator<Item = &'a Migration>) -> Vec<Job> {
        let mut left_out: Vec<&str> = Vec::new();
        let mut found = Vec::new();
        for file in wanted {
            let directives = file.directives();
            let lacks_other =
                directives.requires_repeatables.iter().any(|it| left_out.contains(&it.as_str()));
            if directives.phase > self.phase || lacks_other {
                left_out.push(file.name());
            } else {
                found.push(Job::whole(file));
            }
        }
        found
    }

    /// With the hooks around, if there is anything to do.
    pub(super) fn with_hooks(&self, jobs: Vec<Job>) -> Vec<Job> {
        if jobs.is_empty() {
            return jobs;
        }
        let before = self.migrations.before().map(Job::whole);
        let after = self.migrations.after().map(Job::whole);
        before.into_iter().chain(jobs).chain(after).collect()
    }
}
