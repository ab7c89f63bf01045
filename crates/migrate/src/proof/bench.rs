//! The shadow in which a chain is proved, and what is done there.

use std::time::Duration;

use pgkeel_connect::{Executor as _, dial};
use tokio::time::timeout;

use super::{Link, Prover};
use crate::{
    Error, Fingerprint, LockEntry, LockFile, Migrations, Migrator, Shadow, Snapshot, VerifyError, VerifyStep,
};

/// Longest wait for a file that undoes one; that of the files themselves is the migrator's.
const DOWN: Duration = Duration::from_hours(1);

/// Whatever the database has for defaults.
const BEGIN: &str = "
    begin isolation level read committed read write; set local statement_timeout = 0; set local lock_timeout = '10s';
    set local standard_conforming_strings = on";

/// Files are counted from 1, so that a number says how many are applied after it.
pub(super) struct Bench<'a> {
    prover: &'a Prover,
    shadow: Shadow,
}

/// An error that a file is to blame for is a finding; any other ends the proof.
pub(super) fn of_file<T>(done: Result<T, VerifyError>) -> Result<Result<T, Error>, VerifyError> {
    match done {
        Err(VerifyError::Migrate(error)) if error.file().is_some() && !error.is_disconnected() => {
            Ok(Err(error))
        }
        done => done.map(Ok),
    }
}

impl<'a> Bench<'a> {
    pub(super) async fn open(prover: &'a Prover) -> Result<Self, VerifyError> {
        Ok(Self { prover, shadow: Shadow::create(&prover.server).await? })
    }

    pub(super) async fn close(self) {
        self.shadow.leave().await;
    }

    pub(super) fn len(&self) -> usize {
        self.prover.chain.links().len()
    }

    pub(super) fn link(&self, number: usize) -> &Link {
        &self.prover.chain.links()[number - 1]
    }

    /// The files up to this one.
    pub(super) fn names(&self, upto: usize) -> Vec<String> {
        let links = &self.prover.chain.links()[..upto];
        links.iter().map(|link| link.migration().file().to_owned()).collect()
    }

    pub(super) async fn look(&self) -> Result<Snapshot, VerifyError> {
        Snapshot::take(self.shadow.connection(), &self.prover.scope).await
    }

    /// Applies what is missing of the first so many, as anybody would.
    pub(super) async fn up(&self, upto: usize) -> Result<Snapshot, VerifyError> {
        let links = &self.prover.chain.links()[..upto];
        let files: Vec<(&str, &str)> =
            links.iter().map(|link| (link.migration().file(), link.migration().sql())).collect();
        Migrator::new(self.shadow.config().clone(), Migrations::from_static(&files)?).up().await?;
        self.look().await
    }

    /// Undoes the newest.
    pub(super) async fn down(&self, number: usize) -> Result<Snapshot, VerifyError> {
        self.run_down(number).await?;
        self.look().await
    }

    pub(super) async fn run_down(&self, number: usize) -> Result<(), VerifyError> {
        let link = self.link(number);
        let connection = dial(&self.shadow.config().clone().with_application_name("pgkeel-proof")).await;
        let connection = connection.map_err(VerifyError::Connect)?;
        let forget = format!(
            "delete from pgkeel.refinery_schema_history where version = {}; commit",
            link.migration().version()
        );
        let run = async {
            connection.batch_execute(BEGIN).await?;
            connection.batch_execute(link.down().unwrap_or_default()).await?;
            connection.batch_execute(&forget).await
        };
        match timeout(DOWN, run).await {
            Ok(Ok(())) => {
                connection.close().await;
                Ok(())
            }
            Ok(Err(pgkeel_connect::Error::Server(source))) if !source.is_fatal() => {
                Err(Error::Statement { file: link.down_file(), at: None, applied: Vec::new(), source }.into())
            }
            Ok(Err(source)) => Err(VerifyError::Server { step: VerifyStep::Revert, source }),
            Err(_) => Err(VerifyError::NoAnswer { step: VerifyStep::Revert, waited: DOWN }),
        }
    }

    /// Makes the schema after this file anew, in another shadow.
    pub(super) async fn rebuild(&mut self, upto: usize) -> Result<(), VerifyError> {
        let fresh = Shadow::create(&self.prover.server).await?;
        std::mem::replace(&mut self.shadow, fresh).leave().await;
        self.up(upto).await.map(|_| ())
    }

    pub(super) fn lock(&self, schemas: &[Fingerprint], major: u32) -> LockFile {
        let links = self.prover.chain.links().iter().zip(schemas);
        let entries = links.map(|(link, schema)| LockEntry::new(link.migration(), *schema)).collect();
        LockFile::new(major, self.prover.scope.clone(), entries)
    }
}
