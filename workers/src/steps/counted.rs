//! A step that counts how often it ran, for benchmarks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use waybill_shared::domain::lot::Lot;
use waybill_shared::engine::Engine;

use crate::step::{Progress, Step, StepError};

/// Wraps a step and counts the lots that it ran on.
#[derive(Clone)]
pub struct Counted {
    step: Arc<dyn Step>,
    runs: Arc<AtomicU64>,
}

impl Counted {
    #[must_use]
    pub fn new(step: Arc<dyn Step>) -> Self {
        Self { step, runs: Arc::default() }
    }

    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Step for Counted {
    fn name(&self) -> &'static str {
        self.step.name()
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        self.runs.fetch_add(lots.len() as u64, Ordering::Relaxed);
        self.step.run(engine, lots).await
    }
}
