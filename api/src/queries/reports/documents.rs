//! Accepted documents about orders and lots, by number and day.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::documents::{self, TakenDocument};
use waybill_shared::domain::document::Content;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::store::{Store, StoreError};

/// The number of documents read at once.
const READ: i64 = 1_000;

/// A document that was accepted, or an order that was drawn up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = FiledDocument)]
pub struct Filed {
    /// The day of the document.
    pub day: NaiveDate,
    /// The kind: `order`, `order_response`, `despatch_advice`, `receipt_advice`, `payment`, `consent`.
    pub kind: String,
    /// The sender's number for the document.
    pub number: String,
    /// The sender.
    pub sender: String,
    /// The order or lot that the document is about.
    pub about: String,
}

/// Which documents to find.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Documents from these senders.
    pub(super) senders: BTreeSet<String>,
    /// Documents about these orders.
    pub(super) orders: BTreeSet<String>,
    /// Consents about these lots, by envelope.
    pub(super) consents: BTreeSet<(LotId, String)>,
}

impl Wanted {
    /// The kind of a document and the subject that it is about. `None` if the document is not wanted.
    fn about(&self, content: &Content) -> Option<(&'static str, String)> {
        let order =
            |kind, order: &String| self.orders.contains(order).then(|| (kind, order.clone()));
        match content {
            Content::OrderResponse { order: number, .. } => order("order_response", number),
            Content::OrderChangeResponse { order: number, .. } => {
                order("order_change_response", number)
            }
            Content::DespatchAdvice { order: number, .. } => order("despatch_advice", number),
            Content::ReceiptAdvice { order: number, .. } => order("receipt_advice", number),
            Content::Payment { order: number, .. } => order("payment", number),
            Content::Consent { lot, envelope, .. } => self
                .consents
                .contains(&(*lot, envelope.clone()))
                .then(|| ("consent", lot.to_string())),
            Content::Review { .. }
            | Content::Acceptance { .. }
            | Content::Approval { .. }
            | Content::TermsDecision { .. } => None,
        }
    }
}

/// The documents of `wanted` that were accepted before `end`, by day.
pub(super) async fn documents(
    store: &dyn Store,
    wanted: &Wanted,
    end: Option<Timestamp>,
    zone: Tz,
) -> Result<Vec<Filed>, StoreError> {
    let mut found = Vec::new();
    for sender in &wanted.senders {
        let mut after = String::new();
        loop {
            let page = documents::page(store, Some(sender), &after, READ).await?;
            let is_last = (page.len() as i64) < READ;
            for record in page {
                let TakenDocument { at, document } = TakenDocument::read(&record)?;
                after = record.id;
                if end.is_some_and(|end| at >= end) {
                    continue;
                }
                if let Some((kind, about)) = wanted.about(&document.content) {
                    found.push(Filed {
                        day: at.with_timezone(&zone).date_naive(),
                        kind: kind.to_owned(),
                        number: document.number,
                        sender: document.sender,
                        about,
                    });
                }
            }
            if is_last {
                break;
            }
        }
    }
    found.sort();
    Ok(found)
}
