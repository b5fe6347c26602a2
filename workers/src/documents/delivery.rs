//! Despatch and receipt, by quantity. What is received includes what is rejected; what is short or
//! rejected is delivered again, or its money goes back and it is matched again at its rank.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{Days, NaiveDate};
use waybill_shared::domain::document::{DespatchLine, ReceiptLine, Remedy};
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome, StepName};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::store::{LotChange, Unit};

use super::{Desk, Refusal};
use crate::acts::round;
use crate::connectors::Question;
use crate::funding::covered;
use crate::steps::{confirm_delivery, match_donor};

/// Parts of one lot after a receipt, besides what was accepted.
struct Rest {
    quantity: Quantity,
    remedy: Remedy,
    code: &'static str,
}

/// Only what the unit can be counted in is shipped or received.
fn counted(lot: &Lot, line: &Line, quantities: &[Quantity]) -> Result<(), Refusal> {
    match quantities.iter().find(|quantity| !quantity.fits(line.unit)) {
        None => Ok(()),
        Some(quantity) => {
            let unit = line.unit.name();
            Err(Refusal::DoesNotApply(format!("{}: {quantity} {unit} cannot be had", lot.id)))
        }
    }
}

impl Desk<'_> {
    pub(super) async fn despatch(
        &self,
        number: &str,
        lines: &[DespatchLine],
    ) -> Result<Unit, Refusal> {
        let order = self.order(number).await?.order;
        self.only(&order.supplier)?;
        let mut unit = self.unit();
        let ids = lines.iter().map(|line| line.lot);
        for lot in self.lots_under(&order, ids, confirm_delivery::NAME).await? {
            let Some(line) = lines.iter().find(|line| line.lot == lot.id) else { continue };
            let requested = self.engine.lines_of([&lot]).await?;
            if let Some(requested) = requested.get(&lot.line()) {
                counted(&lot, requested, &[line.quantity])?;
            }
            let mut after = lot.clone();
            after.shipped = Quantity(after.shipped.0.saturating_add(line.quantity.0.max(0)));
            // An advice that comes after the receipt does not undo it.
            let awaits = match &lot.state {
                LotState::Waiting { awaits: Awaited::Payment { order }, .. } => {
                    Awaited::Payment { order: order.clone() }
                }
                LotState::Waiting { .. }
                | LotState::Ready { .. }
                | LotState::RetryAt { .. }
                | LotState::Parked { .. }
                | LotState::Closed(_) => Awaited::Delivery { order: number.to_owned() },
            };
            let result = StepResult::Wait { awaits, until: None };
            unit.lots.push(self.change(lot, after, result, "lot.despatched")?);
        }
        if unit.lots.is_empty() {
            return Err(Refusal::DoesNotApply(format!("nothing of `{number}` is to come")));
        }
        Ok(unit)
    }

    pub(super) async fn receipt(
        &self,
        number: &str,
        lines: &[ReceiptLine],
    ) -> Result<Unit, Refusal> {
        let order = self.order(number).await?.order;
        let ids = lines.iter().map(|line| line.lot);
        let lots = self.lots_under(&order, ids, confirm_delivery::NAME).await?;
        let requested = self.engine.lines_of(&lots).await?;
        let mut unit = self.unit();
        let (mut payable, mut again): (Vec<(Lot, Money)>, Vec<Lot>) = (Vec::new(), Vec::new());
        // The last part of each line, those given out by this document included.
        let mut parts: HashMap<LineId, i64> = HashMap::new();
        for lot in lots {
            let Some(receipt) = lines.iter().find(|line| line.lot == lot.id) else { continue };
            let Some(line) = requested.get(&lot.line()) else { continue };
            self.only(&line.requester)?;
            if lot.funding.iter().any(|share| share.state == ShareState::Disbursed) {
                let text = format!("{} is paid in part: its receipt stands", lot.id);
                return Err(Refusal::DoesNotApply(text));
            }
            counted(&lot, line, &[receipt.accepted, receipt.rejected])?;
            let mut after = lot.clone();
            let rests = self.received(&mut after, &order, line, receipt);
            let next = match parts.entry(lot.line()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let lots = self.engine.store.lots_of_line(lot.line()).await?;
                    unknown.insert(lots.last().map_or(0, |lot| lot.id.part()))
                }
            };
            let mut taken_off = Quantity::ZERO;
            for rest in rests {
                if rest.quantity == after.quantity {
                    // Nothing was accepted: the lot itself takes the remedy.
                    taken_off = rest.quantity;
                    unit.lots.push(self.remedied(
                        &order,
                        lot.clone(),
                        after.clone(),
                        &rest,
                        &mut again,
                    )?);
                    break;
                }
                *next += 1;
                let id = LotId::of(lot.line(), *next).ok_or_else(|| {
                    Refusal::DoesNotApply(format!("{} cannot be split any further", lot.line()))
                })?;
                let part = after.split_off(id, rest.quantity);
                unit.lots.push(self.split(&order, part, &rest, &mut again));
            }
            if taken_off.is_zero() {
                let change = self.accepted(&order, lot, after, line.kind)?;
                if let Some(cost) = covered(&change.after) {
                    payable.push((change.after.clone(), cost));
                }
                unit.lots.push(change);
            }
        }
        if unit.lots.is_empty() {
            return Err(Refusal::DoesNotApply(format!("nothing of `{number}` is to come")));
        }
        let now = self.engine.clock.now();
        if !again.is_empty() {
            unit.jobs.extend(self.await_delivery(&order, &again).await?);
        }
        if !payable.is_empty() {
            let lots: Vec<(&Lot, Money)> = payable.iter().map(|(lot, cost)| (lot, *cost)).collect();
            unit.jobs
                .extend(self.connector.ask(Question::Payment { order: &order, lots: &lots }, now));
        }
        unit.jobs.push(round::wanted(self.engine));
        Ok(unit)
    }

    /// What of `lot` has to come again, go back, or is written off; `lot` learns of oversupply.
    fn received(
        &self,
        lot: &mut Lot,
        order: &Order,
        line: &Line,
        receipt: &ReceiptLine,
    ) -> Vec<Rest> {
        let ordered = order.line(lot.id).map_or(lot.quantity, |line| line.quantity);
        let all = Quantity(receipt.accepted.0.saturating_add(receipt.rejected.0));
        lot.oversupply = all.less(ordered);
        let accepted = receipt.accepted.min(lot.quantity);
        let missing = lot.quantity.less(accepted);
        let rejected = receipt.rejected.min(missing);
        let short = missing.less(rejected);
        let tolerance = i128::from(line.quantity.0) * i128::from(line.tolerance_per_mille) / 1000;
        let mut rests = Vec::new();
        if !short.is_zero() {
            let is_tolerated = i128::from(short.0) <= tolerance && !accepted.is_zero();
            let code = if is_tolerated { "short_tolerated" } else { "short" };
            rests.push(Rest { quantity: short, remedy: receipt.remedy, code });
        }
        if !rejected.is_zero() {
            rests.push(Rest { quantity: rejected, remedy: receipt.remedy, code: "rejected" });
        }
        rests
    }

    /// A part split off: on back order, back to matching, or closed within the tolerance.
    fn split(&self, order: &Order, part: Lot, rest: &Rest, again: &mut Vec<Lot>) -> LotChange {
        let mut part = part;
        let step = |name: &str| StepName::new(name);
        if rest.code == "short_tolerated" {
            part.release();
            part.because("short_tolerated", "short, within the tolerance of its line");
            part.state = LotState::Closed(Outcome::Short);
            return LotChange::created(part, "lot.short");
        }
        match rest.remedy {
            Remedy::Replace => {
                let awaits = Awaited::Delivery { order: order.number.clone() };
                let step = step(confirm_delivery::NAME);
                part.state = LotState::Waiting { step, awaits, until: None };
                part.because(rest.code, "on back order");
                part.due = Some(self.back_order_due(order, part.id));
                again.push(part.clone());
            }
            Remedy::Return => {
                part.release();
                part.because(rest.code, "returned; its money went back");
                part.state = LotState::Ready { step: step(match_donor::NAME), attempt: 1 };
            }
        }
        LotChange::created(part, if rest.code == "short" { "lot.short" } else { "lot.rejected" })
    }

    /// What is delivered again is due after the lead time that was agreed.
    fn back_order_due(&self, order: &Order, lot: LotId) -> NaiveDate {
        let today = self.engine.today(self.coalition);
        let due = order.line(lot).map_or(today, |line| line.due);
        let lead = (due - order.created.date_naive()).num_days().max(1);
        today + Days::new(lead.unsigned_abs())
    }

    /// The whole lot was short or rejected.
    fn remedied(
        &self,
        order: &Order,
        lot: Lot,
        mut after: Lot,
        rest: &Rest,
        again: &mut Vec<Lot>,
    ) -> Result<LotChange, Refusal> {
        let kind = if rest.code == "rejected" { "lot.rejected" } else { "lot.short" };
        let result = match rest.remedy {
            Remedy::Replace => {
                after.shipped = Quantity::ZERO;
                after.because(rest.code, "on back order");
                after.chased = 0;
                after.due = Some(self.back_order_due(order, after.id));
                again.push(after.clone());
                let awaits = Awaited::Delivery { order: order.number.clone() };
                StepResult::Wait { awaits, until: None }
            }
            Remedy::Return => {
                after.release();
                after.because(rest.code, "returned; its money went back");
                StepResult::Back { to: StepName::new(match_donor::NAME) }
            }
        };
        self.change(lot, after, result, kind)
    }

    /// Accepted goods wait for payment; what was given in kind is at its end.
    fn accepted(
        &self,
        order: &Order,
        lot: Lot,
        mut after: Lot,
        kind: Kind,
    ) -> Result<LotChange, Refusal> {
        after.chased = 0;
        let event = match kind {
            Kind::Goods => "lot.received",
            Kind::Licence => "lot.activated",
            Kind::Service => "lot.accepted",
        };
        if after.oversupply.is_zero() {
            after.because("", "");
        } else {
            let reason = format!("{} more than ordered came, unpaid", after.oversupply);
            after.because("oversupply", reason);
        }
        let result = if after.funding.is_empty() {
            StepResult::Close(Outcome::Delivered)
        } else {
            let awaits = Awaited::Payment { order: order.number.clone() };
            StepResult::Wait { awaits, until: None }
        };
        self.change(lot, after, result, event)
    }
}
