//! Matching: a lot that arrives waits for money and asks for a round. Rounds decide about all
//! waiting lots together (see `jobs/round.rs`).

use async_trait::async_trait;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;

use crate::step::{Progress, Step, StepError};
use crate::wanted;

pub struct MatchDonor;

#[async_trait]
impl Step for MatchDonor {
    fn name(&self) -> &'static str {
        StepKind::MatchDonor.name()
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let wait = || StepResult::Wait { awaits: Awaited::Funding, until: None };
        let mut done = Vec::with_capacity(lots.len());
        for lot in lots {
            let mut progress = match lot.state().clone() {
                LotState::Waiting { awaits: Awaited::Consent { .. }, .. } => {
                    let mut progress = Progress::new(lot, wait(), LotEvent::ConsentExpired);
                    let unanswered = progress.after.proposed();
                    progress.after.refused.extend(unanswered);
                    progress.after.release();
                    progress
                        .after
                        .because(ReasonCode::ConsentExpired, "a donor did not answer in time");
                    progress
                }
                LotState::Waiting { awaits: Awaited::Acceptance { contribution }, .. } => {
                    let mut progress = Progress::new(lot, wait(), LotEvent::AcceptanceExpired);
                    progress.after.refused.push(contribution);
                    progress.after.release();
                    progress
                        .after
                        .because(ReasonCode::AcceptanceExpired, "the offer in kind lapsed");
                    progress
                }
                LotState::Ready { .. }
                | LotState::RetryAt { .. }
                | LotState::Waiting { .. }
                | LotState::Parked { .. }
                | LotState::Closed(_) => Progress::new(lot, wait(), LotEvent::WaitsForMoney),
            };
            progress.jobs.push(wanted::round(engine));
            done.push(progress);
        }
        Ok(done)
    }
}
