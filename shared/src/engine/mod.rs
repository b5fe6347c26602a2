//! What scheduler, workers and API share: the store, the broker, the clock, and the way to wake the relay.

pub mod incidents;
pub mod job;
pub mod pauses;
pub mod presence;
pub mod request_mark;
pub mod sealed;
pub mod timekeeper;
mod turns;
pub mod versions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::{broadcast, mpsc};

use crate::broker::Broker;
use crate::clock::Clock;
use crate::domain::coalition::Coalition;
use crate::domain::ids::LineId;
use crate::domain::kinds::{LotEvent, Milestone, RecordKind};
use crate::domain::lot::{Lot, LotState};
use crate::domain::pipeline::{CronEntry, Pipeline};
use crate::domain::requisition::Line;
use crate::domain::transition::{Situation, StepResult, TransitionError, UnknownVersion, advance};

use crate::clock::Doubt;
use crate::metrics::Metrics;
use crate::pauses::Pauses;
use crate::presence::Vitals;
use crate::sealing::Keys;
use crate::store::reference::add;
use crate::store::{ChangeSet, Fate, Hint, Lease, LotChange, Store, StoreError};
use crate::timekeeper::Timekeeper;
use crate::versions::{Version, Versions};
use turns::Turns;

/// The number of batches of hints that may wait for the relay. Whatever does not fit is found in the store.
const WAKES: usize = 1024;

/// The number of commits by which a slow follower may lag.
const FOLLOWED: usize = 65_536;

/// How often to check whether a stopped queue may continue.
const STOPPED: Duration = Duration::from_millis(250);

/// The maximum number of lines in the cache.
const LINES: usize = 65_536;

/// The parts that every role shares. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The authoritative state.
    pub store: Arc<dyn Store>,
    pub broker: Arc<dyn Broker>,
    /// Business time.
    pub clock: Clock,
    /// Whether the clock can be trusted.
    pub timekeeper: Arc<Timekeeper>,
    /// What somebody has paused.
    pub pauses: Arc<Pauses>,
    /// What currently keeps this process from working.
    pub vitals: Arc<Vitals>,
    /// Keys that seal and open confidential values. Without keys, values are stored in plain text.
    pub keys: Arc<Keys>,
    pub metrics: Arc<Metrics>,
    /// All versions of the pipeline that were read. New lots start with the last one.
    versions: Arc<Versions>,
    wake: mpsc::Sender<Vec<Hint>>,
    cache: Arc<Cache>,
    committed: broadcast::Sender<Committed>,
    /// Keeps simultaneous intakes of lines apart.
    pub(crate) turns: Arc<Turns>,
}

/// What a commit did, for followers of the engine.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The numbers of the lots that it closed.
    pub closed: Vec<i64>,
}

/// Values read from the store, with the generation under which they were read.
#[derive(Debug, Default)]
struct Cache {
    coalition: Mutex<Option<(i64, Arc<Coalition>)>>,
    lines: Mutex<(i64, HashMap<LineId, Arc<Line>>)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The relay's end of [`Engine::commit`]: what became due.
pub type Wakes = mpsc::Receiver<Vec<Hint>>;

impl Engine {
    /// An engine on `store` and `broker`, and the channel on which its relay listens. `pipelines` are all versions,
    /// oldest first.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        clock: Clock,
        pipelines: Vec<Pipeline>,
    ) -> (Self, Wakes) {
        let (wake, wakes) = mpsc::channel(WAKES);
        let versions = Arc::new(Versions::of(pipelines));
        let cache = Arc::default();
        let (committed, _) = broadcast::channel(FOLLOWED);
        let (metrics, vitals, pauses) = (Arc::default(), Arc::default(), Arc::default());
        let (turns, timekeeper, keys) = Default::default();
        (
            Self {
                store,
                broker,
                clock,
                timekeeper,
                vitals,
                pauses,
                keys,
                metrics,
                versions,
                wake,
                cache,
                committed,
                turns,
            },
            wakes,
        )
    }

    /// Notifications of future commits, sent after they are durable.
    #[must_use]
    pub fn commits(&self) -> broadcast::Receiver<Committed> {
        self.committed.subscribe()
    }

