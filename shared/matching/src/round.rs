//! Turns a round into a problem: the lots that wait for money, and the available money.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::eligibility::{WhyNot, eligible};
use super::problem::{Demand, Envelope, Parts, Policy, Problem};
use super::together::{Apart, Gathered, Pools, Wanted};
use waybill_domain::coalition::Coalition;
use waybill_domain::contribution::{Consent, Earmark};
use waybill_domain::funding::{Share, ShareState};
use waybill_domain::lot::{Awaited, Lot, LotState};
use waybill_domain::money::{Currency, Money, Rate, Rounding};
use waybill_domain::pipeline::MatchPolicy;
use waybill_domain::quantity::{Quantity, Unit};
use waybill_domain::requisition::Line;
use waybill_domain::supplier::{Quote, Surplus};

/// After this many refusals an offer is not tried again for the same lot.
const ASKED: usize = 3;

/// What a round has to match.
#[derive(Debug)]
pub struct Round {
    /// The problem. Its demands belong to the asks that are not `None`, in the same order.
    pub problem: Problem,
    /// For each lot, how it would be bought. `None` means that nobody offers it.
    pub asks: Vec<Option<Ask>>,
}

/// The available money.
#[derive(Debug, Clone, Default)]
pub struct Funds {
    /// What is available of each envelope, in minor units.
    pub available: BTreeMap<String, i64>,
    /// What each envelope already gives, in minor units.
    pub spent: BTreeMap<String, i64>,
    /// What the lots of each requester already have, in minor units of the coalition's currency.
    pub given: BTreeMap<String, i64>,
    /// What is already gathered from each offer, for lots in one unit that are not part of the round.
    pub gathered: BTreeMap<(String, Unit), Gathered>,
    /// What is left of each framework contract, by its number.
    pub frameworks: BTreeMap<String, Money>,
}

/// How a lot would be bought, and with whose money.
#[derive(Debug, Clone)]
pub struct Ask {
    pub quote: Quote,
    /// The envelopes that it may not use, each with the reason.
    pub reasons: Arc<[(String, WhyNot)]>,
}

/// Whether the money of a lot may still be moved: nobody is bound by it, no donor that was asked has agreed to it,
/// and all of it is in the coalition's currency, in which the optimum is exact.
#[must_use]
pub fn is_movable(coalition: &Coalition, lot: &Lot, day: NaiveDate) -> bool {
    let LotState::Waiting { awaits, .. } = lot.state() else { return false };
    let offer = lot.offer.as_ref().and_then(|offer| coalition.offers.get(offer));
    let offer = offer.filter(|offer| offer.is_open(day));
    let base = coalition.settings.as_ref().map(|settings| settings.currency);
    let is_free = |share: &Share| {
        let is_unasked = match share.state {
            ShareState::Proposed => true,
            ShareState::Agreed => !needs_consent(coalition, &share.envelope, share.amount),
            ShareState::Obligated | ShareState::Disbursed => false,
        };
        is_unasked && Some(share.amount.currency) == base && Some(share.covers.currency) == base
    };
    matches!(awaits, Awaited::Consent { .. } | Awaited::Gathering)
        && offer.is_some()
        && !lot.funding.is_empty()
        && lot.funding.iter().all(is_free)
}

/// Whether the donors of an envelope are asked before `amount` of it is used.
#[must_use]
pub fn needs_consent(coalition: &Coalition, envelope: &str, amount: Money) -> bool {
    match coalition.contributions.get(envelope).map(|contribution| &contribution.consent) {
        None | Some(Consent::None) => false,
        Some(Consent::EachLine) => true,
        Some(Consent::Above(minor)) => amount.minor > *minor,
    }
}

/// Which envelopes lots may use, by everything on which this depends: item, classification, requester and channel.
type Known<'a> =
    HashMap<(&'a str, &'a str, &'a str, Option<String>), (usize, Arc<[(String, WhyNot)]>)>;

struct Building<'a> {
    coalition: &'a Coalition,
    wanted: Wanted<'a>,
    day: NaiveDate,
    places: BTreeMap<String, usize>,
    groups: Vec<Vec<usize>>,
    by_envelopes: HashMap<Vec<usize>, usize>,
    known: Known<'a>,
    /// What is left of framework contracts.
    frameworks: &'a BTreeMap<String, Money>,
    /// Requesters with a ceiling.
    capped: Vec<String>,
    /// The number of each bundle, by requester and word.
    bundles: HashMap<(&'a str, &'a str), usize>,
}

