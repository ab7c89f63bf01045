use std::io::Write as _;
use std::process::ExitCode;

use pgkeel_connect::settings::{Effective, Origin, Problems};

/// Why a command ends early, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: u8,
    error: anyhow::Error,
}

/// Something failed, or is unhealthy.
const FAILED: u8 = 1;

/// A setting or the command line is wrong; the same code that clap uses.
const WRONG_SETTING: u8 = 2;

impl Failure {
    /// Something that an operator mends by a setting or an installation.
    pub(crate) fn setting(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: WRONG_SETTING, error: error.into() }
    }

    /// Says besides where those of these settings were written that are not left to their defaults.
    pub(crate) fn naming(self, settings: &[Effective], names: &str) -> Self {
        let written = |row: &&Effective| row.name.starts_with(names) && row.origin != Origin::Default;
        let places =
            settings.iter().filter(written).map(|row| format!("\n  {} is set by {}", row.name, row.origin));
        let places: String = places.collect();
        Self { exit: self.exit, error: anyhow::anyhow!("{:#}{places}", self.error) }
    }

    /// Shows the error with its causes, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Nothing is left to do if not even standard error can be written.
        let _ = writeln!(std::io::stderr(), "pgkeel: {:#}", self.error);
        ExitCode::from(self.exit)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: FAILED, error }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::setting(problems)
    }
}

impl From<pgkeel_demo::Error> for Failure {
    fn from(error: pgkeel_demo::Error) -> Self {
        if error.is_setting_problem() { Self::setting(error) } else { anyhow::Error::from(error).into() }
    }
}

impl From<pgkeel_localpg::Error> for Failure {
    fn from(error: pgkeel_localpg::Error) -> Self {
        if error.is_setting_problem() { Self::setting(error) } else { anyhow::Error::from(error).into() }
    }
}
