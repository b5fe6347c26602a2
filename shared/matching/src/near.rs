//! Offers near to what a lot requests, and what keeps each of them away. This explains why nothing can be bought,
//! and what would change that.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::eligibility::{WhyNot, eligible};
use super::keeps_away::KeepsAway;
use super::round::lacking;
use super::spelling::{Differs, Form};
use waybill_domain::coalition::Coalition;
use waybill_domain::lot::Lot;
use waybill_domain::money::{Currency, Money, Rounding};
use waybill_domain::quantity::{Quantity, Unit};
use waybill_domain::requisition::Line;
use waybill_domain::supplier::Offer;

/// The maximum number of offers that are named for one lot.
const NAMED: usize = 5;

/// The maximum number of offers that are named in a lot's own reason.
const IN_REASON: usize = 3;

/// An offer near to what a lot requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NearOffer {
    /// The offer.
    pub offer: String,
    /// The supplier.
    pub supplier: String,
    /// The item in the offer.
    pub item: String,
    /// The unit in which it is sold.
    pub unit: Unit,
    /// What keeps it away, and what else to know about it.
    pub keeps_away: Vec<KeepsAway>,
    /// The same as a text.
    pub text: String,
    /// How to remove what keeps it away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way_out: Vec<String>,
}

/// The offers of one item, in one spelling.
struct Item<'a> {
    form: Form,
    offers: Vec<&'a Offer>,
}

fn items(coalition: &Coalition) -> BTreeMap<&str, Item<'_>> {
    let mut items: BTreeMap<&str, Item<'_>> = BTreeMap::new();
    for offer in coalition.offers.values() {
        let form = || Item { form: Form::of(&offer.item), offers: Vec::new() };
        items.entry(&offer.item).or_insert_with(form).offers.push(offer);
    }
    items
}

/// Items near to a wanted one: the distance, the difference, and the item.
type Alike<'a> = Arc<[(usize, Option<Differs>, &'a str)]>;

/// The offers of a day, prepared to find those near to what lots request.
pub struct Market<'a> {
    coalition: &'a Coalition,
    day: NaiveDate,
    /// What is left of framework contracts, by number.
    frameworks: &'a BTreeMap<String, Money>,
    items: BTreeMap<&'a str, Item<'a>>,
    known: HashMap<String, Alike<'a>>,
    /// How much of each item all waiting lots want together.
    wanted: HashMap<(&'a str, Unit), Quantity>,
}

impl<'a> Market<'a> {
    /// The offers on `day`. `frameworks` is what is left of framework contracts.
    #[must_use]
    pub fn new(
        coalition: &'a Coalition,
        frameworks: &'a BTreeMap<String, Money>,
        day: NaiveDate,
    ) -> Self {
        let (items, known, wanted) = Default::default();
        Self { coalition, day, frameworks, items, known, wanted }
    }

    /// Adds lots that would be bought together. Minimums are compared with the sum that they want.
    #[must_use]
    pub fn wanting(mut self, lots: impl Iterator<Item = (Quantity, &'a Line)>) -> Self {
        for (quantity, line) in lots {
            let sum = self.wanted.entry((&line.item, line.unit)).or_default();
            sum.0 = sum.0.saturating_add(quantity.0);
        }
        self
    }

    /// What is wanted together with `lot`, including the lot itself.
    fn wanted(&self, lot: &Lot, line: &Line) -> Quantity {
        let sum = self.wanted.get(&(line.item.as_str(), line.unit)).copied();
        sum.unwrap_or_default().max(lot.quantity)
    }

    /// The offers nearest to what `lot` of `line` requests. The same item comes first, then similar spellings.
    /// Among these, offers with fewer obstacles come first, and then smaller ids.
    pub fn near(&mut self, lot: &Lot, line: &Line) -> Vec<NearOffer> {
        let alike = self.alike(&line.item);
        let mut found: Vec<(usize, usize, &Offer, Vec<KeepsAway>)> = Vec::new();
        for (distance, differs, item) in alike.iter() {
            for offer in self.items.get(item).into_iter().flat_map(|item| &item.offers) {
                let keeps_away = self.keeps_away(offer, lot, line, differs.as_ref());
                let barriers = keeps_away.iter().filter(|why| why.is_barrier()).count();
                if barriers > 0 {
                    found.push((*distance, barriers, offer, keeps_away));
                }
            }
        }
        found.sort_by(|one, other| (one.0, one.1, &one.2.id).cmp(&(other.0, other.1, &other.2.id)));
        found.truncate(NAMED);
        let near = |(_, _, offer, keeps_away): (usize, usize, &Offer, Vec<KeepsAway>)| {
            let texts: Vec<String> = keeps_away.iter().map(ToString::to_string).collect();
            let ways = keeps_away.iter().filter_map(|why| why.way_out(line, &offer.id));
            NearOffer {
                offer: offer.id.clone(),
                supplier: offer.supplier.clone(),
                item: offer.item.clone(),
                unit: offer.unit,
                text: texts.join(", and "),
                way_out: ways.collect(),
                keeps_away,
            }
        };
        found.into_iter().map(near).collect()
    }

    /// The offered items near to `wanted`.
    fn alike(&mut self, wanted: &str) -> Alike<'a> {
        if let Some(known) = self.known.get(wanted) {
            return known.clone();
        }
        // If everything is offered as requested, items are never compared.
        if self.items.is_empty() {
            self.items = items(self.coalition);
        }
        let form = Form::of(wanted);
        let near = self.items.iter().filter_map(|(item, offered)| {
            if *item == wanted {
                return Some((0, None, *item));
            }
            let differs = form.differs(&offered.form)?;
            Some((differs.distance(), Some(differs), *item))
        });
        let found: Alike<'a> = near.collect();
        self.known.insert(wanted.to_owned(), found.clone());
        found
    }

