//! Commands on a part of an order: ask its supplier for a smaller quantity, or cancel a part.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent};
use waybill_shared::domain::lot::{Lot, last_part};
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::domain::order_change::{ChangeState, ChangedLot, OrderChange, is_to_come};
use waybill_shared::domain::quantity::Quantity;

use super::{Context, Decided, already, lot, refuse};
use crate::documents::Refusal;
use crate::documents::lowering::{Lowering, has_surplus};
use crate::order_changes::FiledChange;
use crate::orders::{Message, StoredOrder};
use crate::wanted;

/// A lot of an order, with the quantity that the command states for it.
struct Named<'a> {
    lot: Lot,
    said: &'a str,
}

impl Context<'_> {
    /// Asks the supplier for a smaller quantity. Nothing else changes until it answers.
    pub(super) async fn change_order(
        &self,
        number: &str,
        lots: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        if lots.is_empty() {
            return Err(refuse(
                "no lot is named: give lots with their new quantities, such as LOT-7K2=12",
            ));
        }
        let filed = self.live(number).await?;
        let engine = self.desk.engine;
        let known = FiledChange::of(engine, number).await?;
        let (mut lines, mut change_set) = (Vec::new(), self.desk.change_set());
        let mut is_asked = None;
        let mut settled: Vec<FiledChange> = Vec::new();
        for Named { lot, said } in self.named(number, lots).await? {
            let (id, from) = (lot.id, lot.quantity);
            let to = self.quantity(&lot, said).await?;
            if to > from {
                let way = "an order cannot grow; submit a new line for more";
                return Err(refuse(format!("{id} is {from}: {way}")));
            }
            if to < lot.shipped {
                return Err(refuse(format!("{} of {id} are already on their way", lot.shipped)));
            }
            if !to.is_zero() && has_surplus(&filed.order, &lot) {
                let why = "its supplier sells no smaller quantity";
                return Err(refuse(format!("{id}: {why}; `{id}=0` cancels all of it")));
            }
            let names = |filed: &&FiledChange| filed.change.lines.iter().any(|line| line.lot == id);
            let open = known.iter().filter(names).find(|f| f.change.state == ChangeState::Asked);
            if let Some(open) = open {
                let asked = open.change.lines.iter().find(|line| line.lot == id);
                let change = &open.change.number;
                if asked.is_some_and(|line| line.to == to) {
                    is_asked =
                        Some(format!("{change} already asks for that: the supplier has to answer"));
                    continue;
                }
                let hint = format!("submit its answer first: waybill order respond {number}");
                return Err(refuse(format!(
                    "{change} already asks for another quantity of {id}: {hint} --change {change}"
                )));
            }
            let refused = known.iter().filter(names).filter(|filed| {
                let is_taken = settled.iter().any(|s| s.change.number == filed.change.number);
                filed.change.state == ChangeState::Refused && !is_taken
            });
            let refused: Vec<String> = refused.map(|f| f.change.number.clone()).collect();
            for change in refused {
                settled.extend(FiledChange::read(engine, &change).await?);
            }
            if to < from {
                let parts = engine.store.lots_of_line(id.line()).await?;
                let last_part = last_part(&parts);
                lines.push(ChangedLot { lot: id, from, to, last_part });
            }
        }
        for mut change in settled {
            // A refused change is asked for again, or settled by keeping the quantity.
            change_set
                .records
                .push(change.becomes(ChangeState::Settled, RecordEvent::OrderChangeSettled)?);
        }
        if lines.is_empty() {
            return if change_set.records.is_empty() {
                already(is_asked.unwrap_or_else(|| "that is already its quantity".to_owned()))
            } else {
                Ok(change_set.into())
            };
        }
        let why = self.reason.to_owned();
        let message = Message::changed(&filed.order, &lines, &why);
        let change = message.file(engine, &mut change_set).await?;
        let (order, supplier) = (number.to_owned(), filed.order.supplier.clone());
        let (state, answer) = (ChangeState::Asked, String::new());
        let asked = OrderChange { number: change, order, supplier, lines, state, why, answer };
        let mut asked = FiledChange::new(asked);
        change_set.records.push(asked.becomes(ChangeState::Asked, RecordEvent::OrderChangeAsked)?);
        Ok(change_set.into())
    }

    /// Cancels some lots of an order, or parts of them. The supplier is informed, the money
    /// returns, and the lots are matched again.
    pub(super) async fn cancel_parts(
        &self,
        number: &str,
        lots: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        let mut filed = self.live(number).await?;
        let engine = self.desk.engine;
        let mut parts: Vec<(Lot, Quantity)> = Vec::new();
        for Named { lot, said } in self.named(number, lots).await? {
            let id = lot.id;
            let most = lot.quantity.less(lot.shipped);
            let by = if said.is_empty() { most } else { self.quantity(&lot, said).await? };
            if by.is_zero() || by > most {
                let unit = if lot.shipped.is_zero() { "" } else { ", the rest is on its way" };
                return Err(refuse(format!(
                    "at most {most} of {id} can be cancelled{unit}, not {by}"
                )));
            }
            if by < lot.quantity && has_surplus(&filed.order, &lot) {
                let why = "its supplier sells no smaller quantity";
                return Err(refuse(format!("{id}: {why}; cancel all of it")));
            }
            parts.push((lot, by));
        }
        let mut change_set = self.desk.change_set();
        let why = self.because("cancelled by an operator");
        let told: Vec<(LotId, Quantity)> = parts.iter().map(|(lot, by)| (lot.id, *by)).collect();
        Message::cancelled_parts(&filed.order, &told, why).file(engine, &mut change_set).await?;
        let mut order = filed.order.clone();
        let because = (ReasonCode::OrderCancelled, format!("{number}: {why}"));
        let event = LotEvent::OrderCancelled;
        let mut lowering = Lowering { desk: &self.desk, order: &mut order, because, event };
        let mut last: BTreeMap<LineId, i64> = BTreeMap::new();
        for (lot, by) in parts {
            let last = match last.entry(lot.line()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let lots = engine.store.lots_of_line(lot.line()).await?;
                    unknown.insert(last_part(&lots))
                }
            };
            lowering.lower(&mut change_set, lot, by, last).await?;
        }
        if order.lines.is_empty() {
            change_set
                .records
                .push(filed.becomes(OrderStatus::Cancelled, RecordEvent::OrderCancelled)?);
        } else {
            filed.order = order;
            change_set.records.push(filed.lines(RecordEvent::OrderCancelledInPart)?);
        }
        change_set.jobs.push(wanted::round(engine));
        Ok(change_set.into())
    }

    /// An order that its supplier has or is about to get.
    async fn live(&self, number: &str) -> Result<StoredOrder, Refusal> {
        let filed = StoredOrder::read(self.desk.engine, number).await?;
        let filed = filed.ok_or_else(|| refuse(format!("there is no order `{number}`")))?;
        if filed.order.in_kind.is_some() {
            return Err(refuse(format!(
                "`{number}` is for goods in kind, which no supplier sells"
            )));
        }
        match filed.status {
            OrderStatus::Issued
            | OrderStatus::Sent
            | OrderStatus::Changed
            | OrderStatus::Accepted => Ok(filed),
            OrderStatus::AwaitingApproval => {
                let hint = format!("waybill order disapprove {number}");
                Err(refuse(format!(
                    "`{number}` is waiting for approval, so its supplier has not received it: \
                     {hint}"
                )))
            }
            OrderStatus::Refused => Err(refuse(format!("`{number}` was refused"))),
            OrderStatus::Cancelled => Err(refuse(format!("`{number}` is cancelled"))),
            OrderStatus::Completed => Err(refuse(format!("`{number}` is completed"))),
        }
    }

    /// The named lots. Each must have something still to come under `number`.
    async fn named<'a>(
        &self,
        number: &str,
        lots: &'a BTreeMap<String, String>,
    ) -> Result<Vec<Named<'a>>, Refusal> {
        let mut found: Vec<Named<'a>> = Vec::new();
        for (id, said) in lots {
            let known = self.desk.lot(lot(id)?).await?;
            if known.order.as_deref() != Some(number) {
                return Err(refuse(format!("{} is not part of `{number}`", known.id)));
            }
            if !is_to_come(&known) {
                return Err(refuse(format!(
                    "all of {} has been delivered or is on its way",
                    known.id
                )));
            }
            found.push(Named { lot: known, said: said.trim() });
        }
        Ok(found)
    }

    /// A quantity in the unit of the lot's line. `0` means nothing.
    async fn quantity(&self, lot: &Lot, text: &str) -> Result<Quantity, Refusal> {
        if text == "0" {
            return Ok(Quantity::ZERO);
        }
        let lines = self.desk.engine.lines_of([lot]).await?;
        let line =
            lines.get(&lot.line()).ok_or_else(|| refuse(format!("{} has no line", lot.id)))?;
        Quantity::parse(text, line.unit).map_err(|error| refuse(format!("{}: {error}", lot.id)))
    }
}
