//! A supplier's response: accepted, changed or refused, line by line.

use std::collections::{BTreeMap, BTreeSet};

use waybill_shared::domain::document::{LineAnswer, ResponseLine};
use waybill_shared::domain::funding::Share;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Awaited, Lot, StepName};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::matching::needs_consent;
use waybill_shared::store::{EnvelopeRow, Unit};

use super::{Desk, Refusal};
use crate::connectors::Question;
use crate::funding;
use crate::steps::{confirm_delivery, issue_order, match_donor};

/// What is further away than this is a mistake, in days.
const LONGEST_DAYS: u64 = 36_500;

impl Desk<'_> {
    pub(super) async fn response(
        &self,
        number: &str,
        answers: &[ResponseLine],
    ) -> Result<Unit, Refusal> {
        let mut filed = self.order(number).await?;
        // What was accepted may still be changed by its supplier, line by line, until it is on its way.
        let is_change = match filed.status {
            OrderStatus::Sent | OrderStatus::Issued => false,
            OrderStatus::Accepted if changes(answers) && filed.order.in_kind.is_none() => true,
            OrderStatus::Accepted => {
                let way = "what was accepted is changed line by line, or cancelled";
                let text = format!("`{number}` does not wait for a response: {way}");
                return Err(Refusal::DoesNotApply(text));
            }
            OrderStatus::AwaitingApproval
            | OrderStatus::Refused
            | OrderStatus::Cancelled
            | OrderStatus::Completed => {
                let text = format!("`{number}` does not wait for a response");
                return Err(Refusal::DoesNotApply(text));
            }
        };
        self.only(&filed.order.supplier)?;
        let mut order = filed.order.clone();
        let by_lot: BTreeMap<LotId, &LineAnswer> =
            answers.iter().map(|line| (line.lot, &line.answer)).collect();
        if let Some(lot) = by_lot.keys().find(|lot| order.line(**lot).is_none()) {
            return Err(Refusal::DoesNotApply(format!("`{number}` has no line for {lot}")));
        }
        if let Some((lot, wrong)) = by_lot.iter().find_map(|(lot, a)| Some((lot, self.wrong(a)?))) {
            return Err(Refusal::DoesNotApply(format!("{lot}: {wrong}")));
        }
        let rows = self.engine.store.envelopes().await?;
        let mut envelopes: BTreeMap<String, EnvelopeRow> =
            rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut unit = self.unit();
        let mut accepted: Vec<Lot> = Vec::new();
        let ids: Vec<LotId> = order.lines.iter().map(|line| line.lot).collect();
        let step = if is_change { confirm_delivery::NAME } else { issue_order::NAME };
        let mut lots = self.lots_under(&order, ids, step).await?;
        let mut too_much = TooMuch::default();
        if is_change {
            lots.retain(|lot| by_lot.contains_key(&lot.id) && is_to_come(lot));
        }
        if lots.is_empty() {
            let text = if is_change {
                format!("nothing of `{number}` that it names is still to come")
            } else {
                format!("no lot of `{number}` waits for it: retry those that are parked first")
            };
            return Err(Refusal::DoesNotApply(text));
        }
        for lot in lots {
            let mut after = lot.clone();
            let refused = match by_lot.get(&lot.id) {
                None | Some(LineAnswer::Accepted) => None,
                Some(LineAnswer::Refused { text }) => Some(text.clone()),
                Some(LineAnswer::Changed { unit_price, due }) => {
                    let tolerance = self.engine.pipeline_of(&lot).issue_order.tolerance_per_mille;
                    changed(
                        self,
                        &mut order,
                        &mut after,
                        (*unit_price, *due),
                        tolerance,
                        &mut envelopes,
                    )
                    .err()
                }
            };
            // What was accepted is not given up by a price: its supplier has to refuse it, or the
            // secretariat to cancel it.
            if let (Some(why), Some(LineAnswer::Changed { .. }), true) =
                (&refused, by_lot.get(&lot.id), is_change)
            {
                too_much.lots.push(format!("{}: {why}", lot.id));
                let old = order.line(lot.id).map(|line| line.unit_price);
                let new = by_lot.get(&lot.id).and_then(|answer| price_of(answer));
                too_much.donors.extend(self.asked_again(&lot, old.zip(new)));
                continue;
            }
            let (result, kind) = match refused {
                None => {
                    after.chased = 0;
                    after.due = order.line(lot.id).map(|line| line.due);
                    after.because("", "");
                    accepted.push(after.clone());
                    if is_change {
                        let awaits = Awaited::Delivery { order: number.to_owned() };
                        (StepResult::Wait { awaits, until: None }, "lot.order_changed")
                    } else {
                        (StepResult::Done, "lot.order_accepted")
                    }
                }
                Some(why) => {
                    after.refused.extend(order.line(lot.id).map(|line| line.offer.clone()));
                    order.lines.retain(|line| line.lot != lot.id);
                    after.release();
                    after.because("refused_by_supplier", format!("{}: {why}", order.supplier));
                    let result = StepResult::Back { to: StepName::new(match_donor::NAME) };
                    (result, "lot.refused_by_supplier")
                }
            };
            unit.lots.push(self.change(lot, after, result, kind)?);
        }
        if !too_much.lots.is_empty() {
            return Err(Refusal::DoesNotApply(too_much.told(number)));
        }
        let (status, event) = if order.lines.is_empty() || (accepted.is_empty() && !is_change) {
            (OrderStatus::Refused, "order.refused")
        } else if is_change {
            (OrderStatus::Accepted, "order.changed_again")
        } else {
            unit.jobs.extend(self.await_delivery(&order, &accepted).await?);
            (OrderStatus::Accepted, "order.accepted")
        };
        if filed.order != order {
            filed.order = order;
            unit.records.push(filed.lines("order.changed")?);
        }
        unit.records.push(filed.becomes(status, event)?);
        Ok(unit)
    }

    /// Whose consent a lot needs if its money is set aside anew, at a price that went from one to another.
    fn asked_again(&self, lot: &Lot, prices: Option<(Money, Money)>) -> Vec<String> {
        let (old, new) = prices.map_or((1, 1), |(old, new)| (old.minor.max(1), new.minor));
        let is_asked = |share: &&Share| {
            let most = i128::from(share.amount.minor) * i128::from(new) / i128::from(old);
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let most = Money::new(most, share.amount.currency);
            needs_consent(self.coalition, &share.envelope, most)
        };
        let asked = lot.funding.iter().filter(is_asked);
        let given = asked.filter_map(|share| self.coalition.contributions.get(&share.envelope));
        given.flat_map(|given| given.donors.clone()).collect()
    }

    /// What makes no sense in a changed price or day, whatever it is of.
    fn wrong(&self, answer: &LineAnswer) -> Option<String> {
        let LineAnswer::Changed { unit_price, due } = answer else { return None };
        if let Some(price) = unit_price.filter(|price| price.minor <= 0) {
            return Some(format!("{price} is no price"));
        }
        let last = self.engine.today(self.coalition) + chrono::Days::new(LONGEST_DAYS);
        due.filter(|due| *due > last).map(|due| format!("{due} is too far away"))
    }

    /// Tells the outside that these lots of `order` are to come.
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
        Ok(self.connector.ask(Question::Delivery { order, lots: &asked }, now))
    }
}

