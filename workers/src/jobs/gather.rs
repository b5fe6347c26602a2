//! Drawing up orders. When an ordering window ends, the lots gathered for one supplier, channel and
//! currency become orders: their money is bound, and the bytes to send are fixed. One change set
//! holds everything about an order.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::kinds::{
    JobKind, LotEvent, ReasonCode, RecordEvent, RecordKind, StepKind,
};
use waybill_shared::domain::lot::{Awaited, Lot};
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::domain::order::{LineShare, Order, OrderLine, OrderStatus, Packs};
use waybill_shared::domain::supplier::{Quote, SoldBy};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::{ChangeSet, Job, RecordChange, StoreError};

use super::approval;
use super::binding;
use super::call_offs::CallOffs;
use super::overdrawn;
use super::quantities::{self, Ready};
use crate::connectors::{Connector, ConnectorQuery};
use crate::funding::covered;
use crate::orders::{self, StoredOrder, tell_price};
use crate::wanted::{self, gathering_key};

pub struct Gather {
    connector: Arc<dyn Connector>,
}

impl Gather {
    /// A job handler that asks approvers through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

/// A count that is kept in a record.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Count {
    value: i64,
}

pub(super) struct Counter {
    kind: RecordKind,
    id: String,
    version: i64,
    count: Count,
}

impl Counter {
    pub(super) async fn read(
        engine: &Engine,
        kind: RecordKind,
        id: &str,
    ) -> Result<Self, JobError> {
        let record = engine.store.record(kind, id).await?;
        let (version, count) = match record {
            None => (0, Count::default()),
            Some(record) => {
                let count = serde_json::from_str(&record.body).map_err(|source| {
                    StoreError::Corrupt { subject: format!("{kind}:{id}"), source }
                })?;
                (record.version, count)
            }
        };
        Ok(Self { kind, id: id.to_owned(), version, count })
    }

    pub(super) fn set(&mut self, value: i64, event: RecordEvent) -> RecordChange {
        let expected = self.version;
        self.version += 1;
        self.count.value = value;
        let body = serde_json::json!(self.count).to_string();
        RecordChange { kind: self.kind, id: self.id.clone(), expected, body, event }
    }
}

#[async_trait]
impl JobHandler for Gather {
    fn kind(&self) -> JobKind {
        JobKind::Gather
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        // The key begins with the supplier.
        let supplier = job.key.split('|').next().unwrap_or_default();
        if engine.pauses.stop_for("supplier", supplier) {
            return Ok(Done::paused(engine));
        }
        let coalition = engine.coalition().await?;
        let day = engine.today(&coalition);
        let lots = engine.store.lots_awaiting("gathering").await?;
        let lines = engine.lines_of(&lots).await?;
        let over = overdrawn::envelopes(engine).await?;
        let (mut ready, mut change_sets) = (Vec::new(), overdrawn::returned(engine, &over, &lots)?);
        for lot in lots {
            if change_sets
                .iter()
                .flat_map(|change_set| &change_set.lots)
                .any(|change| change.after.id == lot.id)
            {
                continue;
            }
            let Some(line) = lines.get(&lot.line()) else { continue };
            let offer = lot.offer.as_deref();
            match offer.and_then(|offer| coalition.quote_of(offer, line, day)) {
                // The price or the pack has changed since the money was set aside.
                Some(quote) if quote.cost_of(lot.bought()).ok() != covered(&lot) => {
                    change_sets.push(chosen_again(engine, lot, LotEvent::OfferChanged)?);
                }
                Some(quote) if gathering_key(&quote).as_deref() == Some(&job.key) => {
                    match binding::unbound(engine, &coalition, (&lot, line), day)? {
                        Some(change_set) => change_sets.push(change_set),
                        None => ready.push((lot, line.clone(), quote)),
                    }
                }
                Some(_) => {}
                None => change_sets.push(chosen_again(engine, lot, LotEvent::OfferEnded)?),
            }
        }
        let mut number = Counter::read(engine, RecordKind::OrderSequence, &job.key).await?;
        let mut frameworks = CallOffs::default();
        let limit = engine.pipeline().issue_order.lines.max(1);
        let sold = quantities::as_sold(engine, &coalition, ready).await?;
        change_sets.extend(sold.returned);
        let mut order: Vec<Ready> = Vec::new();
        for lots in sold.groups {
            let count = lots.len();
            let mut group = Vec::with_capacity(count);
            for ready in lots {
                let own = (&ready.after, &ready.quote);
                if !frameworks.call_off(engine, &coalition, day, own).await? {
                    change_sets.push(ceiling_reached(engine, ready.before, &ready.quote)?);
                    continue;
                }
                group.push(ready);
            }
            if group.len() < count {
                // Without the lots that did not fit, the quantity is different, so the others are
                // gathered anew.
                for ready in group {
                    frameworks.leave(&coalition, day, (&ready.after, &ready.quote));
                    change_sets.push(chosen_again(engine, ready.before, LotEvent::OfferChanged)?);
                }
                continue;
            }
            if !order.is_empty() && order.len() + group.len() > limit {
                let lots = std::mem::take(&mut order);
                let mut change_set = self.order(engine, &coalition, day, &mut number, lots)?;
                let called_off = frameworks.filed(&coalition, day, &change_set)?;
                change_set.records.extend(called_off);
                change_sets.push(change_set);
            }
            order.extend(group);
        }
        if !order.is_empty() {
            let mut change_set = self.order(engine, &coalition, day, &mut number, order)?;
            let called_off = frameworks.filed(&coalition, day, &change_set)?;
            change_set.records.extend(called_off);
            change_sets.push(change_set);
        }
        Ok(Done { change_sets, again: None })
    }
}