impl Round {
    /// The round of `day` over `lots`, the highest priority first, as if all of them were bought together. Lots
    /// that have money must be movable (see [`is_movable`]), and their money counts as available.
    #[must_use]
    pub fn of(
        coalition: &Coalition,
        funds: &Funds,
        lots: &[(&Lot, &Line)],
        policy: &MatchPolicy,
        day: NaiveDate,
    ) -> Self {
        Self::build(coalition, funds, lots, policy, day, &Apart::nobody()).0
    }

    /// The round, and what is bought together in it. The lots in `apart` are not bought together with the others.
    pub(super) fn build(
        coalition: &Coalition,
        funds: &Funds,
        lots: &[(&Lot, &Line)],
        policy: &MatchPolicy,
        day: NaiveDate,
        apart: &Apart,
    ) -> (Self, Pools) {
        let envelopes = envelopes(coalition, &funds.available, day);
        let wanted = Wanted::of(coalition, lots, apart);
        let mut building = Building::new(coalition, wanted, funds, &envelopes, policy, day);
        let mut demands = Vec::with_capacity(lots.len());
        let mut asks = Vec::with_capacity(lots.len());
        for (lot, line) in lots {
            let (requester, bundle) = (building.requester(line), building.bundle(line));
            let ask = building.ask(lot, line).map(|(demand, ask)| {
                let parts = demand.parts.filter(|_| policy.partial && bundle.is_none());
                demands.push(Demand { parts, requester, bundle, ..demand });
                ask
            });
            asks.push(ask);
        }
        let problem = building.problem(funds, envelopes, demands, policy);
        let mut round = Self { problem, asks };
        let pools = Pools::of(&mut round, lots, &funds.gathered, apart);
        (round, pools)
    }

    /// The problem of who pays `more` for a lot that `channel` has on order. `None` if there is no exchange rate.
    #[must_use]
    pub fn of_more(
        coalition: &Coalition,
        funds: &Funds,
        (lot, line): (&Lot, &Line),
        (channel, more): (&str, Money),
        policy: &MatchPolicy,
        day: NaiveDate,
    ) -> Option<Problem> {
        let envelopes = envelopes(coalition, &funds.available, day);
        let wanted = Wanted::of(coalition, &[(lot, line)], &Apart::nobody());
        let mut building = Building::new(coalition, wanted, funds, &envelopes, policy, day);
        let (group, _) = building.group(lot, line, Some(channel.to_owned()));
        let demand = Demand {
            cost: more,
            rate: coalition.rate(more.currency, day)?.rate,
            group,
            class: i64::from(lot.priority.class),
            parts: None,
            held: Vec::new(),
            requester: building.requester(line),
            bundle: None,
        };
        Some(building.problem(funds, envelopes, vec![demand], policy))
    }
}

impl<'a> Building<'a> {
    fn new(
        coalition: &'a Coalition,
        wanted: Wanted<'a>,
        funds: &'a Funds,
        envelopes: &[Envelope],
        policy: &MatchPolicy,
        day: NaiveDate,
    ) -> Self {
        Self {
            coalition,
            wanted,
            day,
            places: envelopes.iter().enumerate().map(|(at, e)| (e.id.clone(), at)).collect(),
            groups: Vec::new(),
            by_envelopes: HashMap::new(),
            known: HashMap::new(),
            frameworks: &funds.frameworks,
            capped: policy.requester_cap.iter().map(|cap| cap.party.clone()).collect(),
            bundles: HashMap::new(),
        }
    }