    /// Why this process's clock is not trusted; `None` if it is. Without trust, nothing may be done.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        if self.clock.is_virtual() { None } else { self.timekeeper.doubt(self.clock.now()) }
    }

    /// Compares this process's clock with the database's clock and with the machine's uptime.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked.
    pub async fn look_at_clock(&self) -> Result<Option<Doubt>, StoreError> {
        if self.clock.is_virtual() {
            return Ok(None);
        }
        self.timekeeper.look(&*self.store, || self.clock.now()).await
    }

    /// Whether `queue` must not be served now, because of a pause or the clock.
    #[must_use]
    pub fn is_stopped(&self, queue: &str) -> bool {
        self.doubt().is_some() || self.pauses.stop(queue)
    }

    /// Waits until `queue` may be served again, or the broker is closed. Meanwhile nothing is taken, so that a process
    /// that may serve the queue can take it.
    pub async fn until_goes_on(&self, queue: &str) {
        while self.is_stopped(queue) && !self.broker.is_closed() {
            tokio::time::sleep(STOPPED).await;
        }
    }

    /// The pipeline that new lots start with.
    #[must_use]
    pub fn pipeline(&self) -> &Arc<Pipeline> {
        &self.versions.latest().1.pipeline
    }

    /// Reads the versions of the pipeline that were added since the last read, and returns how many.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn learn_versions(&self) -> Result<u32, StoreError> {
        self.versions.learn(&*self.store).await
    }

    /// The calendar of the current pipeline, and the daily duties that it does not schedule itself.
    ///
    /// # Errors
    /// [`StoreError`] if the coalition's time zone cannot be read.
    pub async fn calendar(&self) -> Result<Vec<CronEntry>, StoreError> {
        Ok(self.pipeline().calendar(self.coalition().await?.zone()))
    }

    /// All known versions of the pipeline, newest first.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        let mut known: Vec<&Pipeline> =
            self.versions.iter().map(|known| &*known.pipeline).collect();
        known.reverse();
        known.into_iter()
    }

    /// The number of the current pipeline, from 1.
    #[must_use]
    pub fn pipeline_version(&self) -> u32 {
        self.versions.latest().0
    }

    /// The pipeline that `lot` started with.
    ///
    /// # Errors
    /// [`UnknownVersion`] if this process has not read it yet. Then other processes decide about the lot, or this one
    /// does later.
    pub fn pipeline_of(&self, lot: &Lot) -> Result<&Arc<Pipeline>, UnknownVersion> {
        self.versions.get(lot.pipeline).map(|version| &version.pipeline)
    }

    /// The current day in the coalition's time zone.
    #[must_use]
    pub fn today(&self, coalition: &Coalition) -> NaiveDate {
        self.clock.now().with_timezone(&coalition.zone()).date_naive()
    }

    /// The current reference data that steps look up.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn coalition(&self) -> Result<Arc<Coalition>, StoreError> {
        let generation = self.store.generation().await?;
        let rate_days = self.pipeline().match_donor.rate_days;
        if let Some((read, coalition)) = &*lock(&self.cache.coalition)
            && *read == generation
            && coalition.rate_days == rate_days
        {
            return Ok(coalition.clone());
        }
        let mut coalition = Coalition { rate_days, ..Coalition::default() };
        for kind in RecordKind::ALL.iter().copied().filter(|kind| kind.is_looked_up()) {
            for record in self.store.records(kind).await? {
                add(&mut coalition, kind, &record)?;
            }
        }
        let coalition = Arc::new(coalition);
        *lock(&self.cache.coalition) = Some((generation, coalition.clone()));
        Ok(coalition)
    }

    /// The lines of `lots`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn lines_of(
        &self,
        lots: impl IntoIterator<Item = &Lot>,
    ) -> Result<HashMap<LineId, Arc<Line>>, StoreError> {
        let generation = self.store.generation().await?;
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        {
            let mut kept = lock(&self.cache.lines);
            if kept.0 != generation {
                *kept = (generation, HashMap::new());
            }
            for id in lots.into_iter().map(Lot::line) {
                match kept.1.get(&id) {
                    Some(line) => drop(found.insert(id, line.clone())),
                    None => missing.push(id),
                }
            }
        }
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            let read = self.store.lines(&missing).await?;
            let mut kept = lock(&self.cache.lines);
            if kept.1.len() + read.len() > LINES {
                kept.1.clear();
            }
            for (id, stored) in read {
                let line = Arc::new(stored.line);
                if kept.0 == generation {
                    kept.1.insert(id, line.clone());
                }
                found.insert(id, line);
            }
        }
        Ok(found)
    }

    /// The change from `before` to `after`. The state of `after` is decided from `result`; everything else stays as
    /// given.
    ///
    /// # Errors
    /// [`TransitionError`] if the result does not fit the lot's state.
    pub fn advance(
        &self,
        before: Lot,
        mut after: Lot,
        result: StepResult,
        kind: LotEvent,
    ) -> Result<LotChange, TransitionError> {
        self.leads(&before, &mut after, result)?;
        Ok(LotChange::new(before, after, kind))
    }

    /// The change that creates the lot `part`, which was split off another lot. `result` decides where it goes from the
    /// state of that lot.
    ///
    /// # Errors
    /// [`TransitionError`] if the result does not fit that state.
    pub fn part(
        &self,
        part: Lot,
        result: StepResult,
        kind: LotEvent,
    ) -> Result<LotChange, TransitionError> {
        let mut after = part.clone();
        self.leads(&part, &mut after, result)?;
        Ok(LotChange::created(after, kind))
    }

    fn leads(
        &self,
        before: &Lot,
        after: &mut Lot,
        result: StepResult,
    ) -> Result<(), TransitionError> {
        // A reopened lot starts under the current rules.
        let is_anew = result == StepResult::Reopen;
        if is_anew {
            after.pipeline = self.pipeline_version();
        }
        let number = if is_anew { self.pipeline_version() } else { before.pipeline };
        let Version { pipeline, names, .. } = self.versions.get(number)?;
        let here = before.state().step();
        let config = pipeline.steps.iter().find(|step| Some(&step.name) == here);
        let retry = config.map(|step| step.retry).unwrap_or_default();
        // Derived from what identifies the attempt, so that a run can be repeated.
        let draw = (before.id.0 as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(before.version as u32 & 63);
        let at = Situation { steps: names, retry, now: self.clock.now(), draw };
        advance(before, after, result, &at)
    }

    /// The milestone that `lot` has reached by the steps it has passed; `None` if it has ended.
    ///
    /// # Errors
    /// [`UnknownVersion`] if its version of the pipeline was not read yet.
    pub fn reached(&self, lot: &Lot) -> Result<Option<Milestone>, UnknownVersion> {
        let pipeline = self.pipeline_of(lot)?;
        Ok(lot.state().step().map(|step| pipeline.reached_before(step)))
    }

    /// Commits `change_sets`, tells the relay what became due, and ends the lease that they were claimed under.
    ///
    /// # Errors
    /// [`StoreError`] if nothing could be committed, the clock is not trusted, or a key is missing.
    pub async fn commit(
        &self,
        mut change_sets: Vec<ChangeSet>,
        release: Option<Lease>,
    ) -> Result<Vec<Fate>, StoreError> {
        if let Some(doubt) = self.doubt() {
            release.into_iter().for_each(|lease| self.store.release(lease));
            return Err(doubt.into());
        }
        if let Err(error) = sealed::seal(&self.keys, &*self.store, &mut change_sets).await {
            release.into_iter().for_each(|lease| self.store.release(lease));
            return Err(error);
        }
        let kept = self.timekeeper.to_keep().zip(change_sets.first_mut());
        let is_kept = kept.map(|(note, change_set)| change_set.notes.push(note)).is_some();
        let is_marked = change_sets.first_mut().is_some_and(request_mark::mark);
        let mut ready: Vec<Vec<Hint>> = change_sets.iter().map(ready_lots).collect();
        let is_followed = self.committed.receiver_count() > 0;
        let mut closed: Vec<Vec<i64>> =
            if is_followed { change_sets.iter().map(closed_lots).collect() } else { Vec::new() };
        // A job that ended may have been requested again meanwhile.
        let asks = |change_set: &ChangeSet| !change_set.jobs.is_empty() || change_set.job.is_some();
        let has_jobs: Vec<bool> = change_sets.iter().map(asks).collect();
        let pauses = change_sets
            .iter()
            .flat_map(|change_set| &change_set.records)
            .any(|one| one.kind == RecordKind::Pause);
        let outcome = self.store.commit(change_sets).await;
        if let Some(lease) = release {
            self.store.release(lease);
        }
        let is_stored = matches!(&outcome, Ok(fates) if fates.first() == Some(&Fate::Committed));
        if is_kept && !is_stored {
            self.timekeeper.not_kept();
        }
        if is_marked && !is_stored {
            request_mark::not_told();
        }
        let fates = outcome?;
        // In this process the pause applies at once, in others soon.
        if pauses && let Err(error) = self.pauses.learn(&*self.store).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "pauses could not be read; they are read again later"
            );
        }
        self.vitals.moved(self.clock.now());
        let is_stale = |fate: &&Fate| matches!(fate, Fate::Stale { .. });
        self.metrics.stale(fates.iter().filter(is_stale).count());
        let mut hints = Vec::new();
        let mut look = false;
        for (i, fate) in fates.iter().enumerate() {
            if *fate == Fate::Committed {
                hints.append(&mut ready[i]);
                look |= has_jobs[i];
            }
        }
        if is_followed {
            let fated = closed.iter_mut().zip(&fates);
            let closed =
                fated.filter(|(_, fate)| **fate == Fate::Committed).flat_map(|(c, _)| c.drain(..));
            let closed: Vec<i64> = closed.collect();
            if !closed.is_empty() {
                // If nobody listens any more, nothing is lost.
                self.committed.send(Committed { closed }).ok();
            }
        }
        let hints = self.broker.keep(hints);
        if !hints.is_empty() {
            // If the channel is full, only a wake is lost, not work: the relay finds what is due in the store.
            self.wake.try_send(hints).ok();
        }
        if look {
            self.wake.try_send(Vec::new()).ok();
        }
        Ok(fates)
    }
}

fn closed_lots(change_set: &ChangeSet) -> Vec<i64> {
    let is_closed = |lot: &&Lot| matches!(lot.state(), LotState::Closed(_));
    change_set
        .lots
        .iter()
        .map(|change| &change.after)
        .filter(is_closed)
        .map(|lot| lot.id.0)
        .collect()
}

fn ready_lots(change_set: &ChangeSet) -> Vec<Hint> {
    change_set
        .lots
        .iter()
        .filter_map(|change| Hint::of_ready(&change.after, change_set.at))
        .collect()
}
