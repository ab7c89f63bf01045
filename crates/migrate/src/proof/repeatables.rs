//! Repeatables are proved behind everything else: applied, and applied again, which must change nothing.

use std::time::Instant;

use pgkeel_connect::Executor as _;

use super::bench::{Bench, of_file};
use super::finding::{Finding, RepeatablesProof};
use crate::state::{Home, repeated};
use crate::{LockRepeatables, VerifyError, VerifyStep};

impl Bench<'_> {
    /// Applies them, and writes down what the schema is then.
    pub(super) async fn repeat(&mut self) -> Result<Option<LockRepeatables>, VerifyError> {
        self.stand_up().await;
        let files = self.migrations();
        if files.repeatables().next().is_none() {
            return Ok(None);
        }
        self.migrator_of(files.clone()).up().await?;
        let schema = self.look().await?.fingerprint();
        Ok(Some(LockRepeatables::new(files.repeatables(), schema)))
    }

    /// As [`repeat`](Self::repeat), twice. What does not apply at all is an error, as a version that does not.
    pub(super) async fn prove_repeatables(
        &mut self,
    ) -> Result<(Option<RepeatablesProof>, Option<LockRepeatables>), VerifyError> {
        let start = Instant::now();
        let Some(lock) = self.repeat().await? else { return Ok((None, None)) };
        let first = self.look().await?;
        let forgotten = self.shadow().connection().batch_execute(&repeated::forget(&Home::default())).await;
        forgotten.map_err(|source| VerifyError::Server { step: VerifyStep::MakeShadow, source })?;
        let again = self.migrator_of(self.migrations().clone()).up().await;
        let findings = match of_file(again.map_err(VerifyError::from))? {
            Ok(_) => Finding::again_differs(&first, &self.look().await?).into_iter().collect(),
            Err(source) => vec![Finding::AgainFails { source }],
        };
        let files = self.migrations().repeatables().map(|file| file.file().to_owned()).collect();
        let proof = RepeatablesProof { files, schema: lock.schema, findings, took: start.elapsed() };
        Ok((Some(proof), Some(lock)))
    }
}
