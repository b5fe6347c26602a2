//! Despatch and receipt, by quantity. The received quantity includes rejected goods. Short or
//! rejected goods are delivered again, or their money returns and they are matched again at their
//! rank.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use waybill_shared::domain::document::{DespatchLine, ReceiptLine, RejectReason, Remedy};
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::instalment::{bound as bound_for, disbursed, keep_paid};
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome, last_part};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, OrderLine};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::receipt::{Came, Expected, Judged, Taken, judge, tolerance_left};
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::store::{ChangeSet, LotChange};

use super::rows::{Named, Stage, wrong};
use super::{Desk, Refusal};
use crate::connectors::ConnectorQuery;
use crate::funding::covered;
use crate::wanted;

/// A part of a lot that was not accepted: short or rejected goods.
struct Rest {
    quantity: Quantity,
    /// The surplus that was bought with the part and is missing too.
    surplus: Quantity,
    remedy: Remedy,
    code: ReasonCode,
    /// Why it was rejected, if the recipient said so.
    why: Option<RejectReason>,
}

impl Rest {
    /// Whether it no longer comes under the order.
    fn leaves(&self) -> bool {
        self.code == ReasonCode::ShortTolerated || self.remedy == Remedy::Return
    }

    /// A text with `what` becomes of it and, if known, why it was rejected.
    fn describe(&self, what: &str) -> String {
        match self.why {
            Some(why) => format!("rejected, {}: {what}", why.text()),
            None => what.to_owned(),
        }
    }

    /// For a paid part, a text about what its seller owes before it can leave the order.
    fn owed(&self, lot: &Lot) -> Option<String> {
        let paid = Money::new(disbursed(lot), covered(lot)?.currency);
        (self.leaves() && paid.minor > 0)
            .then(|| format!("{paid} of it is paid: record the seller's refund, then cancel it"))
    }
}

/// The result of a receipt, built up as its lots are judged one by one.
struct Receipt<'a> {
    desk: &'a Desk<'a>,
    order: &'a Order,
    change_set: ChangeSet,
    /// Lots to be paid now, with the amounts that are not paid yet.
    payable: Vec<(Lot, Money)>,
    /// Lots that will be delivered again.
    again: Vec<Lot>,
    /// Whether the receipt says anything new.
    is_news: bool,
}

/// Refuses quantities that are impossible in the line's unit.
fn counted(lot: &Lot, line: &Line, quantities: &[Quantity]) -> Result<(), Refusal> {
    match quantities.iter().find(|quantity| !quantity.fits(line.unit)) {
        None => Ok(()),
        Some(quantity) => {
            let unit = line.unit.name();
            Err(Refusal::DoesNotApply(format!(
                "{}: {quantity} {unit} is not a possible quantity",
                lot.id
            )))
        }
    }
}

/// What the order buys beyond the quantity of `lot`, because its supplier sells no less. Under
/// orders of an earlier version nobody pays for the surplus and the lot does not know about it.
fn bought_above(order: &Order, lot: &Lot) -> Quantity {
    let is_unpaid = |line: &&OrderLine| line.lot == lot.id && line.surplus_payer.is_none();
    let unpaid = order.lines.iter().find(is_unpaid).map_or(Quantity::ZERO, |line| line.surplus);
    unpaid.max(lot.surplus)
}