    /// What keeps `offer` away from `lot`, and what else to know about it.
    fn keeps_away(
        &self,
        offer: &Offer,
        lot: &Lot,
        line: &Line,
        differs: Option<&Differs>,
    ) -> Vec<KeepsAway> {
        let (day, mut found) = (self.day, Vec::new());
        if let Some(differs) = differs {
            found.push(KeepsAway::Spelling {
                offered: offer.item.clone(),
                wanted: line.item.clone(),
                differs: differs.clone(),
            });
        }
        let quote = self.coalition.quote(offer, line);
        if quote.is_none() {
            found.push(KeepsAway::Unit { offered: offer.unit, wanted: line.unit });
        }
        if offer.is_suspended {
            found.push(KeepsAway::Suspended);
        }
        if offer.from > day {
            found.push(KeepsAway::NotYetOpen { from: offer.from });
        }
        if let Some(to) = offer.to.filter(|to| *to < day) {
            found.push(KeepsAway::Ended { to });
        }
        let framework = offer.framework.as_ref();
        if let Some(framework) = framework.filter(|framework| framework.ends < day) {
            let (framework, ended) = (framework.number.clone(), framework.ends);
            found.push(KeepsAway::FrameworkEnded { framework, ended });
        }
        let currency = offer.unit_price.currency;
        if self.coalition.rate(currency, day).is_none() {
            found.push(KeepsAway::NoRate { currency, day });
        }
        if let Some(quote) = &quote {
            let cost = quote.cost_of(lot.quantity);
            let base = cost
                .and_then(|cost| self.coalition.convert(cost, Currency::EUR, day, Rounding::Up));
            if base.is_err() {
                found.push(KeepsAway::Overflow);
            }
            let left = lacking(self.coalition, self.frameworks, quote, lot.quantity, day);
            if let (Some(framework), Some(left)) = (framework, left) {
                let framework = framework.number.clone();
                found.push(KeepsAway::FrameworkUsedUp { framework, left });
            }
        }
        let times = lot
            .refused
            .iter()
            .filter(|refused| **refused == offer.id || **refused == offer.at_price())
            .count();
        // Waybill itself refuses what exceeds the framework contract, and that is reported already.
        let is_used_up = |why: &KeepsAway| matches!(why, KeepsAway::FrameworkUsedUp { .. });
        if times > 0 && !found.iter().any(is_used_up) {
            found.push(KeepsAway::Refused { times });
        }
        found.extend(self.channel(offer, lot, line));
        let wanted = self.wanted(lot, line);
        if quote.is_some_and(|quote| quote.bought(Quantity(1)) > wanted) {
            let (minimum, unit) = (offer.minimum.to_string(), offer.unit);
            found.push(KeepsAway::Minimum { minimum, unit });
        }
        found
    }

    /// What keeps `offer` away if money could pay for the lot, but none of it through the offer's channel.
    fn channel(&self, offer: &Offer, lot: &Lot, line: &Line) -> Option<KeepsAway> {
        let channel = offer.channel.as_str();
        let mut envelopes = Vec::new();
        for (id, contribution) in &self.coalition.contributions {
            if lot.refused.contains(id) {
                continue;
            }
            match eligible(self.coalition, contribution, line, Some(channel), self.day) {
                Ok(()) => return None,
                Err(WhyNot::Channel) => envelopes.push(id.clone()),
                Err(_) => {}
            }
        }
        let channel = channel.to_owned();
        (!envelopes.is_empty()).then_some(KeepsAway::Channel { channel, envelopes })
    }
}

/// The nearest offers and what keeps them away, in words that do not change from day to day.
#[must_use]
pub fn nearest(near: &[NearOffer]) -> String {
    let named: Vec<String> = near
        .iter()
        .take(IN_REASON)
        .map(|near| format!("{} of {}: {}", near.offer, near.supplier, near.text))
        .collect();
    match named.len() {
        0 => "no similar item is offered".to_owned(),
        1 => format!("the nearest is {}", named.join("")),
        _ => format!("the nearest are {}", named.join("; ")),
    }
}