fn invalid(error: impl std::fmt::Display) -> JobError {
    JobError::Invalid(error.to_string())
}

/// Sends a lot back to choosing its offer, because the offer has ended or costs something else now.
fn chosen_again(engine: &Engine, lot: Lot, event: LotEvent) -> Result<ChangeSet, JobError> {
    let mut after = lot.clone();
    after.offer = None;
    let result = StepResult::Go(Direction::Again);
    let change = engine.advance(lot, after, result, event).map_err(invalid)?;
    Ok(ChangeSet::new(JobKind::Gather.name(), engine.clock.now()).lot(change))
}

/// Sends a lot that does not fit under a framework's ceiling back to matching. Rounds know what is
/// left under the ceiling.
fn ceiling_reached(engine: &Engine, lot: Lot, quote: &Quote) -> Result<ChangeSet, JobError> {
    let mut after = lot.clone();
    after.release();
    if let Some(offer) = &quote.offer {
        let reason = format!("the framework contract of {} is used up", offer.supplier);
        after.because(ReasonCode::FrameworkExhausted, reason);
    }
    let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
    let change =
        engine.advance(lot, after, result, LotEvent::ReturnedToMatching).map_err(invalid)?;
    Ok(ChangeSet::new(JobKind::Gather.name(), engine.clock.now()).lot(change))
}

impl Gather {
    fn order(
        &self,
        engine: &Engine,
        coalition: &Coalition,
        day: NaiveDate,
        number: &mut Counter,
        lots: Vec<Ready>,
    ) -> Result<ChangeSet, JobError> {
        let now = engine.clock.now();
        let offer = lots.first().and_then(|ready| ready.quote.offer.clone());
        let offer = offer.ok_or_else(|| invalid("an order without an offer"))?;
        let currency = offer.unit_price.currency;
        let next = number.count.value + 1;
        let mut order = Order {
            number: format!("PO-{}-{}-{currency}-{next:04}", offer.supplier, offer.channel),
            supplier: offer.supplier.clone(),
            channel: offer.channel.clone(),
            currency: Some(currency),
            author: wanted::AUTHOR.to_owned(),
            created: now,
            lines: Vec::with_capacity(lots.len()),
            in_kind: None,
            cancelled: Vec::new(),
            approval: Vec::new(),
        };
        for ready in &lots {
            order.lines.push(order_line(engine, coalition, ready, day)?);
        }
        let policy = &engine.pipeline().issue_order;
        order.approval = approval::reasons(coalition, policy, day, &order, &lots);
        let bytes = document(&order, day);
        let mut change_set = ChangeSet::new(wanted::AUTHOR, now);
        let until = now + TimeDelta::days(i64::from(engine.pipeline().issue_order.response_days));
        let (status, awaits, until) = if !order.approval.is_empty() {
            change_set
                .jobs
                .extend(self.connector.ask(ConnectorQuery::Approval { order: &order }, now));
            let awaits = Awaited::Approval { order: order.number.clone() };
            (OrderStatus::AwaitingApproval, awaits, None)
        } else {
            change_set.jobs.push(wanted::send(&order, now));
            let awaits = Awaited::Response { order: order.number.clone() };
            (OrderStatus::Issued, awaits, Some(until))
        };
        for Ready { before, mut after, .. } in lots {
            after.order = Some(order.number.clone());
            if !order.approval.is_empty() {
                after.because(ReasonCode::ApprovalNeeded, order.approval.join("; "));
            }
            for share in &mut after.funding {
                share.state = ShareState::Obligated;
            }
            let result = StepResult::Wait { awaits: awaits.clone(), until };
            change_set
                .lots
                .push(engine.advance(before, after, result, LotEvent::Ordered).map_err(invalid)?);
        }
        change_set.records.push(number.set(next, RecordEvent::OrderNumbered));
        change_set.records.push(orders::document(&order.number, bytes));
        let mut filed = StoredOrder::new(order, status);
        change_set.records.push(filed.lines(RecordEvent::OrderDrawnUp)?);
        change_set.records.push(filed.becomes(status, RecordEvent::OrderIssued)?);
        Ok(change_set)
    }
}