    fn problem(
        self,
        funds: &Funds,
        envelopes: Vec<Envelope>,
        demands: Vec<Demand>,
        policy: &MatchPolicy,
    ) -> Problem {
        let (coalition, day) = (self.coalition, self.day);
        let currency = coalition.settings.as_ref().map_or(Currency::EUR, |s| s.currency);
        let rate = coalition.last_rate(currency, day).map(|dated| dated.rate);
        let base = rate.map_or((Currency::EUR, Rate::ONE), |rate| (currency, rate));
        let in_base = |amount: Money, rounding: Rounding| {
            let found = coalition.reckon(amount, base.0, day, rounding).ok().flatten();
            found.map_or(0, |amount| amount.minor)
        };
        let spent = |donor: &str| -> i64 {
            let theirs = envelopes.iter().filter(|envelope| envelope.donor == donor);
            let spent = theirs.map(|envelope| {
                let minor = funds.spent.get(&envelope.id).copied().unwrap_or_default();
                in_base(Money::new(minor, envelope.currency), Rounding::Up)
            });
            spent.fold(0, i64::saturating_add)
        };
        let requesters = policy.requester_cap.iter().map(|cap| {
            let given = funds.given.get(&cap.party).copied().unwrap_or_default();
            (in_base(cap.amount, Rounding::Down) - given).max(0)
        });
        let requesters = requesters.collect();
        let reserves = policy.reserve.iter();
        let caps = policy.donor_cap.iter();
        let policy = Policy {
            max_donors: policy.max_donors,
            when_unaffordable: policy.when_unaffordable,
            order: policy.order.clone(),
            reserves: reserves
                .map(|kept| (i64::from(kept.class), in_base(kept.amount, Rounding::Down)))
                .collect(),
            donor_caps: caps
                .map(|cap| {
                    let room = in_base(cap.amount, Rounding::Down) - spent(&cap.party);
                    (cap.party.clone(), room.max(0))
                })
                .collect(),
        };
        let groups = self.groups;
        Problem { base, envelopes, groups, demands, requesters, policy }
    }
}

fn envelopes(
    coalition: &Coalition,
    available: &BTreeMap<String, i64>,
    day: NaiveDate,
) -> Vec<Envelope> {
    let open = available.iter().filter_map(|(id, available)| {
        let contribution = coalition.contributions.get(id)?;
        let currency = contribution.currency()?;
        Some(Envelope {
            id: id.clone(),
            donor: contribution.donors.join(", "),
            available: *available,
            rate: coalition.rate(currency, day)?.rate,
            currency,
            obligate_by: contribution.obligate_by,
            is_unrestricted: contribution.earmark == Earmark::default(),
        })
    });
    open.collect()
}

impl<'a> Building<'a> {
    fn requester(&self, line: &Line) -> Option<usize> {
        self.capped.iter().position(|party| *party == line.requester)
    }

    fn bundle(&mut self, line: &'a Line) -> Option<usize> {
        let word = line.together.as_deref()?;
        let next = self.bundles.len();
        Some(*self.bundles.entry((&line.requester, word)).or_insert(next))
    }

    /// What a lot asks for. `None` if nobody offers it, or no price has an exchange rate. Of several offers it
    /// takes the first one that there is any money for, or the first one if there is no money for any.
    fn ask(&mut self, lot: &Lot, line: &'a Line) -> Option<(Demand, Ask)> {
        if !lot.funding.is_empty() {
            return self.again(lot, line);
        }
        let mut first = None;
        let wanted = self.wanted.with(lot, line);
        for quote in quotes_for(self.coalition, lot, line, wanted, self.day) {
            let channel = quote.offer.as_ref().map(|offer| offer.channel.clone());
            let Some(rate) = self.coalition.rate(quote.unit_price.currency, self.day) else {
                continue;
            };
            let Ok(cost) = quote.cost(lot.quantity) else { continue };
            let (coalition, left) = (self.coalition, self.frameworks);
            if lacking(coalition, left, &quote, lot.quantity, self.day).is_some() {
                continue;
            }
            let (group, reasons) = self.group(lot, line, channel);
            let parts = line.smallest_lot.map(|smallest| Parts {
                quantity: lot.quantity,
                smallest,
                is_whole: line.unit.is_whole(),
                quote: quote.clone(),
            });
            let demand = Demand {
                cost,
                rate: rate.rate,
                group,
                class: i64::from(lot.priority.class),
                parts,
                held: Vec::new(),
                requester: None,
                bundle: None,
            };
            let ask = (demand, Ask { quote, reasons });
            if !self.groups[group].is_empty() {
                return Some(ask);
            }
            first = first.or(Some(ask));
        }
        first
    }

