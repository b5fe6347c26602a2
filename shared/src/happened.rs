//! What happened to orders between their drawing up and their end, a sentence each: prices that changed, money
//! that was paid early or came back, surplus, and what framework contracts and gifts came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::coalition::Coalition;
use crate::domain::event::Event;
use crate::domain::ids::LotId;
use crate::domain::instalment::disbursed;
use crate::domain::kinds::{EventSubject, LotEvent, RecordKind};
use crate::domain::lot::{Awaited, Lot};
use crate::domain::money::Money;
use crate::domain::order::{Order, OrderStatus};
use crate::domain::supplier::Framework;
use crate::domain::surplus::{Surplus, SurplusFate};

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A supplier asked for another price, and it was accepted.
    PriceAccepted,
    /// A supplier asked for another price, and it was not accepted.
    PriceDeclined,
    /// Some of a lot was paid before it came.
    Advance,
    /// A supplier gave something back.
    Refund,
    /// More came than was ordered.
    Surplus,
    /// A framework contract was called off from.
    Framework,
    /// A gift came in packs.
    Gift,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// What kind of thing.
    pub what: What,
    /// The lot, order or contract that it happened to.
    pub subject: String,
    /// A sentence for people.
    pub text: String,
}

/// What a framework contract was called off for.
#[derive(Default)]
struct CalledOff {
    /// By each order.
    orders: BTreeMap<String, Money>,
    /// What all of them came to when it was most.
    most: i64,
    /// What came back of it.
    back: i64,
}

/// What the log tells, event by event.
#[derive(Default)]
pub struct Happened {
    all: Vec<Happening>,
    /// What suppliers ask for that is not decided on, and which donors were asked for it.
    asked: BTreeMap<LotId, (String, Vec<String>)>,
    frameworks: BTreeMap<String, CalledOff>,
    /// What is paid for each lot, in minor units of its order's currency.
    paid: BTreeMap<LotId, i64>,
}

impl Happened {
    fn add(&mut self, what: What, subject: &impl ToString, text: String) {
        self.all.push(Happening { what, subject: subject.to_string(), text });
    }

    /// A lot after one of its events.
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
                let text = format!("{} from its supplier after it was paid", lot.reason);
                self.add(What::Refund, &lot.id, text);
            }
            _ => {}
        }
    }

    /// Any other event.
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

    /// All that happened, by kind, each kind in the order of time.
    #[must_use]
    pub fn all(mut self, coalition: &Coalition, orders: &[Order]) -> Vec<Happening> {
        for (number, called) in std::mem::take(&mut self.frameworks) {
            let of = |offer: &crate::domain::supplier::Offer| offer.framework.clone();
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
    /// The whole sentence, which names its subject.
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
    /// An order calls off so much now.
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

    fn currency(&self) -> Option<crate::domain::money::Currency> {
        self.orders.values().next().map(|sum| sum.currency)
    }
}
