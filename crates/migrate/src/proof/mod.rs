//! Whether migrations do what they say, found out in a shadow: each is applied, undone and applied again, and so is the
//! whole chain. Repeatables come behind that.

mod bench;
mod checkpoints;
mod finding;
mod repeatables;
mod report;
pub(crate) mod server_wide;

use pgkeel_connect::Config;
use tokio::time::Instant;

use self::bench::{Bench, of_file};
pub use self::finding::{ChainProof, CheckpointProof, Finding, Proof, RepeatablesProof, StepProof};
use crate::{LockFile, Migrations, Scope, Snapshot, Stop, VerifyError};

/// Proves migrations, each and as a chain, in databases of its own.
///
/// ```no_run
/// use pgkeel_connect::Config;
/// use pgkeel_migrate::{Migrations, Prover};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let prover = Prover::new(Config::from_env()?, Migrations::from_dir("migrations")?);
/// let proof = prover.prove_with(|step| print!("{step}")).await?;
/// print!("{}", proof.chain);
/// if proof.is_sound() {
///     proof.lock.write("migrations")?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Prover {
    server: Config,
    migrations: Migrations,
    scope: Scope,
    is_private: bool,
    stop: Stop,
}

impl Prover {
    /// For these migrations, with shadows on this server ([`Shadow::create`](crate::Shadow::create)).
    #[must_use]
    pub fn new(server: Config, migrations: Migrations) -> Self {
        Self { server, migrations, scope: Scope::default(), is_private: false, stop: Stop::new() }
    }