impl Desk<'_> {
    pub(super) async fn despatch(
        &self,
        number: &str,
        named: Named<DespatchLine>,
    ) -> Result<ChangeSet, Refusal> {
        let filed = self.order(number).await?;
        let order = &filed.order;
        self.only(&order.supplier)?;
        let lines = self.engine.lines_of(&named.lots).await?;
        let mut change_set = self.change_set();
        let mut too_much = Vec::new();
        for lot in &named.lots {
            let (Some(row), Some(line)) = (named.row(lot.id), lines.get(&lot.line())) else {
                continue;
            };
            counted(lot, line, &[row.quantity])?;
            if row.quantity.is_zero() {
                let detail = "a despatched quantity is above 0";
                let hint = "leave the row out";
                too_much.push(named.wrong(lot.id, "quantity", &row.quantity, detail, hint));
            }
            let tolerated = tolerance_left(line.quantity, line.tolerance_per_mille, Quantity::ZERO);
            let bought = Quantity(lot.quantity.0 + bought_above(order, lot).0);
            let open = bought.less(lot.shipped);
            let most = Quantity(bought.0 + tolerated.0).less(lot.shipped);
            if Stage::of(lot) != Stage::Received && row.quantity > most {
                let detail = match lot.shipped {
                    Quantity::ZERO => format!("{open} of {} are still to come", lot.id),
                    shipped => format!(
                        "{open} of {} are still to come, {shipped} are already on their way",
                        lot.id
                    ),
                };
                let hint =
                    format!("`waybill show {number}` lists what is still to come of each lot");
                too_much.push(named.wrong(lot.id, "quantity", &row.quantity, &detail, &hint));
            }
        }
        wrong(too_much)?;
        self.in_time(&filed, &named.lots)?;
        for lot in named.lots.clone() {
            let Some(row) = named.row(lot.id) else { continue };
            let mut after = lot.clone();
            after.shipped = Quantity(after.shipped.0.saturating_add(row.quantity.0));
            // A despatch advice that comes after the receipt does not undo the receipt.
            let awaits = match lot.state() {
                LotState::Waiting { awaits: Awaited::Payment { order }, .. } => {
                    Awaited::Payment { order: order.clone() }
                }
                LotState::Waiting { awaits: Awaited::Terms { order }, .. } => {
                    Awaited::Terms { order: order.clone() }
                }
                LotState::Waiting { .. } | LotState::Ready { .. } => {
                    Awaited::Delivery { order: number.to_owned() }
                }
                // The lot is already paid. The advice is late but is stored all the same.
                LotState::Closed(Outcome::Delivered) => {
                    change_set.lots.push(LotChange::new(lot, after, LotEvent::Despatched));
                    continue;
                }
                LotState::RetryAt { .. } | LotState::Parked { .. } | LotState::Closed(_) => {
                    continue;
                }
            };
            let result = StepResult::Wait { awaits, until: None };
            change_set.lots.push(self.change(lot, after, result, LotEvent::Despatched)?);
        }
        Ok(change_set)
    }

    pub(super) async fn receipt(
        &self,
        number: &str,
        named: Named<ReceiptLine>,
    ) -> Result<ChangeSet, Refusal> {
        let filed = self.order(number).await?;
        let requested = self.engine.lines_of(&named.lots).await?;
        let mut rows: BTreeMap<LineId, Vec<&ReceiptLine>> = BTreeMap::new();
        for row in &named.rows {
            rows.entry(row.lot.line()).or_default().push(row);
        }
        for lot in &named.lots {
            let (Some(row), Some(line)) = (named.row(lot.id), requested.get(&lot.line())) else {
                continue;
            };
            self.only(&line.requester)?;
            counted(lot, line, &[row.accepted, row.rejected])?;
        }
        self.in_time(&filed, &named.lots)?;
        let order = &filed.order;
        let (change_set, payable, again) = (self.change_set(), Vec::new(), Vec::new());
        let lines: Vec<LineId> = rows.keys().copied().collect();
        let mut parts: BTreeMap<LineId, Vec<Lot>> = BTreeMap::new();
        for lot in self.engine.store.lots_of_lines(&lines).await? {
            parts.entry(lot.line()).or_default().push(lot);
        }
        let mut receipt = Receipt { desk: self, order, change_set, payable, again, is_news: false };
        for (id, rows) in rows {
            let (Some(line), Some(lots)) = (requested.get(&id), parts.remove(&id)) else {
                continue;
            };
            wrong(named.recounts(&lots, line))?;
            receipt.of_line(line, &lots, &rows).await?;
        }
        if !receipt.is_news {
            let said = named.rows.iter().map(|row| format!("{} of {}", row.accepted, row.lot));
            let said = said.collect::<Vec<_>>().join(", ");
            return Err(Refusal::DoesNotApply(format!("{said}: that was already received")));
        }
        let Receipt { mut change_set, payable, again, .. } = receipt;
        let now = self.engine.clock.now();
        if !again.is_empty() {
            change_set.jobs.extend(self.await_delivery(order, &again).await?);
        }
        if !payable.is_empty() {
            let lots: Vec<(&Lot, Money)> = payable.iter().map(|(lot, cost)| (lot, *cost)).collect();
            change_set
                .jobs
                .extend(self.connector.ask(ConnectorQuery::Payment { order, lots: &lots }, now));
        }
        change_set.jobs.push(wanted::round(self.engine));
        Ok(change_set)
    }
}

