//! Compares the rows of a document with the stored lots. Each row is about a lot under the
//! document's order, and no row is dropped silently.

use std::fmt::Display;

use waybill_shared::domain::document::ReceiptLine;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::instalment::{bound, disbursed};
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::rows::{Row, WrongRow, added_up};
use waybill_shared::store::ChangeSet;

use super::{Desk, Refusal};
use crate::orders::StoredOrder;

/// How far the delivery of a lot under an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The delivery is not awaited yet, or somebody has to retry the lot first.
    Early,
    /// The goods are still to come.
    ToCome,
    /// The goods were received.
    Received,
}

impl Stage {
    pub(super) fn of(lot: &Lot) -> Self {
        match lot.state() {
            LotState::Waiting { awaits: Awaited::Payment { .. }, .. } | LotState::Closed(_) => {
                Self::Received
            }
            LotState::Ready { .. } | LotState::Waiting { .. }
                if lot.state().is_at(StepKind::ConfirmDelivery) =>
            {
                Self::ToCome
            }
            LotState::Ready { .. }
            | LotState::Waiting { .. }
            | LotState::RetryAt { .. }
            | LotState::Parked { .. } => Self::Early,
        }
    }
}

/// The rows of a document, summed up by lot, and the stored lots, ordered by id.
pub(super) struct Named<R> {
    pub(super) rows: Vec<R>,
    pub(super) lots: Vec<Lot>,
    /// The number of the first row of each lot, counted from 1.
    places: Vec<usize>,
}

impl<R: Row> Named<R> {
    pub(super) fn row(&self, lot: LotId) -> Option<&R> {
        self.rows.iter().find(|row| row.lot() == lot)
    }

    /// An error about the first row of `lot`.
    pub(super) fn wrong(
        &self,
        lot: LotId,
        field: &'static str,
        value: &impl Display,
        detail: &str,
        hint: &str,
    ) -> WrongRow {
        let place = self.rows.iter().position(|row| row.lot() == lot);
        let row = place.and_then(|place| self.places.get(place)).copied().unwrap_or(1);
        let (detail, hint) = (detail.to_owned(), hint.to_owned());
        WrongRow { row, field, value: value.to_string(), detail, hint }
    }
}

impl Named<ReceiptLine> {
    /// Errors for rows that recount lots whose count can no longer change.
    pub(super) fn recounts(&self, lots: &[Lot], line: &Line) -> Vec<WrongRow> {
        let mut wrong = Vec::new();
        for lot in lots.iter().filter(|lot| Stage::of(lot) == Stage::Received) {
            let Some(row) = self.row(lot.id) else { continue };
            let id = lot.id;
            let order = lot.order.as_deref().unwrap_or_default();
            let is_paid = is_paid_beyond(lot, row.accepted);
            let is_closed = matches!(lot.state(), LotState::Closed(_));
            if row.accepted < lot.bought() && (is_paid || is_closed) {
                let detail = match is_closed {
                    true => {
                        format!("{id} is received and paid: its receipt cannot change any more")
                    }
                    false => format!("more of {id} is already paid: its receipt cannot be lowered"),
                };
                let hint = format!("claim what is missing: waybill claim {order}");
                wrong.push(self.wrong(id, "accepted", &row.accepted, &detail, &hint));
            }
            let is_missed = |part: &&Lot| {
                Stage::of(part) == Stage::ToCome
                    && part.order == lot.order
                    && part.consignee(line) == lot.consignee(line)
                    && self.row(part.id).is_none()
            };
            let missed = lots.iter().find(is_missed).filter(|_| is_closed);
            if let Some(part) = missed.filter(|_| row.accepted > lot.bought()) {
                let detail =
                    format!("{id} is closed, and the other {} are still to come", part.quantity);
                let hint = format!("give the additional quantity as received for {}", part.id);
                wrong.push(self.wrong(id, "accepted", &row.accepted, &detail, &hint));
            }
        }
        wrong
    }
}

/// Whether more was paid for `lot` than `accepted` of it costs.
fn is_paid_beyond(lot: &Lot, accepted: Quantity) -> bool {
    let paid = disbursed(lot);
    let whole = i128::from(paid) + i128::from(bound(lot));
    i128::from(paid) * i128::from(lot.bought().0) > whole * i128::from(accepted.0)
}

