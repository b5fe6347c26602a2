//! A step that does nothing. Workload W4 uses it to measure the bare engine.

use async_trait::async_trait;
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;

use crate::step::{Progress, Step, StepError};

#[derive(Debug, Clone)]
pub struct Trivial {
    name: &'static str,
}

impl Trivial {
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name }
    }
}

#[async_trait]
impl Step for Trivial {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn run(&self, _: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let done = |lot| Progress::new(lot, StepResult::Done, LotEvent::Stepped);
        Ok(lots.into_iter().map(done).collect())
    }
}