impl Receipt<'_> {
    /// Applies the rows about the lots of one line.
    async fn of_line(
        &mut self,
        line: &Line,
        lots: &[Lot],
        rows: &[&ReceiptLine],
    ) -> Result<(), Refusal> {
        let order = self.order;
        let under = || lots.iter().filter(|lot| lot.order.as_deref() == Some(&order.number));
        let expected = under().map(|lot| Expected {
            lot: lot.id,
            quantity: lot.quantity,
            bought_above: bought_above(order, lot),
            // A lot with its own order line was never split off by a receipt.
            is_back_order: Stage::of(lot) == Stage::ToCome
                && order.lines.iter().all(|line| line.lot != lot.id),
            is_received: Stage::of(lot) == Stage::Received,
            consignee: lot.consignee(line).to_owned(),
        });
        let expected: Vec<Expected> = expected.collect();
        let came = rows.iter().map(|row| Came {
            lot: row.lot,
            accepted: row.accepted,
            rejected: row.rejected,
        });
        let came: Vec<Came> = came.collect();
        let is_short = |lot: &&Lot| matches!(lot.state(), LotState::Closed(Outcome::Short));
        let closed = lots.iter().filter(is_short).map(|lot| lot.quantity).sum();
        let tolerance = tolerance_left(line.quantity, line.tolerance_per_mille, closed);
        let mut open: BTreeMap<LotId, Lot> = under().cloned().map(bound).collect();
        let mut grown: BTreeMap<LotId, Lot> = BTreeMap::new();
        let judged = judge(&expected, &came, tolerance);
        for one in &judged {
            if let Some(after) = open.get(&one.lot).cloned() {
                grown.insert(one.lot, self.take_over(after, one, &mut open)?);
            }
        }
        let mut last = last_part(lots);
        for one in judged {
            let row = rows.iter().find(|row| row.lot == one.lot);
            let before = lots.iter().find(|lot| lot.id == one.lot);
            let (Some(row), Some(before), Some(after)) = (row, before, grown.remove(&one.lot))
            else {
                continue;
            };
            self.of_lot(line, before, after, &one, row, &mut last).await?;
        }
        Ok(())
    }

    /// Goods that came after all join `lot`, with their money, and leave the back orders that stood
    /// for them.
    fn take_over(
        &mut self,
        mut lot: Lot,
        judged: &Judged,
        open: &mut BTreeMap<LotId, Lot>,
    ) -> Result<Lot, Refusal> {
        for Taken { lot: id, quantity, surplus } in &judged.takes_over {
            let Some(before) = open.get(id).cloned() else { continue };
            let mut rest = before.clone();
            let part = rest.split_off_with(*id, *quantity, *surplus);
            lot.grow(&part);
            let change = if rest.quantity.is_zero() {
                rest.release();
                rest.because(ReasonCode::Merged, format!("it was delivered as {}", lot.id));
                let result = StepResult::Close(Outcome::Merged { into: lot.id });
                self.desk.change(before, rest, result, LotEvent::Merged)?
            } else {
                LotChange::new(before, rest, LotEvent::Lowered)
            };
            // If a later row takes over more of the same lot, keep only the last change.
            let id = *id;
            match self.change_set.lots.iter_mut().find(|known| known.after.id == id) {
                Some(known) => {
                    let version = known.after.version;
                    known.after = change.after.clone();
                    known.after.version = version;
                    known.kind = change.kind;
                }
                None => self.change_set.lots.push(change.clone()),
            }
            open.insert(id, change.after);
        }
        Ok(lot)
    }

    /// Applies what was judged about one lot, including what it took over.
    async fn of_lot(
        &mut self,
        line: &Line,
        before: &Lot,
        mut after: Lot,
        judged: &Judged,
        row: &ReceiptLine,
        last: &mut i64,
    ) -> Result<(), Refusal> {
        // A lot under an order of an earlier version does not know its surplus.
        let missing = judged.bought_above_missing.min(after.surplus);
        let was = (before.quantity, before.surplus, before.oversupply);
        let came = (judged.accepted, after.surplus.less(missing), judged.surplus);
        let is_same = Stage::of(before) != Stage::ToCome && was == came;
        self.is_news |= !is_same;
        after.oversupply = judged.surplus;
        if before.oversupply != after.oversupply {
            let change = self.desk.surplus(&self.order.number, &line.requester, &after).await?;
            self.change_set.records.extend(change);
        }
        if let LotState::Closed(_) = before.state() {
            // The lot is paid and closed, so everything counted beyond it is surplus.
            self.change_set.lots.push(LotChange::new(before.clone(), after, LotEvent::Counted));
            return Ok(());
        }
        let mut rests = Vec::new();
        let mut rest = |quantity: Quantity, code: ReasonCode| {
            if !quantity.is_zero() {
                let surplus = if rests.is_empty() { missing } else { Quantity::ZERO };
                let why = row.reject_reason.filter(|_| code == ReasonCode::Rejected);
                rests.push(Rest { quantity, surplus, remedy: row.remedy, code, why });
            }
        };
        rest(
            judged.short,
            if judged.is_tolerated { ReasonCode::ShortTolerated } else { ReasonCode::Short },
        );
        rest(judged.rejected, ReasonCode::Rejected);
        let is_alone = rests.is_empty();
        let (desk, order) = (self.desk, self.order);
        for rest in rests {
            if rest.quantity == after.quantity {
                // Nothing was accepted, so the remedy applies to the whole lot.
                let lot = before.clone();
                let change = desk.remedied(order, lot, after, &rest, &mut self.again)?;
                self.change_set.lots.push(change);
                return Ok(());
            }
            *last += 1;
            let id = LotId::of(before.line(), *last).ok_or_else(|| {
                Refusal::DoesNotApply(format!("{} cannot be split any further", before.line()))
            })?;
            let mut part = after.split_off_with(id, rest.quantity, rest.surplus);
            if rest.leaves() {
                keep_paid(&mut after, &mut part);
            }
            self.change_set.lots.push(desk.split(order, part, &rest, &mut self.again)?);
        }
        let code = match is_alone && !missing.is_zero() {
            true => Some(leave(&mut after, missing)),
            false => None,
        };
        let change = desk.accepted(order, before.clone(), after, (code, missing), line.kind)?;
        let is_payable = !is_same && !is_paid(&change.after);
        if let Some(cost) = covered(&change.after).filter(|_| is_payable) {
            let cost = Money::new(bound_for(&change.after), cost.currency);
            self.payable.push((change.after.clone(), cost));
        }
        self.change_set.lots.push(change);
        Ok(())
    }
}

