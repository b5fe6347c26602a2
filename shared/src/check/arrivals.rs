//! I11: every row of every document about goods and payments is accounted for, and goods that arrived in excess have an
//! owner.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use super::paid::PaymentHistory;
use super::{Check, PAGE};
use crate::documents::{self, TakenDocument};
use crate::domain::document::{Content, Document};
use crate::domain::event::Event;
use crate::domain::funding::{Share, ShareState};
use crate::domain::ids::LotId;
use crate::domain::kinds::{ReasonCode, RecordKind};
use crate::domain::lot::Lot;
use crate::domain::order::Order;
use crate::domain::quantity::Quantity;
use crate::domain::surplus::Surplus;
use crate::store::chain::archived;
use crate::store::{Record, Store, StoreError};

/// The goods and money of a lot, from the body of its event.
#[derive(Deserialize)]
struct Said {
    quantity: Quantity,
    #[serde(default)]
    shipped: Quantity,
    #[serde(default)]
    oversupply: Quantity,
    #[serde(default)]
    surplus: Quantity,
    #[serde(default)]
    code: String,
    #[serde(default)]
    funding: Vec<Share>,
}

/// What one event did to a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    Shipped(i64),
    /// The minimum and the maximum. They differ because paid surplus stays with its lot and may not have arrived.
    Received(i64, i64),
    /// In minor units of the order's currency.
    Paid(i64),
}

/// State from replaying the log: goods and payments.
#[derive(Default)]
pub(super) struct Arrived {
    /// The quantity shipped and the amount paid for each lot so far.
    known: HashMap<LotId, (i64, i64)>,
    did: HashMap<(LotId, i64), Vec<Did>>,
    /// Lots whose events are in an archive. Their documents were checked before they were archived.
    archived: HashSet<LotId>,
    paid: PaymentHistory,
}

impl Arrived {
    pub(super) fn hear(&mut self, event: &Event) {
        let Some(kind) = event.kind.strip_prefix("lot.") else { return };
        if archived(&event.body).is_some() {
            self.archived.extend(event.subject.parse::<LotId>());
            return;
        }
        let is_received = matches!(kind, "received" | "activated" | "accepted" | "counted");
        let is_paid = ["paid", "advance", "refund"].iter().any(|part| kind.contains(part));
        let is_other = matches!(kind, "despatched" | "short" | "rejected" | "lowered" | "merged");
        if !is_received && !is_paid && !is_other {
            return;
        }
        let Ok(lot) = event.subject.parse::<LotId>() else { return };
        if self.archived.contains(&lot) {
            return;
        }
        let Ok(said) = serde_json::from_str::<Said>(&event.body) else { return };
        if is_paid {
            self.paid.hear(lot, &said.funding);
        }
        let paid = said.funding.iter().filter(|share| share.state == ShareState::Disbursed);
        let paid = paid.map(|share| share.covers.minor).sum();
        let now = (said.shipped.0, paid);
        let (shipped_before, paid_before) = self.known.insert(lot, now).unwrap_or_default();
        let did = if is_received {
            let came = said.quantity.0 + said.oversupply.0;
            let most = came + said.surplus.0;
            Did::Received(
                if said.code == ReasonCode::PaidInAdvance.name() { came } else { most },
                most,
            )
        } else if is_paid {
            Did::Paid(paid - paid_before)
        } else if kind == "despatched" {
            Did::Shipped(said.shipped.0 - shipped_before)
        } else {
            return;
        };
        self.did.entry((lot, event.at.timestamp_millis())).or_default().push(did);
    }

