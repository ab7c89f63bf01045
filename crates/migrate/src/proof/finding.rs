use std::time::Duration;

use crate::{Differences, Error, Fingerprint, LockFile, Snapshot};

/// What came of proving a chain.
#[derive(Debug)]
#[non_exhaustive]
pub struct Proof {
    /// Each migration by itself, lowest version first.
    pub steps: Vec<StepProof>,
    /// All of them.
    pub chain: ChainProof,
    /// Checkpoints, lowest version first, but one that the chain begins with, as files are gone: that is among the steps.
    pub checkpoints: Vec<CheckpointProof>,
    /// Repeatables, behind all of them; `None` if there are none.
    pub repeatables: Option<RepeatablesProof>,
    /// What the lock file should be.
    pub lock: LockFile,
    /// How long all of it took.
    pub took: Duration,
}

/// What came of applying one migration, undoing it, and applying it again.
#[derive(Debug)]
#[non_exhaustive]
pub struct StepProof {
    /// Its version.
    pub version: i64,
    /// Its file.
    pub file: String,
    /// The fingerprint of the schema after it.
    pub schema: Fingerprint,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

/// What came of undoing all migrations and applying all again.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChainProof {
    /// How many were undone.
    pub undone: usize,
    /// The files that were left as they were: the newest without a down, and all before it.
    pub stays: Vec<String>,
    /// What is wrong. A down may differ by itself and make up for it in the chain, or the other way round.
    pub findings: Vec<Finding>,
}

/// What came of applying a checkpoint to an empty database.
#[derive(Debug)]
#[non_exhaustive]
pub struct CheckpointProof {
    /// Its version.
    pub version: i64,
    /// Its file.
    pub file: String,
    /// The fingerprint of the schema that it makes; `None` if it cannot be applied.
    pub schema: Option<Fingerprint>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

/// What came of applying all repeatables, and applying them again.
#[derive(Debug)]
#[non_exhaustive]
pub struct RepeatablesProof {
    /// Their files.
    pub files: Vec<String>,
    /// The fingerprint of the schema with them.
    pub schema: Fingerprint,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

/// What a proof has found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// There is no file that undoes the migration.
    NoDown,
    /// The file that undoes it cannot be run.
    DownFails {
        /// Which file, and what the server said.
        source: Error,
    },
    /// After it was undone the schema is not what it was before.
    DownDiffers {
        /// What is left of it, and what is gone.
        differences: Differences,
    },
    /// Once undone it cannot be applied again.
    AgainFails {
        /// Which file, and what the server said.
        source: Error,
    },
    /// Applied again it does not make what it made at first.
    AgainDiffers {
        /// What it made at first is what is expected.
        differences: Differences,
    },
    /// The checkpoint cannot be applied to an empty database.
    CheckpointFails {
        /// What the server said.
        source: Error,
    },
    /// The checkpoint does not make what the files make that it takes the place of.
    CheckpointDiffers {
        /// What the files make is what is expected.
        differences: Differences,
        /// In words, what is different of the history and of how many rows tables have.
        rows: Vec<String>,
    },
}

impl Finding {
    pub(super) fn down_differs(before: &Snapshot, found: &Snapshot) -> Option<Self> {
        let differences = Differences::between(before, found);
        (!differences.is_empty()).then_some(Self::DownDiffers { differences })
    }

    pub(super) fn again_differs(after: &Snapshot, found: &Snapshot) -> Option<Self> {
        let differences = Differences::between(after, found);
        (!differences.is_empty()).then_some(Self::AgainDiffers { differences })
    }

    /// Whether something is wrong. That there is no down is not, nor that columns come back in another order, as
    /// PostgreSQL has no way to give one its place back.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::NoDown => false,
            Self::DownFails { .. }
            | Self::AgainFails { .. }
            | Self::CheckpointFails { .. }
            | Self::CheckpointDiffers { .. } => true,
            Self::DownDiffers { differences } | Self::AgainDiffers { differences } => {
                !differences.is_order_only()
            }
        }
    }
}

impl Proof {
    /// Whether nothing is wrong with any step or with the chain.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults().next().is_none()
    }

    /// What is wrong, with the file if it is about one.
    pub fn faults(&self) -> impl Iterator<Item = (Option<&str>, &Finding)> {
        let steps = self
            .steps
            .iter()
            .flat_map(|step| step.findings.iter().map(|finding| (Some(step.file.as_str()), finding)));
        let chain = self.chain.findings.iter().map(|finding| (None, finding));
        let repeatables = self.repeatables.iter().flat_map(|it| &it.findings).map(|finding| (None, finding));
        let checkpoints = self
            .checkpoints
            .iter()
            .flat_map(|it| it.findings.iter().map(|finding| (Some(it.file.as_str()), finding)));
        steps.chain(chain).chain(checkpoints).chain(repeatables).filter(|(_, finding)| finding.is_fault())
    }
}
