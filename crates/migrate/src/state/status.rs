//! Files and history side by side.

use std::time::SystemTime;

use super::Repeated;
use super::log::{Hashes, Last, State, Trail};
use crate::files::{Script, unfit};
use crate::run::Job;
use crate::{Conflict, Direction, Error, LockHolder, Migration, Migrations, Squashed};

/// Which migrations are applied, which are not, and what stands in the way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// What the database says was applied, in the order of versions.
    pub applied: Vec<Applied>,
    /// Files that were not applied, in the order of versions. On an empty database the newest checkpoint is in the place of
    /// those that it lists.
    pub pending: Vec<Migration>,
    /// Repeatables whose text is not the one that was applied last, in the order in which they are tried.
    pub due: Vec<Migration>,
    /// Repeatables that were applied, by name.
    pub repeated: Vec<Repeated>,
    /// Names of those whose files have been removed since. What they made is still there.
    pub removed: Vec<String>,
    /// Why nothing would be applied now.
    pub conflicts: Vec<Conflict>,
    /// Files that stand between two of their statements. Applying, or reverting, goes on with them.
    pub interrupted: Vec<Interrupted>,
    /// Applied files that were edited since, but only in comments and space.
    pub cosmetic: Vec<Migration>,
    /// Who is applying or reverting right now.
    pub holder: Option<LockHolder>,
    /// Applied versions whose way back is not what it was then.
    pub(crate) edited_downs: Vec<i64>,
    /// Whether somebody has tables where nothing is applied; only looked for if a checkpoint is pending.
    pub(crate) has_tables: bool,
}

/// A migration that was applied, as the history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// When it was begun, by the clock of who applied it.
    pub applied_on: SystemTime,
    /// Refinery's checksum over version, name and text.
    pub checksum: u64,
}

/// A file that runs outside of a transaction and was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interrupted {
    /// The file's name.
    pub file: String,
    /// Its version.
    pub version: i64,
    /// Which way it was going.
    pub direction: Direction,
    /// How many of its statements have taken effect.
    pub done: usize,
    /// Whether the one after these may have, too: nobody could say any more how it ended.
    pub is_unsure: bool,
    /// Whether batches of it have, in a backfill.
    pub has_batches: bool,
    /// How many it had.
    pub of: usize,
}

impl Interrupted {
    /// Whether anything of it has taken effect.
    fn is_begun(&self) -> bool {
        self.done > 0 || self.has_batches
    }

    /// Where it stands, as in `after 2 of 5 statements`.
    pub(crate) fn place(&self) -> String {
        if self.has_batches {
            "between two batches".to_owned()
        } else {
            format!("after {} of {} statements", self.done, self.of)
        }
    }
}

impl Applied {
    /// The name that its file would have.
    #[must_use]
    pub fn file(&self) -> String {
        format!("V{}__{}.sql", self.version, self.name)
    }
}

