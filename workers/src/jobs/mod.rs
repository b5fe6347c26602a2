//! The job handlers, each or each family in a file, and their registry.

mod approval;
pub(crate) mod binding;
mod calendar;
mod call_offs;
pub mod document;
pub mod gather;
pub(crate) mod in_kind;
pub(crate) mod overdrawn;
mod quantities;
pub mod round;
pub mod send;
pub mod tell;
mod unfunded;

use std::sync::Arc;

use waybill_shared::domain::kinds::JobKind;
use waybill_shared::job::JobHandler;

use crate::connectors::Connector;
use crate::webhooks::Deliver;

/// All job handlers of the workers.
#[must_use]
pub fn registry(connector: &Arc<dyn Connector>) -> Vec<Arc<dyn JobHandler>> {
    JobKind::ALL.iter().filter_map(|kind| handler(*kind, connector)).collect()
}

/// The handler of jobs of `kind`, or `None` if schedulers handle them.
fn handler(kind: JobKind, connector: &Arc<dyn Connector>) -> Option<Arc<dyn JobHandler>> {
    let connector = connector.clone();
    Some(match kind {
        JobKind::Document => Arc::new(document::TakeDocument::new(connector)),
        JobKind::Lapse => Arc::new(calendar::Lapse),
        JobKind::Round => Arc::new(round::Round::new(connector)),
        JobKind::Gather => Arc::new(gather::Gather::new(connector)),
        JobKind::Send => Arc::new(send::Send::new(connector)),
        JobKind::Tell => Arc::new(tell::Tell::new(connector)),
        JobKind::Chase => Arc::new(calendar::Chase),
        JobKind::Digest => Arc::new(calendar::Digest),
        JobKind::Webhook => Arc::new(Deliver::default()),
        JobKind::Contribution | JobKind::Opening | JobKind::Requisition | JobKind::Cron => {
            return None;
        }
    })
}
