//! Delivery: an ordered lot waits for its advices. They are taken as documents (see
//! `acts/document`); what is overdue is chased by the calendar (see `acts/chase`).

use async_trait::async_trait;
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;

use super::issue_order::not_raised;
use crate::step::{Progress, Step, StepError};

/// The step's name.
pub const NAME: &str = "confirm_delivery";

/// The step.
pub struct ConfirmDelivery;

#[async_trait]
impl Step for ConfirmDelivery {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn run(&self, _: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let follow = |lot: Lot| {
            if matches!(lot.state.awaits(), Some(Awaited::Consent { .. })) {
                return not_raised(lot);
            }
            let result = match (&lot.state, &lot.order) {
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
