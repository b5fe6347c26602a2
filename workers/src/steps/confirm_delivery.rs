//! Delivery: an ordered lot waits for its goods. Reports about them arrive as documents (see
//! `documents/delivery.rs`). The calendar chases overdue deliveries (see `jobs/calendar.rs`).

use async_trait::async_trait;
use waybill_shared::domain::kinds::{LotEvent, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;

use crate::step::{Progress, Step, StepError};

pub struct ConfirmDelivery;

#[async_trait]
impl Step for ConfirmDelivery {
    fn name(&self) -> &'static str {
        StepKind::ConfirmDelivery.name()
    }

    async fn run(&self, _: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let follow = |lot: Lot| {
            let result = match (lot.state(), &lot.order) {
                (LotState::Waiting { awaits, .. }, _) => {
                    StepResult::Wait { awaits: awaits.clone(), until: None }
                }
                (_, Some(order)) => {
                    let awaits = Awaited::Delivery { order: order.clone() };
                    StepResult::Wait { awaits, until: None }
                }
                (_, None) => StepResult::Park { cause: "it has no order".to_owned() },
            };
            Progress::new(lot, result, LotEvent::DeliveryAwaited)
        };
        Ok(lots.into_iter().map(follow).collect())
    }
}
