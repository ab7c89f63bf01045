//! Which files the database is held against, and how often.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pgkeel_connect::Config;
use pgkeel_connect::settings::{About, Problem, Reader, Setting, duration_or_off, path, yes_or_no};
use pgkeel_migrate::{Gate, LockFile, Migrations, VerifyError};

use super::MigrationsProbe;

static DIRECTORY: Setting<Option<PathBuf>> = Setting::new("migrations.dir", "", path)
    .help("DIRECTORY", "serve: not ready before all migrations of this directory are applied");

static DRIFT_INTERVAL: Setting<Option<Duration>> =
    Setting::new("migrations.drift_interval", "5m", duration_or_off).help(
        "TIME|off",
        "How often the schema is compared with what migrations.lock, or the last change, says",
    );

static ACCEPT_NEWER: Setting<bool> = Setting::new("migrations.accept_newer", "false", yes_or_no)
    .help("", "Ready also on a database at newer migrations than those of the directory");

pub(crate) static SETTINGS: &[&About] = &[DIRECTORY.about(), DRIFT_INTERVAL.about(), ACCEPT_NEWER.about()];

#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// Read once: a program is written for the files that it started with.
    files: Option<(Migrations, Option<LockFile>)>,
    drift_interval: Option<Duration>,
    accepts_newer: bool,
}

impl Choice {
    /// Reads the files too, so that what is wrong with them is told with all other settings.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let (directory, drift_interval) = (reader.get(&DIRECTORY), reader.get(&DRIFT_INTERVAL));
        let files = directory.and_then(|directory| match files(&directory) {
            Ok(files) => Some(files),
            Err(error) => {
                let reason = format!("has no migrations that can be used: {:#}", anyhow::Error::from(error));
                let origin = reader.origin(DIRECTORY.about());
                reader.problem(Problem::new(DIRECTORY.about().name, origin, reason));
                None
            }
        });
        Self { files, drift_interval, accepts_newer: reader.get(&ACCEPT_NEWER) }
    }

    /// The check, if there are files to check by.
    pub(crate) fn probe(&self, connect: &Config) -> Option<MigrationsProbe> {
        let (migrations, lock) = self.files.clone()?;
        let mut gate = Gate::new(connect.clone(), migrations);
        if let Some(lock) = lock {
            gate = gate.against(lock);
        }
        if self.accepts_newer {
            gate = gate.accepting_newer();
        }
        Some(MigrationsProbe::new(gate, self.drift_interval))
    }
}

fn files(directory: &Path) -> Result<(Migrations, Option<LockFile>), VerifyError> {
    Ok((Migrations::from_dir(directory)?, LockFile::read(directory)?))
}
