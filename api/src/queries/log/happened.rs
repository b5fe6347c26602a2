//! What happened to orders between drawing up and end, one sentence each: changed prices, advance payments and refunds,
//! surplus, and the totals of framework contracts and gifts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::event::Event;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::instalment::disbursed;
use waybill_shared::domain::kinds::{EventSubject, LotEvent, RecordKind};
use waybill_shared::domain::lot::{Awaited, Lot};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::domain::supplier::Framework;
use waybill_shared::domain::surplus::{Surplus, SurplusFate};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A supplier asked for another price, which was accepted.
    PriceAccepted,
    /// A supplier asked for another price, which was not accepted.
    PriceDeclined,
    /// Part of a lot was paid before it came.
    Advance,
    /// A supplier returned money.
    Refund,
    /// More came than was ordered.
    Surplus,
    /// Orders called off from a framework contract.
    Framework,
    /// A gift came in packs.
    Gift,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    pub what: What,
    /// The lot, order or contract that it happened to.
    pub subject: String,
    /// A sentence for people. It may leave out the subject.
    pub text: String,
}

/// The amounts called off from a framework contract, in minor units.
#[derive(Default)]
struct CalledOff {
    /// The amount that each order calls off now.
    orders: BTreeMap<String, Money>,
    /// The highest total so far.
    most: i64,
    /// The total that was given back.
    back: i64,
}

/// Collects happenings from the log, event by event.
#[derive(Default)]
pub struct Happened {
    all: Vec<Happening>,
    /// For each lot with an open request of its supplier: the request, and the donors that were asked for more money.
    asked: BTreeMap<LotId, (String, Vec<String>)>,
    frameworks: BTreeMap<String, CalledOff>,
    /// What is paid for each lot, in minor units of its order's currency.
    paid: BTreeMap<LotId, i64>,
}

impl Happened {
    fn add(&mut self, what: What, subject: &impl ToString, text: String) {
        self.all.push(Happening { what, subject: subject.to_string(), text });
    }

    /// Adds a lot as it is after one of its events.
    pub fn lot(&mut self, lot: &Lot, kind: &str) {
        let paid = disbursed(lot);
        let before = match paid {
            0 => 0,
            _ => self.paid.insert(lot.id, paid).unwrap_or_default(),
        };
        match LotEvent::named(kind) {
            Some(LotEvent::TermsChanged) => {
                drop(self.asked.insert(lot.id, (lot.reason.clone(), Vec::new())))
            }
            Some(LotEvent::ConsentAsked) if lot.order.is_some() => {
                if let Some((_, donors)) = self.asked.get_mut(&lot.id)
                    && let Some(Awaited::Consent { donors: whose }) = lot.state().awaits()
                {
                    donors.clone_from(whose);
                }
            }
            Some(LotEvent::OrderAccepted | LotEvent::OrderChanged) => {
                let Some((asked, donors)) = self.asked.remove(&lot.id) else { return };
                let agreed = match donors.as_slice() {
                    [] => String::new(),
                    donors => format!("{} agreed, and ", donors.join(", ")),
                };
                let text = format!("{asked}; {agreed}the secretariat accepted");
                self.add(What::PriceAccepted, &lot.id, text);
            }
            Some(LotEvent::OrderCancelled) => {
                let Some((asked, _)) = self.asked.remove(&lot.id) else { return };
                let text =
                    format!("{asked}; it was not accepted, and {} was matched again", lot.id);
                self.add(What::PriceDeclined, &lot.id, text);
            }
            Some(LotEvent::AdvancePaid) => {
                let Some(first) = lot.funding.first() else { return };
                let paid = Money::new(paid - before, first.covers.currency);
                self.add(What::Advance, &lot.id, format!("{paid} was paid before it came"));
            }
            Some(LotEvent::Refunded) => {
                let text = format!("{} by its supplier after it was paid", lot.reason);
                self.add(What::Refund, &lot.id, text);
            }
            _ => {}
        }
    }

