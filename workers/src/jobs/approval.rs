//! Decides whether an order needs an approval by somebody other than its author before it is sent.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::money::{Currency, Money, MoneyError, Rounding};
use waybill_shared::domain::order::Order;
use waybill_shared::domain::pipeline::OrderPolicy;
use waybill_shared::domain::quantity::Quantity;

use super::quantities::Ready;

/// Why `order` needs an approval, as a text for people. `None` means that it is sent at once.
pub(super) fn reasons(
    coalition: &Coalition,
    policy: &OrderPolicy,
    day: NaiveDate,
    order: &Order,
    lots: &[Ready],
) -> Vec<String> {
    let asked = Asked { coalition, policy, day };
    let mut reasons: Vec<String> = asked.amount(order).into_iter().collect();
    reasons.extend(asked.surplus(lots));
    reasons.extend(asked.estimate(order, lots));
    reasons
}

struct Asked<'a> {
    coalition: &'a Coalition,
    policy: &'a OrderPolicy,
    day: NaiveDate,
}

/// What an order buys of one item through one offer.
#[derive(Default)]
struct Item<'a> {
    lots: Vec<&'a Ready>,
    wanted: Quantity,
    surplus: Quantity,
}

impl Asked<'_> {
    /// `amount` converted to `to`, or `None` if there is no rate or the result is too large.
    fn converted(&self, amount: Money, to: Currency) -> Option<Money> {
        self.coalition.convert(amount, to, self.day, Rounding::Up).ok().flatten()
    }

    /// An order whose value cannot be determined needs an approval.
    fn amount(&self, order: &Order) -> Option<String> {
        let limit = self.policy.approval_above?;
        let total = order.total();
        match total.and_then(|total| self.converted(total, limit.currency)) {
            Some(total) if total.minor <= limit.minor => None,
            Some(total) => Some(format!("it costs {total}, above the limit of {limit}")),
            None => Some(format!("its cost cannot be compared with the limit of {limit}")),
        }
    }

    fn surplus(&self, lots: &[Ready]) -> Vec<String> {
        let mut items: BTreeMap<&str, Item<'_>> = BTreeMap::new();
        for ready in lots.iter().filter(|ready| !ready.quote.is_free()) {
            let Some(offer) = &ready.quote.offer else { continue };
            let item = items.entry(&offer.id).or_default();
            item.wanted.0 = item.wanted.0.saturating_add(ready.after.quantity.0);
            item.surplus.0 = item.surplus.0.saturating_add(ready.after.surplus.0);
            item.lots.push(ready);
        }
        items.values().filter_map(|item| self.surplus_of(item)).collect()
    }

    fn surplus_of(&self, item: &Item<'_>) -> Option<String> {
        let limit = &self.policy.surplus_limit;
        let Item { lots, wanted, surplus } = item;
        let first = lots.first().filter(|_| !surplus.is_zero())?;
        let is_much =
            i128::from(surplus.0) * 1000 > i128::from(wanted.0) * i128::from(limit.per_mille);
        let cost = self.cost_of_surplus(lots);
        let is_dear = limit.amount.is_some_and(|most| {
            let cost = cost.and_then(|cost| self.converted(cost, most.currency));
            cost.is_none_or(|cost| cost.minor > most.minor)
        });
        if !is_much && !is_dear {
            return None;
        }
        let offer = first.quote.offer.as_ref()?;
        let unit = first.line.unit.name();
        let allowed = match limit.amount {
            None => String::new(),
            Some(most) => format!(" and {most}"),
        };
        let cost = cost.map_or_else(String::new, |cost| format!(", for {cost}"));
        let percent = format!("{}.{} %", limit.per_mille / 10, limit.per_mille % 10);
        Some(format!(
            "{surplus} {unit} of {} above the {wanted} wanted{cost}, because {} sells at least {} \
             (limit: {percent}{allowed})",
            offer.item,
            offer.supplier,
            Quantity(wanted.0.saturating_add(surplus.0))
        ))
    }

    fn cost_of_surplus(&self, lots: &[&Ready]) -> Option<Money> {
        let mut sum: Option<Money> = None;
        for ready in lots {
            let cost = ready.quote.cost_of(ready.after.surplus).ok()?;
            sum = Some(sum.map_or(Ok(cost), |sum| sum.checked_add(cost)).ok()?);
        }
        sum
    }

    /// Estimates cover only the requested quantity. A price above the estimate and surplus both
    /// make the order cost more.
    fn estimate(&self, order: &Order, lots: &[Ready]) -> Option<String> {
        let total = order.total()?;
        let estimate = self.estimated(total.currency, lots);
        let Some(estimate) = estimate else {
            return Some(format!("its estimates cannot be compared with its cost of {total}"));
        };
        let most = i128::from(estimate.minor) * i128::from(1000 + self.policy.tolerance_per_mille);
        if i128::from(total.minor) * 1000 <= most {
            return None;
        }
        let beyond = crate::funding::beyond(
            estimate.minor.into(),
            total.minor.into(),
            self.policy.tolerance_per_mille,
        );
        Some(format!("it costs {total}, {beyond} the {estimate} estimated"))
    }

    fn estimated(&self, currency: Currency, lots: &[Ready]) -> Option<Money> {
        let of = |ready: &Ready| -> Result<Money, MoneyError> {
            ready.line.unit_estimate.of(ready.after.quantity)
        };
        lots.iter().try_fold(Money::zero(currency), |sum, ready| {
            let estimate = self.converted(of(ready).ok()?, currency)?;
            sum.checked_add(estimate).ok()
        })
    }
}