fn order_line(
    engine: &Engine,
    coalition: &Coalition,
    ready: &Ready,
    day: NaiveDate,
) -> Result<OrderLine, JobError> {
    let Ready { after: lot, line, quote, .. } = ready;
    let offer = quote.offer.as_ref().ok_or_else(|| invalid("an order without an offer"))?;
    let (bought, surplus) = (lot.bought(), lot.surplus);
    let packs = match quote.sold_by {
        SoldBy::Unit => None,
        SoldBy::Pack(pack) => {
            Some(Packs { quantity: pack.whole_in(bought), unit: offer.unit, each: pack.quantity })
        }
    };
    let shares: Vec<LineShare> = lot
        .funding
        .iter()
        .map(|share| LineShare { envelope: share.envelope.clone(), covers: share.covers })
        .collect();
    let amount = covered(lot).ok_or_else(|| invalid(format!("{} has no money", lot.id)))?;
    let goods = quote.goods_of(bought).map_err(|error| invalid(error.to_string()))?;
    let charged = Money::new((amount.minor - goods.minor).max(0), amount.currency);
    let charges = coalition.charges(&offer.channel, &offer.supplier, charged);
    Ok(OrderLine {
        lot: lot.id,
        item: offer.item.clone(),
        quantity: bought,
        packs,
        surplus,
        surplus_payer: shares.first().filter(|_| !surplus.is_zero()).map(|s| s.envelope.clone()),
        surplus_owner: (!surplus.is_zero()).then(|| {
            let named = engine.pipeline().issue_order.surplus_consignee.clone();
            named.unwrap_or_else(|| lot.consignee(line).to_owned())
        }),
        unit: line.unit,
        unit_price: offer.unit_price,
        amount,
        charges,
        offer: offer.id.clone(),
        framework: offer.framework.as_ref().map(|framework| framework.number.clone()),
        consignee: lot.consignee(line).to_owned(),
        due: day + offer.lead(),
        shares,
        ordered_at: Some(offer.unit_price),
        asked: None,
    })
}

/// The bytes that a supplier gets. Names are those of a UBL 2.1 order where it has one.
///
/// A line that is bought in packs states the number of packs, the price of a pack, and what the
/// packs contain (`content`). Whoever answers, ships or receives the line counts the contents
/// (`answered_in`). A line that shares packs with other lots of its item states for what quantity
/// its price is (`price_base`). `surplus` is the part of a line that nobody requested, with the
/// consignee who owns it. A line's amount covers its goods. Charges that the supplier receives are
/// listed separately; charges that others receive are left out.
fn document(order: &Order, day: NaiveDate) -> String {
    let money = |minor: i64, currency: Option<Currency>| serde_json::json!({ "minor": minor, "currency": currency.map(|c| c.to_string()) });
    let lines: Vec<serde_json::Value> = order
        .lines
        .iter()
        .map(|line| {
            let (quantity, unit) = line.priced();
            let mut told = serde_json::json!({
                "id": line.lot.to_string(),
                "item": line.item,
                "quantity": quantity.to_string(),
                "unit_code": unit.to_string(),
                "consignee": line.consignee,
                "requested_delivery": line.due,
                "offer": line.offer,
            });
            let measure = line.unit.to_string();
            if let Some(packs) = line.whole_packs() {
                told["content"] = serde_json::json!({
                    "quantity": line.quantity.to_string(),
                    "unit_code": measure,
                    "each": packs.each.to_string(),
                });
                told["answered_in"] = measure.into();
            }
            tell_price(&mut told, line, &order.supplier);
            if !line.surplus.is_zero() {
                told["surplus"] = serde_json::json!({
                    "quantity": line.surplus.to_string(),
                    "consignee": line.surplus_owner(),
                });
            }
            told
        })
        .collect();
    let payable: i64 = order.lines.iter().map(|line| line.due_to(&order.supplier).minor).sum();
    serde_json::json!({
        "id": order.number,
        "issue_date": day,
        "seller": order.supplier,
        "buyer": order.channel,
        "currency": order.currency.map(|currency| currency.to_string()),
        "payable": money(payable, order.currency),
        "lines": lines,
    })
    .to_string()
}
