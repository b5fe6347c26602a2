//! The steps, one file each, and their registry.

pub mod confirm_delivery;
mod counted;
pub mod issue_order;
pub mod match_donor;
mod runner;
mod trivial;
pub mod validate_priority;

pub use counted::Counted;
pub use runner::run_step;
pub use trivial::Trivial;

use std::sync::Arc;

use crate::connectors::Connector;
use crate::step::Step;
use waybill_shared::domain::kinds::StepKind;

/// Every step that pipelines may name.
#[must_use]
pub fn registry(connector: &Arc<dyn Connector>) -> Vec<Arc<dyn Step>> {
    StepKind::ALL.iter().map(|kind| step(*kind, connector)).collect()
}

fn step(kind: StepKind, connector: &Arc<dyn Connector>) -> Arc<dyn Step> {
    match kind {
        StepKind::ValidatePriority => {
            Arc::new(validate_priority::ValidatePriority::new(connector.clone()))
        }
        StepKind::MatchDonor => Arc::new(match_donor::MatchDonor),
        StepKind::IssueOrder => Arc::new(issue_order::IssueOrder),
        StepKind::ConfirmDelivery => Arc::new(confirm_delivery::ConfirmDelivery),
    }
}
