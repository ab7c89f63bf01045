use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::batch::{Batch, Maker};
use super::inspect::Target;
use super::job::{Job, Looked};
use super::pace::Pace;
use super::patience::Patience;
use super::plan::Plan;
use super::progress::{Meter, Progress};
use super::range::Range;
use super::state::RotationState;
use super::{Rotation, RotationProblem, Step};
use crate::Executor;

/// How often a worker looks that has nothing to do, as others are at the last ranges or the rotation is paused.
const LOOKING: Duration = Duration::from_millis(200);

/// How long a worker tries to give back a range that it leaves.
const GIVING_BACK: Duration = Duration::from_secs(1);

/// So many values of slow indexes are computed at once, as nothing else is done on this thread meanwhile.
const SLOW: u32 = 16;

/// How it went with a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// It is done, or somebody else's by now.
    Through,
    /// Something is left to do.
    Astray,
}

/// One that works on a rotation.
pub(super) struct Worker<'w, E, O> {
    pub(super) rotation: &'w Rotation<'w>,
    pub(super) db: &'w E,
    pub(super) target: &'w Target,
    pub(super) plan: &'w Plan<'w>,
    pub(super) job: Job,
    pub(super) observe: &'w O,
}

impl<E: Executor, O: Fn(&Progress) + Sync> Worker<'_, E, O> {
    /// Until the rotation has ended, by this worker or others.
    pub(super) async fn work(&self) -> Result<(), RotationProblem> {
        let (mut patience, mut meter) = (Patience::new(self.rotation.patience), Meter::new());
        let is_slow = self.plan.indexes().iter().any(|index| index.spec.cost().is_some());
        let most_rows = if is_slow { SLOW.min(self.rotation.most_rows) } else { self.rotation.most_rows };
        let of_rate = self.rotation.rate.as_ref().map_or(u32::MAX, |rate| rate.most_rows());
        let mut pace = Pace::new(most_rows.min(of_rate));
        let least_passes = self.plan.least_passes();
        let mut paused: Option<Instant> = None;
        loop {
            let Some(looked) = patience.with(Step::Look, self.job.look(self.db)).await? else { continue };
            match looked.state {
                RotationState::Running => paused = None,
                RotationState::Paused => {
                    let waited = paused.get_or_insert_with(Instant::now).elapsed();
                    if waited > self.rotation.longest_pause {
                        return Err(RotationProblem::Paused { id: self.job.id, waited });
                    }
                    patience.renew();
                    sleep(LOOKING).await;
                    continue;
                }
                RotationState::Cancelled | RotationState::Finished | RotationState::Unsettled => {
                    return Ok(());
                }
            }
            self.check_key()?;
            match patience.with(Step::Claim, self.claim(&looked)).await? {
                Some(Some(mut range)) => {
                    let went =
                        self.go_through(&mut range, &looked, &mut pace, &mut patience, &mut meter).await;
                    if !matches!(went, Ok(Went::Through)) {
                        // If that fails, others have to wait until the lease is over.
                        let _ = timeout(GIVING_BACK, self.job.give_back(self.db, &range)).await;
                        went?;
                    }
                }
                Some(None) if looked.is_cut => {
                    if patience
                        .with(Step::EndPass, self.job.end_pass(self.db, looked.pass, least_passes))
                        .await?
                        == Some(false)
                    {
                        patience.renew();
                        sleep(LOOKING).await;
                    }
                }
                Some(None) | None => {}
            }
        }
    }

    /// A range that was left by somebody, or the next one.
    async fn claim(&self, looked: &Looked) -> Result<Option<Range>, RotationProblem> {
        let Rotation { lease, range_rows, owner, .. } = self.rotation;
        let taken = self.job.take(self.db, self.target, looked, *lease, owner).await?;
        if taken.is_some() || looked.is_cut {
            return Ok(taken);
        }
        self.job.cut(self.db, self.target, looked, *range_rows, owner).await
    }

    /// Batch by batch, until the range is done or lost, the rotation does not run any more, or something is in the way.
    async fn go_through(
        &self,
        range: &mut Range,
        looked: &Looked,
        pace: &mut Pace,
        patience: &mut Patience,
        meter: &mut Meter,
    ) -> Result<Went, RotationProblem> {
        let &Rotation { vault, column, lock_timeout, most_failures, .. } = self.rotation;
        let &Self { target, plan, job, .. } = self;
        let only_looks = plan.only_looks(range.pass);
        meter.come_to(looked.pass, self.left(looked, 0));
        let before = meter.done.scanned;
        let maker = Maker { vault, column, target, plan, job, only_looks };
        loop {
            let begun = Instant::now();
            let header = self.check_key()?;
            let reading = Batch::read(self.db, &maker, range, header, pace.batch());
            let Some(batch) = patience.with(Step::Read, reading).await? else {
                pace.halve();
                return Ok(Went::Astray);
            };
            let is_done = batch.len() < pace.batch() as usize;
            let mut worked = batch.work(&maker)?;
            let writing = Instant::now();
            let written = worked.write(self.db, &maker, range, is_done, lock_timeout);
            let mut written = patience.with(Step::Write, written).await;
            if written.as_ref().is_err_and(RotationProblem::is_duplicate) {
                if !worked.give_up() {
                    // Which row it is shows once it is alone.
                    pace.fewer_than(batch.len());
                    continue;
                }
                let writing = worked.write(self.db, &maker, range, is_done, lock_timeout);
                written = patience.with(Step::Write, writing).await;
            }
            let Some(written) = written? else {
                // Whether it was written is not known: if so, the range is further by now. So it is taken again.
                pace.halve();
                return Ok(Went::Astray);
            };
            let Some((counts, state)) = written else { return Ok(Went::Through) };
            patience.renew();
            pace.learn(batch.len(), batch.bytes(), writing.elapsed());
            meter.done.add(counts);
            let left = self.left(looked, meter.done.scanned - before);
            (self.observe)(&self.progress(looked, *pace, meter, left));
            if let Some(rate) = &self.rotation.rate {
                sleep(rate.rest(batch.len(), begun)).await;
            }
            let failed = meter.done.failed;
            match worked.last_failure() {
                Some(class) if failed > most_failures => {
                    return Err(RotationProblem::TooManyFailures { failed, class });
                }
                _ if is_done => return Ok(Went::Through),
                _ if state != RotationState::Running => return Ok(Went::Astray),
                _ => range.cursor = batch.last(),
            }
        }
    }

    /// The header of what is sealed now, if the rotation's key is still the primary one.
    fn check_key(&self) -> Result<[u8; 8], RotationProblem> {
        let (header, found) = self.rotation.current()?;
        let to_key = self.job.to_key;
        if found == to_key { Ok(header) } else { Err(RotationProblem::OtherPrimary { to_key, found }) }
    }

    /// Of the pass, as a part of 1, with so many rows read since it was looked.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn left(&self, looked: &Looked, since: u64) -> Option<f64> {
        let rows = self.target.rows.filter(|rows| *rows > 0)?;
        let whole_ranges = looked.done as f64 * f64::from(self.rotation.range_rows);
        Some((1.0 - (whole_ranges + looked.begun as f64 + since as f64) / rows as f64).max(0.0))
    }

    fn progress(&self, looked: &Looked, pace: Pace, meter: &Meter, left: Option<f64>) -> Progress {
        Progress {
            rotation: self.job.id,
            pass: looked.pass,
            done: meter.done,
            rows_per_second: meter.rows_per_second(),
            batch: pace.batch(),
            left,
            seconds_left: left.and_then(|left| meter.seconds_left(left)),
        }
    }
}
