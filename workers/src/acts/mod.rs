//! The acts, one file each or a family, and their registry.

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
pub(crate) mod windows;

use std::sync::Arc;

use waybill_shared::act::Act;

use crate::connectors::Connector;
use crate::webhooks::Deliver;

/// Every act of the workers.
#[must_use]
pub fn registry(connector: &Arc<dyn Connector>) -> Vec<Arc<dyn Act>> {
    vec![
        Arc::new(document::TakeDocument::new(connector.clone())),
        Arc::new(round::Round::new(connector.clone())),
        Arc::new(gather::Gather::new(connector.clone())),
        Arc::new(send::Send::new(connector.clone())),
        Arc::new(tell::Tell::new(connector.clone())),
        Arc::new(calendar::Lapse),
        Arc::new(calendar::Chase),
        Arc::new(calendar::Digest),
        Arc::new(Deliver::default()),
    ]
}