impl Status {
    /// Holds the files against the history.
    pub(crate) fn compare(
        migrations: &Migrations,
        applied: Vec<Applied>,
        trail: &Trail,
        holder: Option<LockHolder>,
    ) -> Self {
        let is_applied = |version: i64| applied.binary_search_by_key(&version, |row| row.version).is_ok();
        let is_empty = applied.is_empty() && !trail.last.values().any(Last::is_open);
        let pending: Vec<Migration> = if is_empty {
            migrations.for_empty(i64::MAX)
        } else {
            migrations.iter().filter(|file| !is_applied(file.version())).cloned().collect()
        };
        let (mut conflicts, mut cosmetic, mut interrupted) = (Vec::new(), Vec::new(), Vec::new());
        let is_edited = |row: &&Applied| {
            let then = trail.applied.get(&row.version).and_then(|hashes| hashes.down_sha256.as_ref());
            let now = migrations.get(row.version).and_then(Migration::down);
            then.zip(now).is_some_and(|(then, now)| *then != now.token_sha256().to_string())
        };
        let edited_downs = applied.iter().filter(is_edited).map(|row| row.version).collect();
        for row in &applied {
            let hashes = trail.applied.get(&row.version);
            let change = match (migrations.get(row.version), migrations.squashed(row.version)) {
                (Some(file), _) => changed(row, file, hashes),
                (None, Some(gone)) => of_gone((row, trail.file(row)), gone, hashes),
                // There is neither the file nor a checkpoint in its place.
                (None, None) => {
                    Change::Conflict(Conflict::Missing { file: trail.file(row), version: row.version })
                }
            };
            match change {
                Change::Nothing => {}
                Change::Cosmetic(file) => cosmetic.push(file.clone()),
                Change::Conflict(conflict) => conflicts.push(conflict),
            }
        }
        let newest = applied.last().map(|row| (row.version, trail.file(row)));
        for file in &pending {
            conflicts.extend(hindered(file, newest.as_ref()));
            let is_pending =
                |version: i64| migrations.get(version).is_some() || pending[0].squashed(version).is_some();
            let comes_before = |version: i64| version < file.version() && is_pending(version);
            let lacks = |required: &&i64| !is_applied(**required) && !comes_before(**required);
            conflicts.extend(file.directives().requires.iter().filter(lacks).map(|required| {
                Conflict::Requires {
                    file: file.file().to_owned(),
                    required: *required,
                    version: file.version(),
                }
            }));
        }
        if !is_empty {
            let lacking = migrations.gone().filter(|(_, gone)| !is_applied(gone.version));
            conflicts.extend(lacking.map(|(checkpoint, gone)| Conflict::squashed(checkpoint, gone)));
        }
        for (version, last) in trail.last.iter().filter(|(_, last)| holder.is_none() && last.is_open()) {
            let goes_on = (last.direction == Direction::Up) != is_applied(*version);
            let Some(file) = migrations.get(*version).filter(|_| goes_on) else { continue };
            let (found, conflict) = stopped(file, last);
            interrupted.push(found);
            conflicts.extend(conflict);
        }
        conflicts.sort_by_key(Conflict::version);
        let (due, repeated, removed) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            applied,
            pending,
            due,
            repeated,
            removed,
            conflicts,
            interrupted,
            cosmetic,
            holder,
            edited_downs,
            has_tables: false,
        }
    }

    /// Holds the repeatables against what was applied of them.
    pub(crate) fn with_repeatables(mut self, migrations: &Migrations, repeated: Vec<Repeated>) -> Self {
        let is_due = |file: &&Migration| !repeated.iter().any(|row| row.is(file));
        self.due = migrations.repeatables().filter(is_due).cloned().collect();
        let is_there = |row: &&Repeated| migrations.repeatables().any(|file| file.name() == row.name);
        self.removed = repeated.iter().filter(|row| !is_there(row)).map(|row| row.name.clone()).collect();
        self.repeated = repeated;
        self
    }

    /// Repeatables of which another text was applied.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &Migration> {
        self.due.iter().filter(|file| self.repeated.iter().any(|row| row.name == file.name()))
    }

    /// Itself, or its conflicts as an error.
    pub(crate) fn free_of_conflicts(self) -> Result<Self, Error> {
        if self.conflicts.is_empty() { Ok(self) } else { Err(Error::Conflicts { conflicts: self.conflicts }) }
    }

    /// What there is to do with a file, which may have been stopped.
    pub(crate) fn job(&self, migration: Migration, direction: Direction) -> Job {
        let is_it = |it: &&Interrupted| it.version == migration.version() && it.direction == direction;
        let found = self.interrupted.iter().find(is_it);
        let (done, is_unsure) = found.map_or((0, false), |it| (it.done, it.is_unsure));
        let has_batches = found.is_some_and(|it| it.has_batches);
        Job { migration, direction, done, is_unsure, has_batches }
    }

    /// Files that are applied in part, so that what is above them cannot be told.
    pub(crate) fn half_applied(&self) -> impl Iterator<Item = Conflict> {
        let half = self.interrupted.iter().filter(|it| it.direction == Direction::Up && it.is_begun());
        half.map(|Interrupted { file, version, done, of, .. }| Conflict::HalfApplied {
            file: file.clone(),
            version: *version,
            done: *done,
            of: *of,
        })
    }
}

