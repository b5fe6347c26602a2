//! The steps, one file each, and their registry.

pub mod confirm_delivery;
mod counted;
pub mod issue_order;
pub mod match_donor;
mod trivial;
pub mod validate_priority;

pub use counted::Counted;
pub use trivial::Trivial;

use std::sync::Arc;

use crate::connectors::Connector;
use crate::step::Step;

/// Every step that pipelines may name.
#[must_use]
pub fn registry(connector: &Arc<dyn Connector>) -> Vec<Arc<dyn Step>> {
    vec![
        Arc::new(validate_priority::ValidatePriority::new(connector.clone())),
        Arc::new(match_donor::MatchDonor),
        Arc::new(issue_order::IssueOrder),
        Arc::new(confirm_delivery::ConfirmDelivery),
    ]
}
