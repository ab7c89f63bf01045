//! What changes a [`Migrator`], where the verb has it.

use std::time::Duration;

use clap::ArgMatches;

use super::{has, value};
use crate::migrator::Accepted;
use crate::{DryRun, Migrator, Phase, Target};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) lock_wait: Option<Duration>,
    pub(super) lock_timeout: Option<Duration>,
    pub(super) statement_timeout: Option<Duration>,
    pub(super) retries: Option<u32>,
    pub(super) dry_run: Option<DryRun>,
    pub(super) revision: Option<String>,
    pub(super) target: Target,
    pub(super) phase: Option<Phase>,
    pub(super) accepted: Accepted,
    pub(super) pooler_safe: bool,
    pub(super) no_record: bool,
}

impl Options {
    pub(super) fn of(words: &ArgMatches) -> Self {
        let target = match (value(words, "to"), value(words, "steps")) {
            (Some(version), _) => Target::Version(version),
            (None, Some(steps)) => Target::Steps(steps),
            (None, None) => Target::Latest,
        };
        Self {
            lock_wait: value(words, "lock-wait"),
            lock_timeout: value(words, "lock-timeout"),
            statement_timeout: value(words, "statement-timeout"),
            retries: value(words, "retries"),
            dry_run: dry_run(words),
            revision: value(words, "revision"),
            target,
            phase: value::<String>(words, "phase").map(|phase| match phase.as_str() {
                "expand" => Phase::Expand,
                _ => Phase::Contract,
            }),
            accepted: Accepted {
                edited_downs: has(words, "accept-edited"),
                destructive: has(words, "accept-destructive"),
                differences: has(words, "accept-different"),
            },
            pooler_safe: has(words, "pooler-safe"),
            no_record: has(words, "no-record"),
        }
    }

    pub(super) fn applied_to(self, migrator: Migrator) -> Migrator {
        // No `..`: an option that nobody applies must not compile.
        let Options {
            lock_wait,
            lock_timeout,
            statement_timeout,
            retries,
            dry_run,
            revision,
            target,
            phase,
            accepted,
            pooler_safe,
            no_record,
        } = self;
        let mut migrator = migrator.with_target(target);
        migrator = maybe(migrator, lock_wait, Migrator::with_lock_wait);
        migrator = maybe(migrator, lock_timeout, Migrator::with_lock_timeout);
        migrator = maybe(migrator, statement_timeout, Migrator::with_statement_timeout);
        migrator = maybe(migrator, retries, Migrator::with_retries);
        migrator = maybe(migrator, dry_run, Migrator::with_dry_run);
        migrator = maybe(migrator, revision, Migrator::with_revision);
        migrator = maybe(migrator, phase, Migrator::with_phase);
        migrator = maybe(migrator, pooler_safe.then_some(()), |migrator, ()| migrator.safe_for_poolers());
        migrator = maybe(migrator, no_record.then_some(()), |migrator, ()| migrator.without_record());
        migrator.accepting(accepted)
    }
}

/// Of verbs that run nothing it is a flag.
fn dry_run(words: &ArgMatches) -> Option<DryRun> {
    let of_flag = has(words, "dry-run").then_some(DryRun::Rollback);
    let how = value::<String>(words, "dry-run").map(|how| match how.as_str() {
        "shadow" => DryRun::Shadow,
        _ => DryRun::Rollback,
    });
    how.or(of_flag)
}

fn maybe<T>(migrator: Migrator, value: Option<T>, with: impl Fn(Migrator, T) -> Migrator) -> Migrator {
    match value {
        Some(value) => with(migrator, value),
        None => migrator,
    }
}