/// The price that an answer changes to, if it does.
fn price_of(answer: &LineAnswer) -> Option<Money> {
    match answer {
        LineAnswer::Changed { unit_price, .. } => *unit_price,
        LineAnswer::Accepted | LineAnswer::Refused { .. } => None,
    }
}

/// Changes of what was accepted that go too far.
#[derive(Default)]
struct TooMuch {
    lots: Vec<String>,
    /// Whose consent is needed if the lots are matched again.
    donors: BTreeSet<String>,
}

impl TooMuch {
    fn told(self, number: &str) -> String {
        let donors: Vec<String> = self.donors.into_iter().collect();
        let asked = match donors.as_slice() {
            [] => "no donor has to consent again".to_owned(),
            donors => format!("then {} has to consent again", donors.join(", ")),
        };
        format!(
            "{}. Agree on less, hand in the new day alone, or cancel `{number}`: its lots are matched \
             again, with what other suppliers offer or a new offer of this one; {asked}",
            self.lots.join("; ")
        )
    }
}

/// Whether prices or days are all that is answered.
fn changes(answers: &[ResponseLine]) -> bool {
    let is_change = |line: &ResponseLine| matches!(line.answer, LineAnswer::Changed { .. });
    !answers.is_empty() && answers.iter().all(is_change)
}

/// Whether nothing of `lot` has come, or is known to be on its way.
fn is_to_come(lot: &Lot) -> bool {
    let awaits_it = matches!(lot.state.awaits(), Some(Awaited::Delivery { .. }));
    awaits_it && lot.shipped.is_zero()
}

/// Applies a changed price and day; an error says why the line has to be refused instead.
fn changed(
    desk: &Desk<'_>,
    order: &mut Order,
    lot: &mut Lot,
    (unit_price, due): (Option<Money>, Option<chrono::NaiveDate>),
    tolerance_per_mille: i64,
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
) -> Result<(), String> {
    let channel_bp = desk.coalition.charges_bp(&order.channel);
    let line = order.lines.iter_mut().find(|line| line.lot == lot.id);
    let line = line.ok_or_else(|| "it is not on the order".to_owned())?;
    if let Some(price) = unit_price {
        let text = |error: waybill_shared::domain::money::MoneyError| error.to_string();
        let goods = line.goods(price).map_err(text)?;
        let cost = goods.checked_add(goods.scaled(channel_bp, 10_000).map_err(text)?);
        let cost = cost.map_err(text)?;
        // However often it changes: a tolerance of a tolerance is none.
        let offered = desk.coalition.offers.get(&line.offer).map(|offer| offer.unit_price);
        let most = i128::from(1000 + tolerance_per_mille);
        if let Some(offered) = offered.filter(|offered| offered.currency == price.currency)
            && i128::from(price.minor) * 1000 > i128::from(offered.minor) * most
            && line.unit_price != offered
        {
            let beyond = funding::beyond(offered.minor, price.minor, tolerance_per_mille);
            return Err(format!("{price} a unit is {beyond} the {offered} offered"));
        }
        funding::fit(lot, cost, tolerance_per_mille, envelopes)?;
        line.unit_price = price;
        line.amount = cost;
        for (share, now) in line.shares.iter_mut().zip(&lot.funding) {
            share.covers = now.covers;
        }
    }
    if let Some(due) = due {
        line.due = due;
    }
    Ok(())
}