    /// Checks that each row of each document from `requesters`, suppliers and buying agents did what it says. Returns
    /// what the documents say about payments.
    pub(super) async fn rows(
        mut self,
        store: &dyn Store,
        check: &mut Check,
        requesters: Vec<String>,
    ) -> Result<PaymentHistory, StoreError> {
        let mut orders: HashMap<String, Order> = HashMap::new();
        for record in store.records(RecordKind::Order).await? {
            let corrupt =
                |source| StoreError::Corrupt { subject: format!("order:{}", record.id), source };
            orders.insert(record.id.clone(), serde_json::from_str(&record.body).map_err(corrupt)?);
        }
        let mut senders: BTreeSet<String> = requesters.into_iter().collect();
        for order in orders.values() {
            senders.extend([order.supplier.clone(), order.channel.clone()]);
        }
        // These exist only in a copy of an older database on which no process has worked yet.
        let mut last = (String::new(), String::new());
        while let Some(old) = documents::not_moved(store, &mut last).await? {
            for taken in &old {
                let read = TakenDocument::read(taken).ok();
                if read.is_none_or(|read| senders.contains(&read.document.sender)) {
                    self.document(check, &orders, taken);
                }
            }
        }
        for sender in senders {
            let mut after = String::new();
            loop {
                let page = documents::page(store, Some(&sender), &after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for taken in &page {
                    self.document(check, &orders, taken);
                }
            }
        }
        Ok(self.paid)
    }

    fn document(&mut self, check: &mut Check, orders: &HashMap<String, Order>, taken: &Record) {
        let TakenDocument { at, document } = match TakenDocument::read(taken) {
            Ok(taken) => taken,
            Err(error) => {
                let name = format!("document {}", taken.id);
                return check.fails("I11", name, format!("cannot be read: {error}"));
            }
        };
        let Document { sender, number, .. } = &document;
        let name = format!("document {number} of {sender}");
        let at = at.timestamp_millis();
        // Per lot: the sum of its rows, what may be added to it, and the number of rows.
        let mut rows: Vec<(LotId, i64, i64, usize)> = Vec::new();
        let mut add = |lot: LotId, sum: i64, more: i64| match rows.iter_mut().find(|r| r.0 == lot) {
            Some(row) => *row = (lot, row.1.saturating_add(sum), row.2 + more, row.3 + 1),
            None => rows.push((lot, sum, more, 1)),
        };
        let what = match &document.content {
            Content::DespatchAdvice { lines, .. } => {
                lines.iter().for_each(|line| add(line.lot, line.quantity.0, 0));
                "shipped"
            }
            Content::ReceiptAdvice { lines, .. } => {
                lines.iter().for_each(|line| add(line.lot, line.accepted.0, line.rejected.0));
                "received"
            }
            Content::Payment { lines, .. } => {
                for line in lines {
                    add(line.lot, line.amount.minor, 0);
                    self.paid.row(line.lot, line.amount.minor);
                }
                "paid"
            }
            Content::Review { .. }
            | Content::Acceptance { .. }
            | Content::Consent { .. }
            | Content::Approval { .. }
            | Content::TermsDecision { .. }
            | Content::OrderResponse { .. }
            | Content::OrderChangeResponse { .. } => return,
        };
        for (lot, sum, rejected, count) in rows {
            if self.archived.contains(&lot) {
                continue;
            }
            let did = self.did.get(&(lot, at)).map(Vec::as_slice).unwrap_or_default();
            let above = match &document.content {
                Content::ReceiptAdvice { order, .. } => above(orders.get(order), lot),
                _ => 0,
            };
            let is_told = |did: &Did| match (did, what) {
                (Did::Shipped(shipped), "shipped") => *shipped == sum,
                // An earlier version counted goods that were rejected beyond the ordered quantity as surplus.
                (Did::Received(least, most), "received") => {
                    (*least..=most + above).contains(&sum) || *least == sum + rejected
                }
                (Did::Paid(paid), "paid") => *paid == sum,
                _ => false,
            };
            if sum == 0 || did.iter().any(is_told) {
                continue;
            }
            let (said, found) = match what {
                "paid" => (sum.to_string(), describe(did, |minor| minor.to_string())),
                _ => {
                    (Quantity(sum).to_string(), describe(did, |count| Quantity(count).to_string()))
                }
            };
            let rows = if count == 1 { "a row says" } else { "its rows say" };
            let detail =
                format!("for {lot}, {rows} that {said} was {what}, but the lot records {found}");
            check.fails("I11", &name, detail);
        }
    }
}

/// Describes the effects of a row.
fn describe(did: &[Did], text: impl Fn(i64) -> String) -> String {
    let sums = did.iter().map(|did| match did {
        Did::Shipped(sum) | Did::Received(sum, _) | Did::Paid(sum) => text(*sum),
    });
    let sums: Vec<String> = sums.collect();
    if sums.is_empty() { "nothing".to_owned() } else { sums.join(", ") }
}

/// What `order` buys beyond the needs of `lot`, in thousandths. Only for orders of earlier versions, whose lots do not
/// have it.
fn above(order: Option<&Order>, lot: LotId) -> i64 {
    let line = order.and_then(|order| order.lines.iter().find(|line| line.lot == lot));
    line.filter(|line| line.surplus_payer.is_none()).map_or(0, |line| line.surplus.0)
}

/// Checks that goods that arrived beyond the bought quantity are recorded as a surplus, with or without an owner.
pub(super) async fn surplus(
    store: &dyn Store,
    check: &mut Check,
    over: &[(LotId, Quantity)],
) -> Result<(), StoreError> {
    for (lot, quantity) in over {
        let record = store.record(RecordKind::Surplus, &lot.to_string()).await?;
        let surplus = record.and_then(|found| serde_json::from_str::<Surplus>(&found.body).ok());
        let kept = surplus.map(|surplus| surplus.quantity);
        if kept != Some(*quantity) {
            let detail = format!(
                "{quantity} more arrived than were bought, but no surplus is recorded for them"
            );
            check.fails("I11", lot, detail);
        }
    }
    Ok(())
}

/// The quantity of `lot` that arrived beyond the bought quantity.
pub(super) fn over(lot: &Lot) -> Option<(LotId, Quantity)> {
    (!lot.oversupply.is_zero()).then_some((lot.id, lot.oversupply))
}
