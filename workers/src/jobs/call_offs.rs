//! What the orders that are being drawn up call off from framework contracts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::supplier::Quote;
use waybill_shared::engine::Engine;
use waybill_shared::frameworks::{balances, called_off, goods_of};
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, RecordChange};

use super::gather::Counter;

/// The framework contracts from which the orders of one ordering window call off.
#[derive(Default)]
pub(super) struct CallOffs {
    open: BTreeMap<String, Open>,
}

struct Open {
    counter: Counter,
    /// What existing orders call off, in minor units of the ceiling's currency.
    drawn_up: i64,
    /// What lots call off that are not yet on an order, in the same units.
    pending: i64,
}

impl CallOffs {
    /// Calls off what `lot` costs by `quote`. Returns `false` if too little is left under the
    /// ceiling.
    pub(super) async fn call_off(
        &mut self,
        engine: &Engine,
        coalition: &Coalition,
        day: NaiveDate,
        (lot, quote): (&Lot, &Quote),
    ) -> Result<bool, JobError> {
        let Some(framework) = quote.offer.as_ref().and_then(|offer| offer.framework.as_ref())
        else {
            return Ok(true);
        };
        if !self.open.contains_key(&framework.number) {
            // Read the record first. If another order is drawn up meanwhile, this change set
            // becomes stale.
            let counter =
                Counter::read(engine, RecordKind::FrameworkUse, &framework.number).await?;
            let called = balances(&*engine.store, coalition).await?.remove(&framework.number);
            let drawn_up = called.map_or(0, |balance| balance.called_off.minor);
            self.open.insert(framework.number.clone(), Open { counter, drawn_up, pending: 0 });
        }
        let goods = quote.goods(lot.quantity).ok();
        let goods = goods.and_then(|goods| called_off(coalition, framework, goods, day));
        // If the amount cannot be computed, nothing is called off.
        let (Some(goods), Some(open)) = (goods, self.open.get_mut(&framework.number)) else {
            return Ok(false);
        };
        let pending = open.pending.saturating_add(goods.minor);
        let fits = open.drawn_up.saturating_add(pending) <= framework.ceiling.minor;
        if fits {
            open.pending = pending;
        }
        Ok(fits)
    }

    /// Takes back what was called off for `lot`, which is not going to be on an order.
    pub(super) fn leave(
        &mut self,
        coalition: &Coalition,
        day: NaiveDate,
        (lot, quote): (&Lot, &Quote),
    ) {
        let framework = quote.offer.as_ref().and_then(|offer| offer.framework.as_ref());
        let Some(framework) = framework else { return };
        let goods = quote.goods(lot.quantity).ok();
        let goods = goods.and_then(|goods| called_off(coalition, framework, goods, day));
        if let (Some(goods), Some(open)) = (goods, self.open.get_mut(&framework.number)) {
            open.pending = open.pending.saturating_sub(goods.minor);
        }
    }

    /// The record changes for what the order in `change_set` calls off, computed from its lines.
    pub(super) fn filed(
        &mut self,
        coalition: &Coalition,
        day: NaiveDate,
        change_set: &ChangeSet,
    ) -> Result<Vec<RecordChange>, JobError> {
        let mut filed = Vec::new();
        if self.open.is_empty() {
            return Ok(filed);
        }
        for record in change_set.records.iter().filter(|record| record.kind == RecordKind::Order) {
            let order: Order = serde_json::from_str(&record.body)
                .map_err(|error| JobError::Invalid(error.to_string()))?;
            let mut called: BTreeMap<&str, i64> = BTreeMap::new();
            for (number, goods) in goods_of(coalition, &order) {
                let offers = coalition.offers.values();
                let mut known = offers.filter_map(|offer| offer.framework.as_ref());
                let framework = known.find(|framework| framework.number == number);
                let goods = framework.and_then(|of| called_off(coalition, of, goods, day));
                *called.entry(number).or_default() += goods.map_or(0, |goods| goods.minor);
            }
            for (number, goods) in called {
                let Some(open) = self.open.get_mut(number) else { continue };
                open.drawn_up = open.drawn_up.saturating_add(goods);
                open.pending = open.pending.saturating_sub(goods).max(0);
                filed.push(open.counter.set(open.drawn_up, RecordEvent::FrameworkCalledOff));
            }
        }
        Ok(filed)
    }
}
