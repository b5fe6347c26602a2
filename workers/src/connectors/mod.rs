//! Connectors to the outside: questions go out, orders are sent, documents come back.

mod files;
mod sandbox;

pub use files::FilesConnector;
pub(crate) use files::InboxFolder;
pub use sandbox::Sandbox;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::pipeline::{ConnectorConfig, Pipeline};
use waybill_shared::domain::requisition::Line;
use waybill_shared::job::JobError;
use waybill_shared::store::NewJob;

/// A question to the outside, or an announcement of what it has to do.
#[derive(Debug)]
pub enum ConnectorQuery<'a> {
    /// A group has to review a lot.
    Review {
        lot: &'a Lot,
        line: &'a Line,
        group: &'a str,
        /// Whether the line may request the same as an earlier line.
        is_duplicate: bool,
    },
    /// A requester has to accept goods in kind.
    Acceptance { lot: &'a Lot, line: &'a Line },
    /// Donors have to agree to the use of their money.
    Consent {
        lot: &'a Lot,
        line: &'a Line,
        /// The envelope that would pay.
        envelope: &'a str,
        /// The donors of the envelope that have to agree.
        donors: &'a [String],
    },
    /// Somebody has to approve an order.
    Approval { order: &'a Order },
    /// The secretariat has to decide on terms that a supplier changed.
    Terms {
        order: &'a Order,
        /// The version that the record of the order's lines will have.
        version: i64,
        /// Whether somebody would pay the additional cost.
        is_payable: bool,
    },
    /// A supplier has to deliver these lots of an order.
    Delivery {
        order: &'a Order,
        /// The lots that are to be delivered, with their lines.
        lots: &'a [(&'a Lot, &'a Line)],
    },
    /// A buying agent has to pay for these lots of an order.
    Payment {
        order: &'a Order,
        /// The lots with what each costs.
        lots: &'a [(&'a Lot, Money)],
    },
}

/// A way to reach the outside.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Asks a question. The returned jobs are stored together with the state that waits for the
    /// answer.
    fn ask(&self, question: ConnectorQuery<'_>, now: Timestamp) -> Vec<NewJob>;

    /// Sends an order's bytes, which order `lots`. If the outcome is unknown, this is called again
    /// with the same bytes; the order's number tells the receiver that it is a repeat.
    ///
    /// # Errors
    /// [`JobError::Outside`] if the order could not be sent.
    async fn send(
        &self,
        order: &Order,
        lots: &[Lot],
        bytes: &str,
        now: Timestamp,
    ) -> Result<Vec<NewJob>, JobError>;

    /// Sends a supplier a further message about an order, such as a change or a cancellation. If
    /// the outcome is unknown, this is called again with the same bytes; `number` tells the
    /// receiver that it is a repeat.
    ///
    /// # Errors
    /// [`JobError::Outside`] if the message could not be sent.
    async fn tell(&self, number: &str, bytes: &str) -> Result<(), JobError>;
}

/// The connector that `pipeline` names. It keeps its files in `folder`.
///
/// # Errors
/// If its folders or files cannot be created.
pub fn open(pipeline: &Pipeline, folder: &Path) -> Result<Arc<dyn Connector>, std::io::Error> {
    Ok(match &pipeline.connector {
        ConnectorConfig::Files => Arc::new(FilesConnector::open(folder)?),
        ConnectorConfig::Sandbox(config) => Arc::new(Sandbox::open(config.clone(), folder)?),
    })
}