impl Desk<'_> {
    /// Puts a part that was split off on back order, back to matching, or closes it within the
    /// tolerance.
    fn split(
        &self,
        order: &Order,
        mut part: Lot,
        rest: &Rest,
        again: &mut Vec<Lot>,
    ) -> Result<LotChange, Refusal> {
        let awaits = Awaited::Delivery { order: order.number.clone() };
        let to_come = StepResult::Wait { awaits, until: None };
        if let Some(owed) = rest.owed(&part) {
            part.because(ReasonCode::PaidInAdvance, owed);
            part.due = Some(self.back_order_due(order, &part));
            return self.part(part, to_come, LotEvent::Short);
        }
        if rest.code == ReasonCode::ShortTolerated {
            part.release();
            part.because(ReasonCode::ShortTolerated, "short, within the tolerance of its line");
            return self.part(part, StepResult::Close(Outcome::Short), LotEvent::Short);
        }
        let result = match rest.remedy {
            Remedy::Replace => {
                part.because(rest.code, rest.describe("on back order"));
                part.due = Some(self.back_order_due(order, &part));
                to_come
            }
            Remedy::Return => {
                part.release();
                part.because(rest.code, rest.describe("returned; its money went back"));
                StepResult::Go(Direction::Back(StepKind::MatchDonor))
            }
        };
        let is_replaced = rest.remedy == Remedy::Replace;
        let kind =
            if rest.code == ReasonCode::Short { LotEvent::Short } else { LotEvent::Rejected };
        let change = self.part(part, result, kind)?;
        if is_replaced {
            again.push(change.after.clone());
        }
        Ok(change)
    }

    /// The day on which goods are due that are delivered again: today plus the agreed lead time.
    fn back_order_due(&self, order: &Order, lot: &Lot) -> NaiveDate {
        let today = self.engine.today(self.coalition);
        let due = order.line(lot.order_line()).map_or(today, |line| line.due);
        let lead = (due - order.created.date_naive()).num_days().max(1);
        today + Days::new(lead.unsigned_abs())
    }

    /// Applies the remedy to a lot that was short or rejected as a whole.
    fn remedied(
        &self,
        order: &Order,
        lot: Lot,
        mut after: Lot,
        rest: &Rest,
        again: &mut Vec<Lot>,
    ) -> Result<LotChange, Refusal> {
        let kind =
            if rest.code == ReasonCode::Rejected { LotEvent::Rejected } else { LotEvent::Short };
        if let Some(owed) = rest.owed(&after) {
            after.shipped = Quantity::ZERO;
            after.because(ReasonCode::PaidInAdvance, owed);
            let awaits = Awaited::Delivery { order: order.number.clone() };
            let result = StepResult::Wait { awaits, until: None };
            return self.change(lot, after, result, kind);
        }
        let result = match rest.remedy {
            Remedy::Replace => {
                after.shipped = Quantity::ZERO;
                after.because(rest.code, rest.describe("on back order"));
                after.chased = 0;
                after.due = Some(self.back_order_due(order, &after));
                again.push(after.clone());
                let awaits = Awaited::Delivery { order: order.number.clone() };
                StepResult::Wait { awaits, until: None }
            }
            Remedy::Return => {
                after.release();
                after.because(rest.code, rest.describe("returned; its money went back"));
                StepResult::Go(Direction::Back(StepKind::MatchDonor))
            }
        };
        self.change(lot, after, result, kind)
    }

    /// Accepted goods wait for their payment. Goods in kind are finished.
    fn accepted(
        &self,
        order: &Order,
        lot: Lot,
        mut after: Lot,
        (code, missing): (Option<ReasonCode>, Quantity),
        kind: Kind,
    ) -> Result<LotChange, Refusal> {
        after.chased = 0;
        after.received = Some(self.engine.today(self.coalition));
        let event = match kind {
            Kind::Goods => LotEvent::Received,
            Kind::Licence => LotEvent::Activated,
            Kind::Service => LotEvent::Accepted,
        };
        let reason = match code {
            Some(ReasonCode::PaidInAdvance) => format!(
                "{missing} of its surplus did not come, but is paid: record the seller's refund"
            ),
            Some(_) => format!("{missing} of its surplus did not come, and is not paid"),
            None => String::new(),
        };
        match code {
            Some(code) => after.because(code, reason),
            None => after.without_reason(),
        }
        if !after.oversupply.is_zero() {
            let reason = format!("{} more than ordered came; they are not paid", after.oversupply);
            after.because(ReasonCode::Oversupply, reason);
        }
        let result = if after.funding.is_empty() || is_paid(&after) {
            StepResult::Done
        } else {
            let awaits = Awaited::Payment { order: order.number.clone() };
            StepResult::Wait { awaits, until: None }
        };
        self.change(lot, after, result, event)
    }
}

/// Removes missing surplus from `lot` and returns its money. If it was paid in advance, the seller
/// has to pay that back first. Returns a code that says which case it was.
fn leave(lot: &mut Lot, missing: Quantity) -> ReasonCode {
    let mut rest = lot.clone();
    let mut part = rest.split_off_with(lot.id, Quantity::ZERO, missing);
    keep_paid(&mut rest, &mut part);
    let is_paid = part.is_paid_for();
    if is_paid {
        // The paid surplus stays with the lot for the amount that is paid. Nothing more of it is to
        // be paid.
        part.funding.retain(|share| share.state == ShareState::Disbursed);
        rest.grow(&part);
    }
    *lot = rest;
    if is_paid { ReasonCode::PaidInAdvance } else { ReasonCode::SurplusShort }
}

/// Whether the whole cost was paid before the goods came.
fn is_paid(lot: &Lot) -> bool {
    lot.is_paid_for() && bound_for(lot) == 0
}

/// A lot with only the money that is bound for it. Money that donors have not agreed to does not
/// pay for goods that came.
fn bound(mut lot: Lot) -> (LotId, Lot) {
    lot.keep_bound();
    (lot.id, lot)
}