/// Refuses the whole document if there are `wrong` rows.
pub(super) fn wrong(wrong: Vec<WrongRow>) -> Result<(), Refusal> {
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::Rows(wrong)) }
}

/// Refuses documents about the goods of an order that has ended.
fn still_live(filed: &StoredOrder) -> Result<(), Refusal> {
    let number = &filed.order.number;
    let what = match filed.status {
        OrderStatus::Refused => "was refused",
        OrderStatus::Cancelled => "is cancelled",
        OrderStatus::AwaitingApproval
        | OrderStatus::Issued
        | OrderStatus::Sent
        | OrderStatus::Changed
        | OrderStatus::Accepted
        | OrderStatus::Completed => return Ok(()),
    };
    let text = format!("`{number}` {what}: nothing will be delivered under it");
    Err(Refusal::DoesNotApply(text))
}

impl Desk<'_> {
    /// The rows about lots under the order `number`, summed up by lot.
    pub(super) async fn named<R: Row>(
        &self,
        number: &str,
        rows: &[R],
    ) -> Result<Named<R>, Refusal> {
        let sums = added_up(rows).map_err(Refusal::Rows)?;
        let ids: Vec<i64> = sums.iter().map(|row| row.lot().0).collect();
        let lots = self.engine.store.lots_by_id(&ids).await?;
        let place =
            |row: &R| rows.iter().position(|one| one.lot() == row.lot()).map_or(1, |i| i + 1);
        let places = sums.iter().map(place).collect();
        let named = Named { rows: sums, lots, places };
        let is_under = |lot: &&Lot| lot.order.as_deref() == Some(number);
        let there: std::collections::HashSet<LotId> =
            named.lots.iter().filter(is_under).map(|lot| lot.id).collect();
        let strange = named.rows.iter().map(Row::lot).filter(|id| !there.contains(id));
        let strange: Vec<LotId> = strange.collect();
        if !strange.is_empty() {
            still_live(&self.order(number).await?)?;
        }
        let hint = format!(
            "`waybill show {number}` lists its lots; put lots of another order into a separate \
             document"
        );
        let detail = format!("it is not part of `{number}`");
        wrong(strange.iter().map(|id| named.wrong(*id, "lot", id, &detail, &hint)).collect())?;
        Ok(named)
    }

    /// Checks that the lots are far enough for a document about their delivery. Otherwise the
    /// document is early.
    pub(super) fn in_time(&self, filed: &StoredOrder, lots: &[Lot]) -> Result<(), Refusal> {
        let number = &filed.order.number;
        still_live(filed)?;
        let Some(lot) = lots.iter().find(|lot| Stage::of(lot) == Stage::Early) else {
            return Ok(());
        };
        let id = lot.id;
        let until = match (lot.state(), filed.status) {
            (_, OrderStatus::AwaitingApproval) => format!("until `{number}` is approved"),
            (LotState::Parked { incident, .. }, _) => {
                format!("until {id}, which is parked ({incident}), is retried")
            }
            (LotState::Waiting { awaits: Awaited::Response { .. }, .. }, _) => {
                format!("until {} has answered `{number}`", filed.order.supplier)
            }
            _ => format!("until {id} waits for its delivery"),
        };
        Err(Refusal::Early { until })
    }

    /// Refuses the document if `change_set` does not change the lot of each row, because no row may
    /// be dropped.
    pub(super) fn all_taken<R: Row>(
        &self,
        rows: &[R],
        lots: &[Lot],
        change_set: ChangeSet,
    ) -> Result<ChangeSet, Refusal> {
        let is_changed = |id: LotId| change_set.lots.iter().any(|change| change.after.id == id);
        let mut dropped = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| !is_changed(row.lot())) {
            let id = row.lot();
            let state = lots.iter().find(|lot| lot.id == id).map(|lot| match lot.state() {
                LotState::Closed(Outcome::Delivered) => "received and paid".to_owned(),
                state => match state.awaits() {
                    Some(awaits) => format!("waiting for {}", awaits.name()),
                    None => state.name().to_owned(),
                },
            });
            let detail =
                format!("it is {}, so this would change nothing", state.unwrap_or_default());
            dropped.push(WrongRow {
                row: index + 1,
                field: "lot",
                value: id.to_string(),
                detail,
                hint: format!("leave the row out, or look at the lot: waybill show {id}"),
            });
        }
        wrong(dropped)?;
        Ok(change_set)
    }
}