    /// What a lot asks for that already has money and an offer: the same again.
    fn again(&mut self, lot: &Lot, line: &'a Line) -> Option<(Demand, Ask)> {
        let mut quote = self.coalition.quote_of(lot.offer.as_ref()?, line, self.day)?;
        quote.surplus = Surplus::Fixed(lot.surplus);
        let channel = quote.offer.as_ref().map(|offer| offer.channel.clone());
        let (group, reasons) = self.group(lot, line, channel);
        let first = lot.funding.first()?;
        let minor = lot.funding.iter().map(|share| share.covers.minor).sum();
        let place = |share: &Share| Some((*self.places.get(&share.envelope)?, share.covers.minor));
        let held: Option<Vec<(usize, i64)>> = lot.funding.iter().map(place).collect();
        let demand = Demand {
            cost: Money::new(minor, first.covers.currency),
            rate: self.coalition.rate(first.covers.currency, self.day)?.rate,
            group,
            class: i64::from(lot.priority.class),
            parts: None,
            held: held.unwrap_or_default(),
            requester: None,
            bundle: None,
        };
        Some((demand, Ask { quote, reasons }))
    }

    /// The envelopes that a lot may use, as a group, and why it may not use the others.
    fn group(
        &mut self,
        lot: &Lot,
        line: &'a Line,
        channel: Option<String>,
    ) -> (usize, Arc<[(String, WhyNot)]>) {
        let key = (&*line.item, &*line.classification, &*line.requester, channel);
        let is_plain = lot.refused.is_empty();
        if let Some(known) = self.known.get(&key).filter(|_| is_plain) {
            return known.clone();
        }
        let (mut usable, mut reasons) = (Vec::new(), Vec::new());
        for (id, contribution) in &self.coalition.contributions {
            let channel = key.3.as_deref();
            let fits = match eligible(self.coalition, contribution, line, channel, self.day) {
                Ok(()) if lot.refused.contains(id) => Err(WhyNot::ConsentRefused),
                other => other,
            };
            match (fits, self.places.get(id)) {
                (Ok(()), Some(place)) => usable.push(*place),
                (Ok(()), None) => reasons.push((id.clone(), WhyNot::NotYetOpen)),
                (Err(why), _) => reasons.push((id.clone(), why)),
            }
        }
        let group = *self.by_envelopes.entry(usable.clone()).or_insert_with(|| {
            self.groups.push(usable);
            self.groups.len() - 1
        });
        let found = (group, Arc::from(reasons));
        if is_plain {
            self.known.insert(key, found.clone());
        }
        found
    }
}

/// The quotes at which a lot may be bought, the best for the quantity `wanted` first. Offers that were refused for
/// the lot are left out. If nothing is left, those that may be tried again are included.
#[must_use]
pub fn quotes_for(
    coalition: &Coalition,
    lot: &Lot,
    line: &Line,
    wanted: Quantity,
    day: NaiveDate,
) -> Vec<Quote> {
    let quotes = |without: &[String]| coalition.quotes(line, wanted, day, without);
    let found = quotes(&lot.refused);
    if found.is_empty() { quotes(&refused_for_good(coalition, lot)) } else { found }
}

/// What is left of the framework contract of `quote`, if `quantity` would call off more than that on `day`.
pub(super) fn lacking(
    coalition: &Coalition,
    left: &BTreeMap<String, Money>,
    quote: &Quote,
    quantity: Quantity,
    day: NaiveDate,
) -> Option<Money> {
    let framework = quote.offer.as_ref()?.framework.as_ref()?;
    let left = *left.get(&framework.number)?;
    let goods = quote.goods_of(quantity).ok();
    let goods = goods
        .and_then(|goods| coalition.reckon(goods, left.currency, day, Rounding::Up).ok().flatten());
    // What cannot be calculated does not fit.
    let fits = goods.is_some_and(|goods| goods.minor <= left.minor);
    (!fits).then_some(left)
}

/// Offers that were refused so often that they are not tried again. Offers with fewer refusals are tried again once
/// no other offer is left.
fn refused_for_good(coalition: &Coalition, lot: &Lot) -> Vec<String> {
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    lot.refused.iter().for_each(|refused| *times.entry(refused).or_default() += 1);
    // An entry that is not the id of an offer is an offer at a price. That price is not tried again.
    let is_offer = |refused: &String| coalition.offers.contains_key(refused);
    times.retain(|refused, times| *times >= ASKED || !is_offer(refused));
    times.into_keys().cloned().collect()
}
