//! I10: whatever an order binds was eligible on the day it was drawn up, by what was known then. The stored call-offs
//! of a framework equal what its live orders call off, within its ceiling.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use super::Check;
use crate::domain::coalition::Coalition;
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::{EventSubject, LotEvent, RecordKind};
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::money::Money;
use crate::domain::order::{Order, OrderStatus};
use crate::frameworks::{called_off, goods_of};
use crate::matching::Wanted;
use crate::matching::binding::may_pay;
use crate::store::Record;
use crate::store::reference::add;

/// The kinds of records that determine whether money may be bound.
const KINDS: [RecordKind; 5] = [
    RecordKind::Setting,
    RecordKind::Party,
    RecordKind::Contribution,
    RecordKind::Offer,
    RecordKind::Rates,
];

/// Events within this time count as simultaneous.
const AT_ONCE: TimeDelta = TimeDelta::minutes(1);

/// The properties of a line that earmarks depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
struct Facts {
    item: String,
    classification: String,
    requester: String,
}

struct CalledOff {
    day: NaiveDate,
    /// For each framework, the goods in the order's currency.
    goods: Vec<(String, Money)>,
    is_live: bool,
}

/// State from replaying the log: money, parties and lines, and the violations found.
#[derive(Default)]
pub(super) struct Bound {
    coalition: Coalition,
    /// Distinct facts; lines refer to them by index.
    facts: Vec<Facts>,
    numbers: HashMap<Facts, u32>,
    lines: HashMap<LineId, u32>,
    /// Orders that call off from frameworks.
    orders: BTreeMap<String, CalledOff>,
    /// When one of these orders last released a call-off.
    given_back: Option<Timestamp>,
    found: Vec<(String, String)>,
}

impl Bound {
    pub(super) fn hear(&mut self, event: &Event) {
        match EventSubject::of(&event.subject) {
            EventSubject::Lot if event.kind == LotEvent::Ordered.name() => self.ordered(event),
            EventSubject::Line => self.line(event),
            EventSubject::Record(kind, id) => self.record(kind, id, event),
            EventSubject::Lot | EventSubject::Envelope(_) | EventSubject::Unknown => {}
        }
    }

    /// Ignores bodies that cannot be read: the comparison with the stored record reports them.
    fn record(&mut self, kind: RecordKind, id: &str, event: &Event) {
        match kind {
            RecordKind::Order => self.order(id, event),
            RecordKind::OrderStatus => {
                let status = serde_json::from_str::<OrderStatus>(&event.body);
                if let (Some(order), Ok(status)) = (self.orders.get_mut(id), status) {
                    order.is_live = status.calls_off();
                    self.given_back = self.given_back.max((!order.is_live).then_some(event.at));
                }
            }
            RecordKind::FrameworkUse => self.called_off(id, event),
            _ if KINDS.contains(&kind) => {
                let (id, body) = (id.to_owned(), event.body.clone());
                let record = Record { id, version: event.number, body };
                add(&mut self.coalition, kind, &record).ok();
            }
            _ => {}
        }
    }

    fn order(&mut self, number: &str, event: &Event) {
        if self.coalition.offers.values().all(|offer| offer.framework.is_none()) {
            return;
        }
        let Ok(order) = serde_json::from_str::<Order>(&event.body) else { return };
        let goods = goods_of(&self.coalition, &order);
        let goods: Vec<_> = goods.map(|(number, goods)| (number.to_owned(), goods)).collect();
        let day = order.created.with_timezone(&self.coalition.zone()).date_naive();
        let is_live = self.orders.get(number).is_none_or(|order| order.is_live);
        if self.orders.contains_key(number) {
            self.given_back = Some(event.at);
        }
        if is_live && !goods.is_empty() {
            self.orders.insert(number.to_owned(), CalledOff { day, goods, is_live });
        } else {
            self.orders.remove(number);
        }
    }

    fn called_off(&mut self, number: &str, event: &Event) {
        #[derive(Deserialize)]
        struct Kept {
            value: i64,
        }
        let Ok(Kept { value }) = serde_json::from_str(&event.body) else { return };
        let mut frameworks = self.coalition.offers.values().filter_map(|o| o.framework.as_ref());
        let Some(framework) = frameworks.find(|framework| framework.number == number) else {
            return;
        };
        let live = self.orders.values().filter(|order| order.is_live);
        let goods = live.flat_map(|order| order.goods.iter().map(|goods| (order.day, goods)));
        let own = goods.filter(|(_, (of, _))| of == number);
        let counted =
            own.filter_map(|(day, (_, goods))| called_off(&self.coalition, framework, *goods, day));
        let counted: i64 = counted.map(|goods| goods.minor).fold(0, i64::saturating_add);
        let ceiling = framework.ceiling;
        let of = |minor: i64| Money::new(minor, ceiling.currency);
        let position = event.position;
        // What is released while an order is drawn up is only counted by the next call-off.
        let is_late = self.given_back.is_some_and(|at| event.at - at < AT_ONCE);
        if counted > value || (counted < value && !is_late) {
            let detail = format!(
                "{} is stored as called off at position {position}, but its orders call off {}",
                of(value),
                of(counted)
            );
            self.found.push((number.to_owned(), detail));
        }
        if value > ceiling.minor {
            let detail = format!(
                "{} is called off at position {position}, more than the ceiling of {ceiling}",
                of(value)
            );
            self.found.push((number.to_owned(), detail));
        }
    }

    fn line(&mut self, event: &Event) {
        let Ok(line) = event.subject.parse::<LineId>() else { return };
        let Ok(facts) = serde_json::from_str::<Facts>(&event.body) else { return };
        let number = match self.numbers.get(&facts) {
            Some(number) => *number,
            None => {
                let next = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
                self.facts.push(facts.clone());
                self.numbers.insert(facts, next);
                next
            }
        };
        self.lines.insert(line, number);
    }

    fn ordered(&mut self, event: &Event) {
        let Ok(lot) = serde_json::from_str::<Lot>(&event.body) else { return };
        let facts = self.lines.get(&lot.line()).and_then(|at| self.facts.get(*at as usize));
        let Some(facts) = facts else { return };
        let Facts { item, classification, requester } = facts;
        let wanted = Wanted { item, classification, requester };
        let day = event.at.with_timezone(&self.coalition.zone()).date_naive();
        for share in &lot.funding {
            if let Err(why) = may_pay(&self.coalition, &lot, wanted, &share.envelope, day) {
                let order = lot.order.as_deref().unwrap_or("an order");
                let detail = format!(
                    "{order} bound {} of {} on {day}, although it {why}, at position {}",
                    share.amount, share.envelope, event.position
                );
                self.found.push((event.subject.clone(), detail));
            }
        }
    }

    pub(super) fn ends(self, check: &mut Check) {
        for (lot, detail) in self.found {
            check.fails("I10", lot, detail);
        }
    }
}
