//! Which files a call runs, or what stands in its way.

use super::Migrator;
use crate::destructive;
use crate::files::{Script, unfit};
use crate::run::Job;
use crate::{Back, Conflict, Direction, Error, Kind, Migration, Squashed, Status};

/// What a call is to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Up,
    Down(Back),
    Redo,
}

impl Migrator {
    /// Which files this means, unless something stands in the way.
    pub(super) fn jobs(&self, status: Status, order: Order) -> Result<Vec<Job>, Error> {
        let has_tables = status.has_tables;
        let jobs = self.in_place(self.with_hooks(self.jobs_alone(status, order)?))?;
        // To revert is to lose what was made, whatever runs around it.
        if matches!(order, Order::Down(_)) { Ok(jobs) } else { self.accepted(jobs, has_tables) }
    }

    /// Whether there is nothing that it would run.
    pub(crate) fn is_up_to_date(&self, status: Status) -> bool {
        self.jobs(status, Order::Up).is_ok_and(|jobs| jobs.is_empty())
    }

    /// The jobs themselves, unless one would leave the schema in which it is to run.
    fn in_place(&self, jobs: Vec<Job>) -> Result<Vec<Job>, Error> {
        if !self.home.is_of_tenant() {
            return Ok(jobs);
        }
        let conflict = |job: &Job| {
            let (file, version) = (job.script().file().to_owned(), job.migration.version());
            unfit::leaves_tenant(job.script()).map(|unfit| Conflict::Unfit { file, unfit, version })
        };
        let conflicts: Vec<Conflict> = jobs.iter().filter_map(conflict).collect();
        if conflicts.is_empty() { Ok(jobs) } else { Err(Error::Conflicts { conflicts }) }
    }

    fn jobs_alone(&self, status: Status, order: Order) -> Result<Vec<Job>, Error> {
        match order {
            Order::Up => self.jobs_up(status),
            Order::Down(back) => self.jobs_down(&status, back, false),
            Order::Redo => {
                let down = self.jobs_down(&status, Back::Steps(1), true)?;
                let up = |job: &Job| Job::whole(&job.migration);
                let up: Vec<Job> = down.iter().map(up).collect();
                let conflicts: Vec<Conflict> =
                    up.iter().filter_map(|job| misfit(&job.migration, job.script())).collect();
                if conflicts.is_empty() {
                    // What the way back takes along comes again.
                    let is_newest = !up.is_empty() && status.pending.is_empty();
                    let behind = self.migrations.repeatables().filter(|_| is_newest);
                    let behind = self.repeatables(behind);
                    Ok([down, up, behind].concat())
                } else {
                    Err(Error::Conflicts { conflicts })
                }
            }
        }
    }

    fn jobs_up(&self, status: Status) -> Result<Vec<Job>, Error> {
        let status = status.free_of_conflicts()?;
        let mut pending = self.target.select(&self.migrations, status.pending.clone())?;
        // Repeatables are written for the newest schema, so they wait for what the target leaves out.
        let newest = |files: &[Migration]| files.last().map(Migration::version);
        let is_whole = newest(&pending) == newest(&status.pending);
        let later = pending.iter().position(|file| file.directives().phase > self.phase);
        pending.truncate(later.unwrap_or(pending.len()));
        let mut jobs =
            pending.into_iter().map(|migration| status.job(migration, Direction::Up)).collect::<Vec<_>>();
        if is_whole {
            jobs.extend(self.repeatables(status.due.iter()));
        }
        Ok(jobs)
    }

    /// The jobs themselves, unless one that goes forward may lose data that nobody has given up.
    fn accepted(&self, jobs: Vec<Job>, has_tables: bool) -> Result<Vec<Job>, Error> {
        let asks = |job: &&Job| {
            job.direction == Direction::Up
                // There is nothing to lose in an empty database, but one without a history need not be that.
                && (has_tables || job.migration.kind() != Kind::Checkpoint)
                && !self.accepted.destructive
                && !job.script().directives().accepts_destructive
        };
        let found = jobs.iter().filter(asks).flat_map(|job| destructive::find(job.script(), job.done));
        let statements: Vec<_> = found.collect();
        if statements.is_empty() { Ok(jobs) } else { Err(Error::Destructive { statements }) }
    }

    fn jobs_down(&self, status: &Status, back: Back, is_edited_anyway: bool) -> Result<Vec<Job>, Error> {
        let versions: Vec<i64> = status.applied.iter().map(|row| row.version).collect();
        let versions = back.select(&versions)?;
        let is_fine = |conflict: &Conflict| match conflict {
            Conflict::HalfReverted { .. } => true,
            Conflict::Edited { .. } => is_edited_anyway,
            _ => false,
        };
        let hindering = |conflict: &&Conflict| versions.contains(&conflict.version()) && !is_fine(conflict);
        let mut conflicts: Vec<Conflict> = status.conflicts.iter().filter(hindering).cloned().collect();
        if !versions.is_empty() {
            conflicts.extend(status.half_applied());
        }
        let gone = versions.iter().filter(|version| self.migrations.get(**version).is_none());
        conflicts.extend(gone.filter_map(|version| self.migrations.squashed(*version)).map(no_way_back));
        let mut jobs = Vec::new();
        for migration in versions.iter().filter_map(|version| self.migrations.get(*version)) {
            let edited = status.edited_downs.contains(&migration.version());
            match way_back(migration, edited && !self.accepted.edited_downs && !is_edited_anyway) {
                None => jobs.push(status.job(migration.clone(), Direction::Down)),
                Some(conflict) => conflicts.push(conflict),
            }
        }
        if conflicts.is_empty() { Ok(jobs) } else { Err(Error::Conflicts { conflicts }) }
    }
}

/// A checkpoint makes what it stands for, and undoes nothing.
fn no_way_back((checkpoint, gone): (&Migration, &Squashed)) -> Conflict {
    let reason = format!("{checkpoint} has taken its place; restore the file and its .down.sql");
    Conflict::Irreversible { file: gone.file(), version: gone.version, reason: Some(reason) }
}

/// Why a migration cannot be reverted.
fn way_back(migration: &Migration, is_edited: bool) -> Option<Conflict> {
    let version = migration.version();
    let Some(down) = migration.down() else {
        let (file, reason) = (migration.file().to_owned(), migration.directives().irreversible.clone());
        return Some(Conflict::Irreversible { file, version, reason });
    };
    let file = down.file().to_owned();
    if is_edited {
        return Some(Conflict::DownEdited { file, version });
    }
    misfit(migration, down)
}

/// A statement that the file cannot hold.
fn misfit(migration: &Migration, script: &Script) -> Option<Conflict> {
    let (file, version) = (script.file().to_owned(), migration.version());
    unfit::find(script).map(|unfit| Conflict::Unfit { file, unfit, version })
}
