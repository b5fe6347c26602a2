//! What orders call off from framework contracts. It is always recounted from the live orders, so that refusals,
//! cancellations and changed prices release what they free.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::domain::coalition::Coalition;
use crate::domain::kinds::RecordKind;
use crate::domain::money::{Money, Rounding};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::supplier::{Framework, Offer};
use crate::store::body::parse;
use crate::store::{Store, StoreError};

/// A framework contract, and how much of it is called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The contract, as its offers state it.
    pub framework: Framework,
    /// The suppliers that sell under it.
    pub suppliers: BTreeSet<String>,
    /// The amount that live orders call off, in the currency of the ceiling.
    pub called_off: Money,
    /// These orders, each with its part.
    pub orders: BTreeMap<String, Money>,
}

impl Balance {
    fn of(offer: &Offer, framework: &Framework) -> Self {
        Self {
            framework: framework.clone(),
            suppliers: BTreeSet::from([offer.supplier.clone()]),
            called_off: Money::zero(framework.ceiling.currency),
            orders: BTreeMap::new(),
        }
    }

    /// The amount that can still be called off.
    #[must_use]
    pub fn left(&self) -> Money {
        let ceiling = self.framework.ceiling;
        let left = ceiling.minor.saturating_sub(self.called_off.minor).max(0);
        Money::new(left, ceiling.currency)
    }

    fn add(&mut self, order: &str, goods: Money) {
        self.called_off.minor = self.called_off.minor.saturating_add(goods.minor);
        let zero = Money::zero(goods.currency);
        let part = self.orders.entry(order.to_owned()).or_insert(zero);
        part.minor = part.minor.saturating_add(goods.minor);
    }
}

/// The amount that `goods` ordered on `day` call off from a framework, in the currency of its ceiling; `None` if there
/// is no exchange rate.
#[must_use]
pub fn called_off(
    coalition: &Coalition,
    framework: &Framework,
    goods: Money,
    day: NaiveDate,
) -> Option<Money> {
    coalition.reckon(goods, framework.ceiling.currency, day, Rounding::Up).ok().flatten()
}

/// The goods that `order` calls off from framework contracts: the contract's number, and the amount in the order's
/// currency.
pub fn goods_of<'a>(
    coalition: &'a Coalition,
    order: &'a Order,
) -> impl Iterator<Item = (&'a str, Money)> {
    order.lines.iter().filter(|_| order.in_kind.is_none()).filter_map(|line| {
        // Orders of earlier versions do not name the contract, only the offer.
        let by_offer = || Some(&coalition.offers.get(&line.offer)?.framework.as_ref()?.number);
        let number = line.framework.as_ref().or_else(by_offer)?;
        Some((number.as_str(), line.goods(line.unit_price).ok()?))
    })
}

/// The balance of every framework contract, by its number.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn balances(
    store: &dyn Store,
    coalition: &Coalition,
) -> Result<BTreeMap<String, Balance>, StoreError> {
    let mut balances: BTreeMap<String, Balance> = BTreeMap::new();
    for offer in coalition.offers.values() {
        let Some(framework) = &offer.framework else { continue };
        match balances.get_mut(&framework.number) {
            Some(known) => drop(known.suppliers.insert(offer.supplier.clone())),
            None => drop(balances.insert(framework.number.clone(), Balance::of(offer, framework))),
        }
    }
    if balances.is_empty() {
        return Ok(balances);
    }
    let mut live: HashMap<String, bool> = HashMap::new();
    for record in store.records(RecordKind::OrderStatus).await? {
        let status: OrderStatus = parse(RecordKind::OrderStatus, &record.id, &record.body)?;
        live.insert(record.id, status.calls_off());
    }
    for record in store.records(RecordKind::Order).await? {
        if !live.get(&record.id).copied().unwrap_or_default() {
            continue;
        }
        let order: Order = parse(RecordKind::Order, &record.id, &record.body)?;
        let day = order.created.with_timezone(&coalition.zone()).date_naive();
        for (number, goods) in goods_of(coalition, &order) {
            let Some(balance) = balances.get_mut(number) else { continue };
            if let Some(goods) = called_off(coalition, &balance.framework, goods, day) {
                balance.add(&order.number, goods);
            }
        }
    }
    Ok(balances)
}
