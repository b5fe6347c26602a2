//! How the outside is reached: questions are put, orders are sent, documents come back.

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

/// What the outside is asked, or told to expect.
#[derive(Debug)]
pub enum ConnectorQuery<'a> {
    /// A group reviews a lot.
    Review {
        /// The lot.
        lot: &'a Lot,
        /// Its line.
        line: &'a Line,
        /// The group.
        group: &'a str,
        /// Whether it may ask for the same as an earlier line.
        is_duplicate: bool,
    },
    /// A requester accepts goods in kind.
    Acceptance {
        /// The lot.
        lot: &'a Lot,
        /// Its line.
        line: &'a Line,
    },
    /// A donor agrees to the use of its money.
    Consent {
        /// The lot.
        lot: &'a Lot,
        /// Its line.
        line: &'a Line,
        /// The envelope that would pay.
        envelope: &'a str,
        /// Those of its donors who have to agree.
        donors: &'a [String],
    },
    /// Somebody approves an order above the limit.
    Approval {
        /// The order.
        order: &'a Order,
    },
    /// The secretariat decides on terms that a supplier changed.
    Terms {
        /// The order.
        order: &'a Order,
        /// How often its lines were filed, once they are as they are now.
        version: i64,
        /// Whether somebody would pay what they cost.
        is_payable: bool,
    },
    /// A supplier delivers these lots of an order.
    Delivery {
        /// The order.
        order: &'a Order,
        /// The lots that are to come, with their lines.
        lots: &'a [(&'a Lot, &'a Line)],
    },
    /// A buying agent pays for these lots of an order.
    Payment {
        /// The order.
        order: &'a Order,
        /// What each costs.
        lots: &'a [(&'a Lot, Money)],
    },
}

/// A way to the outside.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Puts a question. What it returns is stored together with the state that waits for the
    /// answer.
    fn ask(&self, question: ConnectorQuery<'_>, now: Timestamp) -> Vec<NewJob>;

    /// Sends an order's bytes, which ask for `lots`. Called again with the same bytes if the outcome is not known; the
    /// order's number tells the receiver that it is a repeat.
    ///
    /// # Errors
    /// [`JobError::Outside`] if it could not be sent.
    async fn send(
        &self,
        order: &Order,
        lots: &[Lot],
        bytes: &str,
        now: Timestamp,
    ) -> Result<Vec<NewJob>, JobError>;

    /// Tells the supplier of an order something more about it: a change, a cancellation. Called again
    /// with the same bytes if the outcome is not known; `number` tells the receiver that it is a repeat.
    ///
    /// # Errors
    /// [`JobError::Outside`] if it could not be sent.
    async fn tell(&self, number: &str, bytes: &str) -> Result<(), JobError>;
}

/// The connector that `pipeline` names, with its files in `folder`.
///
/// # Errors
/// What keeps its folders from being made.
pub fn open(pipeline: &Pipeline, folder: &Path) -> Result<Arc<dyn Connector>, std::io::Error> {
    Ok(match &pipeline.connector {
        ConnectorConfig::Files => Arc::new(FilesConnector::open(folder)?),
        ConnectorConfig::Sandbox(config) => Arc::new(Sandbox::open(config.clone(), folder)?),
    })
}
