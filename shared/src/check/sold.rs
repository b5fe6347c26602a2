//! I14: an order buys only quantities that its supplier sells, and goods that nobody requested have an owner.

use crate::domain::kinds::RecordEvent;
use std::collections::{BTreeMap, HashMap};

use super::Check;
use crate::domain::event::Event;
use crate::domain::ids::{LineId, LotId};
use crate::domain::order::{Order, OrderLine};
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::supplier::{Offer, Pack, Quote, SoldBy, Surplus};

/// State from replaying the log: offers, and the violations of orders that were drawn up from them.
#[derive(Default)]
pub(super) struct Sold {
    offers: HashMap<String, Offer>,
    wrong: Vec<(String, String)>,
}

impl Sold {
    pub(super) fn hear(&mut self, event: &Event) {
        if event.subject.starts_with("offer:") {
            if let Ok(offer) = serde_json::from_str::<Offer>(&event.body) {
                self.offers.insert(offer.id.clone(), offer);
            }
        } else if event.kind == RecordEvent::OrderDrawnUp.name()
            && let Ok(order) = serde_json::from_str::<Order>(&event.body)
            && order.in_kind.is_none()
        {
            self.drawn_up(&order);
        }
    }

    /// Uses the terms of the day: offers change, but what was agreed stays.
    fn drawn_up(&mut self, order: &Order) {
        let mut items: BTreeMap<(&str, Unit), Vec<&OrderLine>> = BTreeMap::new();
        for line in &order.lines {
            items.entry((&line.offer, line.unit)).or_default().push(line);
        }
        for ((id, unit), lines) in items {
            let Some(offer) = self.offers.get(id) else { continue };
            let bought: Quantity = lines.iter().map(|line| line.quantity).sum();
            let surplus: Quantity = lines.iter().map(|line| line.surplus).sum();
            let wanted = bought.less(surplus);
            let sold = quote(offer, lines[0]).bought(wanted);
            if sold != bought {
                self.wrong.push((
                    order.number.clone(),
                    format!(
                        "buys {bought} {unit} of {} for the {wanted} wanted, but under {id} {} \
                         sells {sold}",
                        offer.item, order.supplier
                    ),
                ));
            }
        }
        for line in order.lines.iter().filter(|line| !line.surplus.is_zero()) {
            if line.surplus_owner().is_empty() || line.surplus_payer.is_none() {
                let detail = format!("{}: its surplus has no owner or no payer", line.lot);
                self.wrong.push((order.number.clone(), detail));
            }
        }
    }

    pub(super) fn report(self, check: &mut Check) {
        for (order, detail) in self.wrong {
            check.fails("I14", order, detail);
        }
    }
}

fn quote(offer: &Offer, line: &OrderLine) -> Quote {
    let pack = line.packs.map(|packs| Pack { quantity: packs.each, unit: line.unit });
    Quote {
        sold_by: pack.map_or(SoldBy::Unit, SoldBy::Pack),
        unit_price: offer.unit_price,
        charges_bp: 0,
        surplus: Surplus::ALONE,
        offer: Some(offer.clone()),
    }
}

/// Checks that the lots of a line have no more surplus together than the order buys for them.
pub(super) fn followed(check: &mut Check, order: &Order, lots: &[(LotId, Quantity)]) {
    let mut sums: BTreeMap<LineId, Quantity> = BTreeMap::new();
    for (lot, surplus) in lots {
        sums.entry(lot.line()).or_default().0 += surplus.0;
    }
    for (line, sum) in sums {
        let own = order.lines.iter().filter(|of| of.lot.line() == line);
        let bought: Quantity = own.map(|of| of.surplus).sum();
        if sum > bought {
            let number = &order.number;
            check.fails("I14", line, format!("has a surplus of {sum}, but {number} buys {bought}"));
        }
    }
}
