//! The contract of a step.

use async_trait::async_trait;
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::transition::{StepResult, UnknownVersion};
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotChange, NewJob, RecordChange, StoreError};

/// The result of one attempt for one lot.
#[derive(Debug)]
pub struct Progress {
    /// The lot as it was taken.
    pub before: Lot,
    /// The lot as the step leaves it. The runner sets its state from `result`.
    pub after: Lot,
    pub result: StepResult,
    pub kind: LotEvent,
    /// Other lots that change together with it, such as parts that are split off.
    pub with: Vec<LotChange>,
    /// Records that change together with it.
    pub records: Vec<RecordChange>,
    /// Jobs that follow from it.
    pub jobs: Vec<NewJob>,
}

impl Progress {
    /// A result that leaves the lot unchanged except for its state.
    #[must_use]
    pub fn new(lot: Lot, result: StepResult, kind: LotEvent) -> Self {
        let (with, records, jobs) = (Vec::new(), Vec::new(), Vec::new());
        Self { before: lot.clone(), after: lot, result, kind, with, records, jobs }
    }
}

/// Why a step could not run at all. Its lots are tried again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("the step could not read what it needs")]
    Store(#[from] StoreError),
}

impl From<UnknownVersion> for StepError {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Store(unknown.into())
    }
}

/// One step of a pipeline. To add a step, add a file in `steps/`, a line in its registry and its
/// name in `pipeline.toml`.
#[async_trait]
pub trait Step: Send + Sync {
    /// The name that pipelines use.
    fn name(&self) -> &'static str;

    /// Makes one attempt for each of `lots`, which are due at this step.
    ///
    /// # Errors
    /// [`StepError`] if no attempt could be made. A problem with a single lot is reported in its
    /// own [`StepResult`].
    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError>;
}
