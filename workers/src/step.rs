//! What a step is.

use async_trait::async_trait;
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::transition::{StepResult, UnknownVersion};
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotChange, NewJob, RecordChange, StoreError};

/// What one attempt did to one lot.
#[derive(Debug)]
pub struct Progress {
    /// The lot as it was taken.
    pub before: Lot,
    /// The lot as the step leaves it; the runner sets its state from `result`.
    pub after: Lot,
    /// How the attempt ended.
    pub result: StepResult,
    /// The event's kind, such as `lot.validated`.
    pub kind: LotEvent,
    /// Other lots that change with it: parts split off.
    pub with: Vec<LotChange>,
    /// Records that change with it.
    pub records: Vec<RecordChange>,
    /// Jobs that follow from it.
    pub jobs: Vec<NewJob>,
}

impl Progress {
    /// The lot as it is, and how the attempt ended.
    #[must_use]
    pub fn new(lot: Lot, result: StepResult, kind: LotEvent) -> Self {
        let (with, records, jobs) = (Vec::new(), Vec::new(), Vec::new());
        Self { before: lot.clone(), after: lot, result, kind, with, records, jobs }
    }
}

/// Why a step could not run at all; its lots are tried again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store could not be read.
    #[error("the step could not read what it needs")]
    Store(#[from] StoreError),
}

impl From<UnknownVersion> for StepError {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Store(unknown.into())
    }
}

/// One step of a pipeline. To add one: a file in `steps/`, a line in its registry, a name in
/// `pipeline.toml`.
#[async_trait]
pub trait Step: Send + Sync {
    /// The name, as pipelines call it.
    fn name(&self) -> &'static str;

    /// Runs one attempt for each of `lots`, which are due at this step.
    ///
    /// # Errors
    /// [`StepError`] if no attempt could be made; a fault of one lot is its own [`StepResult`].
    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError>;
}
