//! Checkpoints are proved in shadows of their own: each has to make what the files make that it takes the place of.

use tokio::time::Instant;

use super::Prover;
use super::bench::{Bench, of_file};
use super::finding::{CheckpointProof, Finding};
use crate::squash::{Ground, Made, make};
use crate::{Fingerprint, LockEntry, Migration, Migrations, VerifyError};

impl Bench<'_> {
    /// All of them, and what the lock file should say. Of those below the one that the chain begins with it is only found out
    /// whether they can be applied.
    pub(super) async fn prove_checkpoints(
        &self,
        schemas: &[Fingerprint],
    ) -> Result<(Vec<CheckpointProof>, Vec<LockEntry>), VerifyError> {
        let (mut proofs, mut entries) = (Vec::new(), Vec::new());
        for checkpoint in self.prover.migrations.checkpoints() {
            let (start, version) = (Instant::now(), checkpoint.version());
            let place = self.files().iter().position(|file| file.version() == version);
            let chain = place.map(|place| Migrations::replaced_by(checkpoint, &self.files()[..=place]));
            // One that the chain begins with has been applied, and there is nothing to hold it against.
            if chain.as_ref().is_some_and(|chain| chain[0].file() == checkpoint.file()) {
                entries.extend(schemas.first().map(|schema| LockEntry::new(checkpoint, *schema)));
                continue;
            }
            let (schema, findings) = self.prove_checkpoint(checkpoint, chain.as_deref()).await?;
            entries.extend(schema.map(|schema| LockEntry::new(checkpoint, schema)));
            let (file, took) = (checkpoint.file().to_owned(), start.elapsed());
            proofs.push(CheckpointProof { version, file, schema, findings, took });
        }
        Ok((proofs, entries))
    }

    async fn prove_checkpoint(
        &self,
        checkpoint: &Migration,
        chain: Option<&[Migration]>,
    ) -> Result<(Option<Fingerprint>, Vec<Finding>), VerifyError> {
        let found = match of_file(self.make(std::slice::from_ref(checkpoint)).await)? {
            Ok(found) => found,
            Err(source) => return Ok((None, vec![Finding::CheckpointFails { source }])),
        };
        let schema = Some(found.schema.fingerprint());
        let Some(chain) = chain else { return Ok((schema, Vec::new())) };
        let expected = self.make(chain).await?;
        let differs = |(differences, rows)| Finding::CheckpointDiffers { differences, rows };
        let beside = expected.beside(&found, async || self.make(chain).await).await?;
        Ok((schema, beside.map(differs).into_iter().collect()))
    }

    async fn make(&self, files: &[Migration]) -> Result<Made, VerifyError> {
        let Prover { server, is_private, stop, .. } = self.prover;
        let ground = Ground { server, is_private: *is_private, stop };
        make(ground, self.migrations().of_these(files), &self.prover.scope, &mut |_| {}).await
    }
}

/// A lock file is not written of checkpoints that have a fault.
pub(super) fn refuse(proofs: Vec<CheckpointProof>) -> Result<(), VerifyError> {
    for CheckpointProof { file, findings, .. } in proofs {
        for finding in findings {
            match finding {
                Finding::CheckpointFails { source } => return Err(source.into()),
                Finding::CheckpointDiffers { differences, rows } => {
                    return Err(VerifyError::OtherOutcome { file, differences, rows });
                }
                _ => {}
            }
        }
    }
    Ok(())
}