    /// The same with other sides of the schema compared.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same with files that create roles and the like run too: nobody else uses that server.
    #[must_use]
    pub fn on_a_private_server(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// The same, ending early when this is asked for. What is running is cancelled then, and no shadow is left.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Applies the files one after the other, and writes down what the schema is after each.
    ///
    /// # Errors
    /// [`VerifyError::Migrate`] with the file that cannot be applied, [`VerifyError::OtherOutcome`] with the checkpoint that
    /// does not make what its files make, [`VerifyError::ServerWide`], those of
    /// [`Shadow::create`](crate::Shadow::create), [`VerifyError::Stopped`], and that the server does not answer.
    ///
    /// # Cancellation
    /// Dropping the future drops the shadow in the background; if the process ends before that, it is dropped by a later call.
    /// To have it dropped first, use [`Stop`].
    pub async fn lock(&self) -> Result<LockFile, VerifyError> {
        self.refuse_server_wide()?;
        let mut bench = Box::pin(Bench::open(self)).await?;
        let locked = Box::pin(lock(&mut bench)).await; // Files that run take room.
        bench.close(locked).await
    }

    /// Applies each file, undoes it, and applies it again; then undoes all and applies all again. A file whose down does
    /// wrong does not keep the next from being proved: what is before it is made anew. Behind all of that repeatables are
    /// applied, and applied again, which must not change the schema. A checkpoint is held against the files that it takes the
    /// place of, as far as they are there.
    ///
    /// Findings are no errors: see [`Proof::is_sound`].
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    ///
    /// # Cancellation
    /// As [`lock`](Self::lock).
    pub async fn prove(&self) -> Result<Proof, VerifyError> {
        self.prove_with(|_| {}).await
    }

    /// As [`prove`](Self::prove), telling of each file as soon as it is proved.
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    ///
    /// # Cancellation
    /// As [`lock`](Self::lock).
    pub async fn prove_with(&self, observe: impl FnMut(&StepProof) + Send) -> Result<Proof, VerifyError> {
        self.refuse_server_wide()?;
        let start = Instant::now();
        let mut bench = Box::pin(Bench::open(self)).await?;
        let proved = Box::pin(prove(&mut bench, observe)).await;
        let (steps, chain, checkpoints, repeatables, lock) = bench.close(proved).await?;
        Ok(Proof { steps, chain, checkpoints, repeatables, lock, took: start.elapsed() })
    }

    fn refuse_server_wide(&self) -> Result<(), VerifyError> {
        if self.is_private { Ok(()) } else { server_wide::refuse(&self.migrations) }
    }
}

async fn lock(bench: &mut Bench<'_>) -> Result<LockFile, VerifyError> {
    let (mut schemas, major) = (Vec::new(), bench.look().await?.major());
    for upto in 1..=bench.len() {
        schemas.push(bench.up(upto).await?.fingerprint());
    }
    let repeatables = bench.repeat().await?;
    let (proofs, checkpoints) = bench.prove_checkpoints(&schemas).await?;
    checkpoints::refuse(proofs)?;
    Ok(bench.lock(&schemas, major).with_checkpoints(checkpoints).with_repeatables(repeatables))
}

type Proved = (Vec<StepProof>, ChainProof, Vec<CheckpointProof>, Option<RepeatablesProof>, LockFile);

async fn prove(
    bench: &mut Bench<'_>,
    mut observe: impl FnMut(&StepProof) + Send,
) -> Result<Proved, VerifyError> {
    let empty = bench.look().await?;
    let (mut steps, mut schemas, mut before) = (Vec::new(), Vec::new(), empty.clone());
    // Where undoing the whole chain has to stop, and what the schema is there.
    let mut bottom = (0, empty);
    for upto in 1..=bench.len() {
        let start = Instant::now();
        let after = bench.up(upto).await?;
        schemas.push(after.fingerprint());
        if bench.file(upto).down().is_none() {
            bottom = (upto, after.clone());
        }
        let findings = round_trip(bench, upto, &before, &after).await?;
        let (file, version) = (bench.file(upto).file().to_owned(), bench.file(upto).version());
        let step = StepProof { version, file, schema: after.fingerprint(), findings, took: start.elapsed() };
        observe(&step);
        steps.push(step);
        before = after;
    }
    let chain = whole_chain(bench, bottom, &before).await?;
    let is_whole = chain.findings.is_empty();
    if !is_whole && bench.has_repeatables() {
        bench.rebuild(bench.len()).await?;
    }
    let (repeatables, locked) = bench.prove_repeatables().await?;
    let (checkpoints, proved) = bench.prove_checkpoints(&schemas).await?;
    let lock = bench.lock(&schemas, before.major()).with_checkpoints(proved).with_repeatables(locked);
    Ok((steps, chain, checkpoints, repeatables, lock))
}

/// Down and up again; afterwards the schema is as it was before.
async fn round_trip(
    bench: &mut Bench<'_>,
    upto: usize,
    before: &Snapshot,
    after: &Snapshot,
) -> Result<Vec<Finding>, VerifyError> {
    if bench.file(upto).down().is_none() {
        return Ok(vec![Finding::NoDown]);
    }
    let mut findings = Vec::new();
    let is_as_before = 'trip: {
        match of_file(bench.down().await)? {
            Ok(found) => findings.extend(Finding::down_differs(before, &found)),
            Err(source) => {
                findings.push(Finding::DownFails { source });
                break 'trip false;
            }
        }
        match of_file(bench.up(upto).await)? {
            Ok(found) => findings.extend(Finding::again_differs(after, &found)),
            Err(source) => {
                findings.push(Finding::AgainFails { source });
                break 'trip false;
            }
        }
        !matches!(findings.last(), Some(Finding::AgainDiffers { .. }))
    };
    if !is_as_before {
        bench.rebuild(upto).await?;
    }
    Ok(findings)
}

/// From the top down to the newest file without a down, and up again.
async fn whole_chain(
    bench: &mut Bench<'_>,
    (bottom, below): (usize, Snapshot),
    top: &Snapshot,
) -> Result<ChainProof, VerifyError> {
    let mut chain = ChainProof { undone: 0, stays: bench.names(bottom), findings: Vec::new() };
    for _ in bottom..bench.len() {
        if let Err(source) = of_file(bench.run_down().await)? {
            chain.findings.push(Finding::DownFails { source });
            return Ok(chain);
        }
        chain.undone += 1;
    }
    chain.findings.extend(Finding::down_differs(&below, &bench.look().await?));
    match of_file(bench.up(bench.len()).await)? {
        Ok(found) => chain.findings.extend(Finding::again_differs(top, &found)),
        Err(source) => chain.findings.push(Finding::AgainFails { source }),
    }
    Ok(chain)
}