    /// Adds an event of anything else.
    pub fn event(&mut self, event: &Event) {
        let EventSubject::Record(kind, id) = EventSubject::of(&event.subject) else { return };
        match kind {
            RecordKind::Surplus => {
                let Ok(surplus) = serde_json::from_str::<Surplus>(&event.body) else { return };
                let Surplus { lot, quantity, owner, .. } = &surplus;
                let fate = match surplus.fate {
                    SurplusFate::Undecided => return,
                    SurplusFate::KeptPaid => format!("{owner} keeps it, and it is paid"),
                    SurplusFate::KeptUnpaid => {
                        format!("{owner} keeps it, and nothing is paid for it")
                    }
                    SurplusFate::Returned => format!("it goes back to {owner}"),
                };
                self.add(What::Surplus, lot, format!("{quantity} more than ordered came: {fate}"));
            }
            RecordKind::Order => {
                if let Ok(order) = serde_json::from_str::<Order>(&event.body) {
                    self.order(&order);
                }
            }
            RecordKind::OrderStatus => {
                let status = serde_json::from_str::<OrderStatus>(&event.body);
                if let Ok(OrderStatus::Refused | OrderStatus::Cancelled) = status {
                    for framework in self.frameworks.values_mut() {
                        framework.calls(id, None);
                    }
                }
            }
            _ => {}
        }
    }

    fn order(&mut self, order: &Order) {
        let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
        for line in &order.lines {
            let Some(number) = line.framework.as_deref() else { continue };
            let Ok(goods) = line.goods(line.unit_price) else { continue };
            let sum = sums.entry(number).or_insert_with(|| Money::zero(goods.currency));
            sum.minor = sum.minor.saturating_add(goods.minor);
        }
        for (number, framework) in &mut self.frameworks {
            if !sums.contains_key(number.as_str()) {
                framework.calls(&order.number, None);
            }
        }
        for (number, sum) in sums {
            let framework = self.frameworks.entry(number.to_owned()).or_default();
            framework.calls(&order.number, Some(sum));
        }
    }

    /// All happenings by kind, each kind in order of time.
    #[must_use]
    pub fn all(mut self, coalition: &Coalition, orders: &[Order]) -> Vec<Happening> {
        for (number, called) in std::mem::take(&mut self.frameworks) {
            let of = |offer: &waybill_shared::domain::supplier::Offer| offer.framework.clone();
            let known = coalition.offers.values().filter_map(of).find(|f| f.number == number);
            let Some(Framework { ceiling, .. }) = known else { continue };
            let amount = |minor| Money::new(minor, called.currency().unwrap_or(ceiling.currency));
            let (now, most, back) =
                (amount(called.sum()), amount(called.most), amount(called.back));
            let text = format!(
                "{most} of {ceiling} were called off at most; {back} came back by changes and cancellations, \
                 so {now} are called off"
            );
            self.add(What::Framework, &number, text);
        }
        for order in orders {
            let Some(given) = order.in_kind.as_ref() else { continue };
            let Some(given) = coalition.contributions.get(given) else { continue };
            for line in &order.lines {
                let gift = given.in_kind.iter().find(|gift| gift.item == line.item);
                let Some((gift, pack)) = gift.and_then(|gift| Some((gift, gift.pack_of?))) else {
                    continue;
                };
                let packs = pack.packs_for(line.quantity);
                let unit = gift.unit.map_or("packs", |unit| unit.name());
                let text = format!(
                    "{} gave {} {} in {packs} {unit} of {} each",
                    order.supplier,
                    line.quantity,
                    line.unit.name(),
                    pack.quantity
                );
                self.add(What::Gift, &line.lot, text);
            }
        }
        self.all.sort_by_key(|happening| happening.what);
        self.all
    }
}

impl Happening {
    /// The whole sentence, with its subject.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { subject, text, .. } = self;
        if text.contains(subject.as_str()) {
            format!("{text}.")
        } else {
            format!("{subject}: {text}.")
        }
    }
}

impl CalledOff {
    /// Records the amount that an order calls off now.
    fn calls(&mut self, order: &str, sum: Option<Money>) {
        let before = self.sum();
        match sum {
            Some(sum) => drop(self.orders.insert(order.to_owned(), sum)),
            None => drop(self.orders.remove(order)),
        }
        let now = self.sum();
        self.most = self.most.max(now);
        self.back += (before - now).max(0);
    }

    fn sum(&self) -> i64 {
        self.orders.values().map(|sum| sum.minor).sum()
    }

    fn currency(&self) -> Option<waybill_shared::domain::money::Currency> {
        self.orders.values().next().map(|sum| sum.currency)
    }
}
