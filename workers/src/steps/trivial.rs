//! A step that does nothing but count: the bare engine, as workload W4 measures it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;

use crate::step::{Progress, Step, StepError};

/// Counts its executions and is done.
#[derive(Debug, Clone)]
pub struct Trivial {
    name: &'static str,
    runs: Arc<AtomicU64>,
}

impl Trivial {
    /// A step of this name.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, runs: Arc::default() }
    }

    /// How often it ran.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Step for Trivial {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn run(&self, _: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        self.runs.fetch_add(lots.len() as u64, Ordering::Relaxed);
        let done = |lot| Progress::new(lot, StepResult::Done, "lot.stepped");
        Ok(lots.into_iter().map(done).collect())
    }
}
