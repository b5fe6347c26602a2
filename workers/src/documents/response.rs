//! A supplier's response to an order: it accepts, changes or refuses each line.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use waybill_shared::domain::document::{LineAnswer, ResponseLine};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{
    LotEvent, Milestone, ReasonCode, RecordEvent, RecordKind, StepKind,
};
use waybill_shared::domain::lot::{Awaited, Lot};
use waybill_shared::domain::order::{Order, OrderStatus, Terms};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::Offer;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::store::{ChangeSet, EnvelopeRow, RecordChange};

use super::{Desk, Refusal};
use crate::connectors::ConnectorQuery;
use crate::orders::StoredOrder;
use crate::terms::{Purse, agree, answered};
use crate::wanted;

/// Days further in the future than this are treated as mistakes.
const LONGEST_DAYS: u64 = 36_500;

impl Desk<'_> {
    pub(super) async fn response(
        &self,
        number: &str,
        answers: &[ResponseLine],
    ) -> Result<ChangeSet, Refusal> {
        let mut filed = self.order(number).await?;
        self.only(&filed.order.supplier)?;
        let by_lot: BTreeMap<LotId, &LineAnswer> =
            answers.iter().map(|line| (line.lot, &line.answer)).collect();
        let mut order = filed.order.clone();
        if let Some(lot) = by_lot.keys().find(|lot| order.line(**lot).is_none()) {
            return Err(Refusal::DoesNotApply(format!("`{number}` has no line for {lot}")));
        }
        if let Some((lot, wrong)) = by_lot.iter().find_map(|(lot, a)| Some((lot, self.wrong(a)?))) {
            return Err(Refusal::DoesNotApply(format!("{lot}: {wrong}")));
        }
        let lots = self.answered(&filed, &by_lot).await?;
        let requested = self.engine.lines_of(&lots).await?;
        let rows = self.engine.store.envelopes().await?;
        let mut envelopes: BTreeMap<String, EnvelopeRow> =
            rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut change_set = self.change_set();
        let mut accepted: Vec<Lot> = Vec::new();
        for lot in lots {
            let requested = requested.get(&lot.line());
            let requested = requested
                .ok_or_else(|| Refusal::DoesNotApply(format!("{} has no line", lot.id)))?;
            let Some(place) = order.lines.iter().position(|line| line.lot == lot.id) else {
                let text = format!(
                    "{} was split off from a lot of this order: change the price of that lot \
                     instead",
                    lot.id
                );
                return Err(Refusal::DoesNotApply(text));
            };
            let is_changed = matches!(by_lot.get(&lot.id), Some(LineAnswer::Changed { .. }));
            if is_changed && lot.bought() != order.lines[place].quantity {
                let way = "cancel what will not be delivered as agreed";
                let text = format!(
                    "parts of {} were split off and share its price, so it cannot change: {way}",
                    lot.id
                );
                return Err(Refusal::DoesNotApply(text));
            }
            let mut after = lot.clone();
            let answer = by_lot.get(&lot.id).copied().unwrap_or(&LineAnswer::Accepted);
            let asked = match answer {
                LineAnswer::Accepted => Ok(None),
                LineAnswer::Refused { text } => Err(text),
                LineAnswer::Changed { unit_price, due } => {
                    let pipeline = self.engine.pipeline_of(&lot)?;
                    let mut purse = Purse {
                        coalition: self.coalition,
                        day: self.engine.today(self.coalition),
                        policy: &pipeline.match_donor,
                        tolerance_per_mille: pipeline.issue_order.tolerance_per_mille,
                        envelopes: &mut envelopes,
                    };
                    let (line, of) = (order.lines[place].clone(), (&mut after, &**requested));
                    let price = unit_price.unwrap_or(line.unit_price);
                    let taken = match unit_price {
                        Some(price) => purse.accept(&order, &line, of, *price),
                        None => Ok(()),
                    };
                    let due = due.unwrap_or(line.due);
                    let why = taken.err().unwrap_or_default();
                    Ok(Some(Terms { unit_price: price, due, why }))
                }
            };
            let is_known = self.is_accepted(&lot)?;
            let line = &mut order.lines[place];
            let (result, kind) = match asked {
                Ok(Some(terms)) if !terms.why.is_empty() => {
                    after = lot.clone();
                    after.keep_bound();
                    // The full reason may reveal a donor's balance, so it is not shown here.
                    let (now, asks) = (line.unit_price, terms.unit_price);
                    let supplier = &filed.order.supplier;
                    let text = format!("{supplier} asks {asks} a unit instead of {now}");
                    after.because(ReasonCode::TermsChanged, text);
                    line.asked = Some(terms);
                    let awaits = Awaited::Terms { order: number.to_owned() };
                    (StepResult::Wait { awaits, until: None }, LotEvent::TermsChanged)
                }
                Ok(terms) => {
                    line.asked = terms;
                    agree(line, &after);
                    after.chased = 0;
                    after.due = Some(line.due);
                    after.without_reason();
                    if is_known {
                        (Self::on_order(&lot, number), LotEvent::OrderChanged)
                    } else {
                        accepted.push(after.clone());
                        (StepResult::Done, LotEvent::OrderAccepted)
                    }
                }
                Err(why) => {
                    after.refused.push(line.offer.clone());
                    order.lines.remove(place);
                    after.release();
                    after.because(
                        ReasonCode::RefusedBySupplier,
                        format!("{}: {why}", filed.order.supplier),
                    );
                    let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
                    (result, LotEvent::RefusedBySupplier)
                }
            };
            change_set.lots.push(self.change(lot, after, result, kind)?);
        }
        self.keep_offers(&filed.order, &by_lot, &mut change_set).await?;
        if !accepted.is_empty() {
            change_set.jobs.extend(self.await_delivery(&order, &accepted).await?);
        }
        let is_first = matches!(filed.status, OrderStatus::Issued | OrderStatus::Sent);
        let (status, event) = if order.lines.is_empty() {
            (OrderStatus::Refused, RecordEvent::OrderRefused)
        } else if order.is_changed() {
            (OrderStatus::Changed, RecordEvent::OrderTermsChanged)
        } else if is_first {
            (OrderStatus::Accepted, RecordEvent::OrderAccepted)
        } else {
            (OrderStatus::Accepted, RecordEvent::OrderChangedAgain)
        };
        let is_payable = self.is_payable(&order, &change_set, envelopes, &requested);
        if filed.order != order {
            filed.order = order;
            change_set.records.push(filed.lines(RecordEvent::OrderChanged)?);
        }
        change_set.records.push(filed.becomes(status, event)?);
        if status == OrderStatus::Changed {
            let (order, version) = (&filed.order, filed.version());
            let question = ConnectorQuery::Terms { order, version, is_payable };
            change_set.jobs.extend(self.connector.ask(question, self.engine.clock.now()));
        }
        Ok(change_set)
    }

    /// The lots that a response is about. If the order waits for a response, these are all lots
    /// that wait for one. Otherwise they are the named lots that are still to come.
    async fn answered(
        &self,
        filed: &StoredOrder,
        by_lot: &BTreeMap<LotId, &LineAnswer>,
    ) -> Result<Vec<Lot>, Refusal> {
        let (order, number) = (&filed.order, &filed.order.number);
        let is_change = by_lot.values().all(|a| matches!(a, LineAnswer::Changed { .. }));
        let is_change = is_change && !by_lot.is_empty();
        let is_again = match filed.status {
            OrderStatus::Sent | OrderStatus::Issued => false,
            OrderStatus::Changed if !by_lot.is_empty() => true,
            // A supplier may still change lines that it accepted.
            OrderStatus::Accepted if is_change && order.in_kind.is_none() => true,
            OrderStatus::Accepted => {
                let way = "change accepted lines one by one, or cancel them";
                let text = format!("`{number}` is not waiting for a response: {way}");
                return Err(Refusal::DoesNotApply(text));
            }
            OrderStatus::Changed => {
                let way =
                    "it waits for a decision on its terms; to change them again, name the lots";
                let text = format!("`{number}` is not waiting for a response: {way}");
                return Err(Refusal::DoesNotApply(text));
            }
            OrderStatus::AwaitingApproval
            | OrderStatus::Refused
            | OrderStatus::Cancelled
            | OrderStatus::Completed => {
                let text = format!("`{number}` is not waiting for a response");
                return Err(Refusal::DoesNotApply(text));
            }
        };
        let ids: Vec<LotId> = order.lines.iter().map(|line| line.lot).collect();
        let mut lots = self.lots_under(order, ids.clone(), Milestone::Funded).await?;
        if is_again {
            let waits = |lot: &Lot| matches!(lot.state().awaits(), Some(Awaited::Terms { .. }));
            lots.retain(|lot| by_lot.contains_key(&lot.id) && waits(lot));
            let accepted = self.lots_under(order, ids, Milestone::Ordered).await?;
            let is_asked = |lot: &Lot| {
                by_lot.get(&lot.id).is_some_and(|answer| {
                    let is_asked = matches!(lot.state().awaits(), Some(Awaited::Consent { .. }));
                    !is_asked
                        && lot.is_outstanding()
                        && (waits(lot) || matches!(answer, LineAnswer::Changed { .. }))
                })
            };
            lots.extend(accepted.into_iter().filter(is_asked));
        }
        for lot in &lots {
            let is_refused = matches!(by_lot.get(&lot.id), Some(LineAnswer::Refused { .. }));
            if is_refused && self.is_accepted(lot)? {
                let text = format!(
                    "{} was accepted: cancel what will not be delivered under `{number}`",
                    lot.id
                );
                return Err(Refusal::DoesNotApply(text));
            }
        }
        if lots.is_empty() {
            let text = if is_again {
                format!("the response names nothing that is still to come under `{number}`")
            } else {
                format!(
                    "no lot of `{number}` is waiting for a response: retry the parked lots first"
                )
            };
            return Err(Refusal::DoesNotApply(text));
        }
        Ok(lots)
    }

    /// A supplier that asks for a higher price no longer stands by its offer. The offer is stored
    /// at the new price, so that nothing more is ordered at the old one.
    async fn keep_offers(
        &self,
        order: &Order,
        by_lot: &BTreeMap<LotId, &LineAnswer>,
        change_set: &mut ChangeSet,
    ) -> Result<(), Refusal> {
        let day = self.engine.today(self.coalition);
        let mut held: BTreeMap<&str, Offer> = BTreeMap::new();
        for line in &order.lines {
            let Some(LineAnswer::Changed { unit_price: Some(price), due }) = by_lot.get(&line.lot)
            else {
                continue;
            };
            // If several lots use the same offer, the highest price applies to all.
            let known = held.get(line.offer.as_str());
            let offer = known.or_else(|| self.coalition.offers.get(&line.offer));
            let answered = offer.and_then(|offer| answered(offer, line, *price, *due, day));
            held.extend(answered.map(|offer| (line.offer.as_str(), offer)));
        }
        for (id, offer) in held {
            let Some(record) = self.engine.store.record(RecordKind::Offer, id).await? else {
                continue;
            };
            let body = serde_json::to_string(&offer)
                .map_err(|error| Refusal::DoesNotApply(error.to_string()))?;
            change_set.records.push(RecordChange {
                kind: RecordKind::Offer,
                id: id.to_owned(),
                expected: record.version,
                body,
                event: RecordEvent::OfferPriceChanged,
            });
            change_set.jobs.push(wanted::round(self.engine));
        }
        Ok(())
    }

    /// Whether somebody would pay for all terms that wait for a decision.
    fn is_payable(
        &self,
        order: &Order,
        change_set: &ChangeSet,
        mut envelopes: BTreeMap<String, EnvelopeRow>,
        requested: &HashMap<LineId, Arc<Line>>,
    ) -> bool {
        change_set.lots.iter().all(|change| {
            let lot = &change.after;
            let line = order.lines.iter().find(|line| line.lot == lot.id);
            let Some((line, terms)) = line.and_then(|line| Some((line, line.asked.as_ref()?)))
            else {
                return true;
            };
            let Some(requested) = requested.get(&lot.line()) else { return false };
            let Ok(pipeline) = self.engine.pipeline_of(lot) else { return false };
            let mut purse = Purse {
                coalition: self.coalition,
                day: self.engine.today(self.coalition),
                policy: &pipeline.match_donor,
                tolerance_per_mille: pipeline.issue_order.tolerance_per_mille,
                envelopes: &mut envelopes,
            };
            purse.raise(order, line, (lot, requested), terms.unit_price).is_ok()
        })
    }

    /// What is wrong with a changed price or day, whatever line it is for.
    fn wrong(&self, answer: &LineAnswer) -> Option<String> {
        let LineAnswer::Changed { unit_price, due } = answer else { return None };
        if let Some(price) = unit_price.filter(|price| price.minor <= 0) {
            return Some(format!("{price} is not a valid price"));
        }
        let last = self.engine.today(self.coalition) + chrono::Days::new(LONGEST_DAYS);
        due.filter(|due| *due > last).map(|due| format!("{due} is too far away"))
    }

    /// Announces to the outside that these lots of `order` are to be delivered.
    pub(super) async fn await_delivery(
        &self,
        order: &Order,
        lots: &[Lot],
    ) -> Result<Vec<waybill_shared::store::NewJob>, Refusal> {
        let lines = self.engine.lines_of(lots).await?;
        let asked: Vec<_> = lots
            .iter()
            .filter_map(|lot| lines.get(&lot.line()).map(|line| (lot, &**line)))
            .collect();
        let now = self.engine.clock.now();
        Ok(self.connector.ask(ConnectorQuery::Delivery { order, lots: &asked }, now))
    }
}