enum Change<'a> {
    Nothing,
    Cosmetic(&'a Migration),
    Conflict(Conflict),
}

/// There is a checkpoint in the place of the file, of which comments and space may have been edited before.
fn of_gone<'a>(
    (row, file): (&Applied, String),
    gone: (&Migration, &Squashed),
    hashes: Option<&Hashes>,
) -> Change<'a> {
    let (checkpoint, squashed) = gone;
    let is_text = |hashes: &Hashes| {
        hashes.refinery_checksum == row.checksum.to_string()
            && hashes.token_sha256 == squashed.token_sha256.to_string()
    };
    let is_same = squashed.checksum == row.checksum || hashes.is_some_and(is_text);
    if squashed.name == row.name && is_same {
        return Change::Nothing;
    }
    let checkpoint = checkpoint.file().to_owned();
    Change::Conflict(Conflict::SquashedOther { file, checkpoint, version: row.version })
}

/// What became of the file since it was applied.
fn changed<'a>(row: &Applied, file: &'a Migration, hashes: Option<&Hashes>) -> Change<'a> {
    let version = row.version;
    if file.name() != row.name {
        let (file, applied_as) = (file.file().to_owned(), row.name.clone());
        return Change::Conflict(Conflict::Renamed { file, applied_as, version });
    }
    // Somebody else's row has nothing to do with what the log says of an earlier one.
    let hashes = hashes.filter(|hashes| hashes.refinery_checksum == row.checksum.to_string());
    let is_same = file.checksum() == row.checksum
        && hashes.is_none_or(|hashes| hashes.sha256 == file.up().sha256().to_string());
    if is_same {
        Change::Nothing
    } else if hashes.is_some_and(|hashes| hashes.token_sha256 == file.up().token_sha256().to_string()) {
        Change::Cosmetic(file)
    } else {
        Change::Conflict(Conflict::Edited { file: file.file().to_owned(), version })
    }
}

/// Why a file that is pending cannot be applied.
fn hindered(pending: &Migration, newest: Option<&(i64, String)>) -> Option<Conflict> {
    let (file, version) = (pending.file().to_owned(), pending.version());
    let is_behind = |(newest, _): &&(i64, String)| *newest > version && !pending.directives().out_of_order;
    match newest.filter(is_behind) {
        Some((_, behind)) => Some(Conflict::OutOfOrder { file, behind: behind.clone(), version }),
        None => unfit::find(pending.up()).map(|unfit| Conflict::Unfit { file, unfit, version }),
    }
}

/// What is known of a file that was stopped, and what keeps it from going on.
fn stopped(migration: &Migration, last: &Last) -> (Interrupted, Option<Conflict>) {
    let script = match last.direction {
        Direction::Up => Some(migration.up()),
        Direction::Down => migration.down(),
    };
    let file = script.map_or(migration.file(), Script::file).to_owned();
    let (version, direction, done, of) = (migration.version(), last.direction, last.done, last.total);
    let is_unsure = last.state == State::Running;
    let has_batches = last.has_batches();
    let found = Interrupted { file: file.clone(), version, direction, done, is_unsure, has_batches, of };
    let is_as_it_was = |script: &&Script| {
        let so_far = script.token_sha256_of(done).map(|hash| hash.to_string());
        done == 0 || script.directives().outside_transaction && so_far == last.done_sha256
    };
    let conflict = match (script.filter(is_as_it_was), direction) {
        (Some(_), Direction::Up) => None,
        (Some(_), Direction::Down) if !found.is_begun() => None,
        (Some(_), Direction::Down) => Some(Conflict::HalfReverted { file, version, done, of }),
        (None, _) => {
            let now = script.map_or(0, Script::len);
            Some(Conflict::CannotResume { file, version, direction, done, of, now })
        }
    };
    (found, conflict)
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
