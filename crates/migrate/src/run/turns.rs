//! Whose turn it is: files run in their order, but a repeatable that lacks something which another one may make is put
//! behind those, and tried again.

use std::collections::VecDeque;

use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;

use super::failure::{FileError, Reason};
use super::job::Job;
use crate::{Error, Kind};

pub(crate) struct Turns<'a> {
    due: VecDeque<&'a Job>,
    /// Those that lacked something since the last one that went well, and what.
    lacking: Vec<(String, String)>,
}

impl<'a> Turns<'a> {
    pub(crate) fn new(jobs: &'a [Job]) -> Self {
        Self { due: jobs.iter().collect(), lacking: Vec::new() }
    }

    /// The first that requires nothing that is still due; there is one, as requirements do not go round.
    pub(crate) fn next(&mut self) -> Option<&'a Job> {
        let waits = |job: &Job| {
            let required = &job.migration.directives().requires_repeatables;
            self.due.iter().any(|other| is_repeatable(other) && required.contains(other.migration.name()))
        };
        let next = self.due.iter().position(|job| !waits(job)).unwrap_or(0);
        self.due.remove(next)
    }

    /// Whose turns are next and then, if all goes well, and they wait for nothing.
    pub(crate) fn upcoming(&self) -> [Option<&'a Job>; 2] {
        let mut upcoming = self.due.iter().copied().take_while(|job| !is_repeatable(job));
        [upcoming.next(), upcoming.next()]
    }

    pub(crate) fn went_well(&mut self) {
        self.lacking.clear();
    }

    /// Puts it behind the other repeatables, unless each of them that could run has been tried in vain.
    pub(crate) fn put_off(&mut self, job: &'a Job, error: Error) -> Result<ServerError, Error> {
        let lack = match &error {
            Error::File(failed) if is_repeatable(job) => lack(failed).cloned(),
            _ => None,
        };
        let Some(lack) = lack else { return Err(error) };
        let file = job.migration.file();
        let is_again = self.lacking.iter().any(|(other, _)| other == file);
        let behind = self.due.iter().rposition(|other| is_repeatable(other));
        match behind {
            Some(last) if !is_again => {
                self.lacking.push((file.to_owned(), lack.to_string()));
                self.due.insert(last + 1, job);
                Ok(lack)
            }
            _ => Err(self.in_vain(file, error, lack)),
        }
    }

    /// With all that is known of the others, if there are any.
    fn in_vain(&self, file: &str, error: Error, source: ServerError) -> Error {
        let others = self.lacking.iter().filter(|(other, _)| other != file);
        let others: Vec<String> = others.map(|(other, lack)| format!("{other}: {lack}")).collect();
        match error {
            Error::File(failed) if !others.is_empty() => {
                let reason = Reason::Lacking { source, others };
                Error::File(Box::new(FileError { reason, ..*failed }))
            }
            error => error,
        }
    }
}

fn is_repeatable(job: &Job) -> bool {
    job.migration.kind() == Kind::Repeatable
}

/// What the server said, if it is that there is no such thing.
fn lack(failed: &FileError) -> Option<&ServerError> {
    let lacks = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_SCHEMA_NAME,
    ];
    match &failed.reason {
        Reason::Refused(source) if lacks.contains(source.code()) => Some(source),
        _ => None,
    }
}
