//! What lots buy together. A minimum, an increment and a pack apply to an item on an order. So the lots of a round
//! that are bought from one offer are counted together, and the last of them by priority pays for what has to be
//! bought beyond their sum.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use waybill_domain::kinds::ReasonCode;

use chrono::NaiveDate;

use super::optimum::solve;
use super::problem::{Answer, Payment, Solution, Unfunded};
use super::round::{Funds, Round};
use waybill_domain::coalition::Coalition;
use waybill_domain::ids::LotId;
use waybill_domain::lot::Lot;
use waybill_domain::money::MoneyError;
use waybill_domain::pipeline::MatchPolicy;
use waybill_domain::quantity::{Quantity, Unit};
use waybill_domain::requisition::Line;
use waybill_domain::supplier::{Quote, Surplus};

/// How often a round is solved to find funded lots that pay for everything they make necessary.
const TRIES: usize = 8;

/// What is gathered from an offer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gathered {
    /// What its lots want.
    pub wanted: Quantity,
    /// The surplus that they pay for.
    pub surplus: Quantity,
}

impl Gathered {
    pub fn add(&mut self, lot: &Lot) {
        self.wanted.0 = self.wanted.0.saturating_add(lot.quantity.0);
        self.surplus.0 = self.surplus.0.saturating_add(lot.surplus.0);
    }
}

/// Lots that are not bought together with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Apart {
    /// Only these lots. They are bought in addition to what the others need.
    Some(BTreeSet<LotId>),
    /// All lots. Each pays for all that it needs alone.
    Everybody,
}

impl Apart {
    pub(super) fn nobody() -> Self {
        Self::Some(BTreeSet::new())
    }

    fn has(&self, lot: &Lot) -> bool {
        match self {
            Self::Some(apart) => is_alone(lot) || apart.contains(&lot.id),
            Self::Everybody => true,
        }
    }
}

fn is_alone(lot: &Lot) -> bool {
    lot.reason_code() == Some(ReasonCode::LessThanSold)
}

/// How much of each item is wanted together, for items where that makes a difference.
pub(super) struct Wanted<'a> {
    together: HashMap<(&'a str, Unit), i64>,
    apart: HashSet<LotId>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(coalition: &'a Coalition, lots: &[(&Lot, &'a Line)], apart: &Apart) -> Self {
        let bound = coalition.offers.values().filter(|offer| !offer.is_sold_freely());
        let items: HashSet<&str> = bound.map(|offer| offer.item.as_str()).collect();
        let mut wanted = Self { together: HashMap::new(), apart: HashSet::new() };
        for (lot, line) in lots {
            if !lot.funding.is_empty() || !items.contains(line.item.as_str()) {
                continue;
            }
            if apart.has(lot) {
                wanted.apart.insert(lot.id);
            } else {
                let sum = wanted.together.entry((&line.item, line.unit)).or_default();
                *sum = sum.saturating_add(lot.quantity.0);
            }
        }
        wanted
    }

    /// What is wanted together with `lot`, including the lot itself.
    pub(super) fn with(&self, lot: &Lot, line: &Line) -> Quantity {
        if is_alone(lot) {
            return lot.quantity;
        }
        let together = self.together.get(&(line.item.as_str(), line.unit)).copied();
        let own = if self.apart.contains(&lot.id) { lot.quantity.0 } else { 0 };
        together.map_or(lot.quantity, |sum| Quantity(sum.saturating_add(own).max(lot.quantity.0)))
    }
}

/// A lot of a pool: its index among the lots, and the index of its demand.
#[derive(Debug, Clone, Copy)]
struct Member {
    place: usize,
    demand: usize,
}

/// Lots that are bought from one offer.
#[derive(Debug, Default)]
struct Pool {
    /// Lots that want money, by priority.
    members: Vec<Member>,
    /// Lots that are gathered and have their money.
    gathered: Vec<Member>,
    /// The sum of all that is gathered.
    ready: Gathered,
}

/// Lots that are bought together, by offer and by the unit of their lines.
#[derive(Debug, Default)]
pub(super) struct Pools(BTreeMap<(String, Unit), Pool>);

impl Pools {
    /// The pools of `round`. It also changes the demands of those lots in `round` that pay for more than they want.
    pub(super) fn of(
        round: &mut Round,
        lots: &[(&Lot, &Line)],
        gathered: &BTreeMap<(String, Unit), Gathered>,
        apart: &Apart,
    ) -> Self {
        let mut pools: BTreeMap<(String, Unit), Pool> = BTreeMap::new();
        let mut demand = 0;
        for (place, ask) in round.asks.iter().enumerate() {
            let Some(ask) = ask else { continue };
            let member = Member { place, demand };
            demand += 1;
            let Some(offer) = ask.quote.offer.as_ref().filter(|_| !ask.quote.is_free()) else {
                continue;
            };
            let (lot, line) = lots[place];
            let key = (offer.id.clone(), line.unit);
            let ready = gathered.get(&key).copied().unwrap_or_default();
            let pool = pools.entry(key).or_insert_with(|| Pool { ready, ..Pool::default() });
            if lot.funding.is_empty() {
                pool.members.push(member);
            } else {
                pool.gathered.push(member);
                pool.ready.add(lot);
            }
        }
        for pool in pools.values() {
            pool.ask(round, lots, apart);
        }
        Self(pools)
    }

    /// The lots that have to be bought separately, because the funded lots do not pay for everything they make
    /// necessary. `None` if they do.
    fn unpaid(
        &self,
        round: &Round,
        solution: &Solution,
        lots: &[(&Lot, &Line)],
        apart: &Apart,
    ) -> Option<Apart> {
        let Apart::Some(before) = apart else { return None };
        let mut next = before.clone();
        let mut is_paid = true;
        for pool in self.0.values().filter(|pool| !pool.is_paid(round, solution, lots)) {
            is_paid = false;
            for member in &pool.members {
                let lot = lots[member.place].0;
                match &solution.answers[member.demand] {
                    Answer::Funded { part: None, .. } => next.remove(&lot.id),
                    Answer::Funded { .. } | Answer::Unfunded(_) => next.insert(lot.id),
                };
            }
        }
        match is_paid {
            true => None,
            false if next == *before => Some(Apart::Everybody),
            false => Some(Apart::Some(next)),
        }
    }
}

impl Pool {
    /// Asks the last lot that is bought with the others to pay for what all of them need beyond what they want.
    /// Asks each separate lot to pay for what it makes necessary in addition.
    fn ask(&self, round: &mut Round, lots: &[(&Lot, &Line)], apart: &Apart) {
        let mut joined = self.members.iter().filter(|member| !apart.has(lots[member.place].0));
        let sum = |members: &mut dyn Iterator<Item = &Member>| {
            members.map(|member| lots[member.place].0.quantity.0).fold(0, i64::saturating_add)
        };
        let all = Quantity(sum(&mut joined.clone()).saturating_add(self.ready.wanted.0));
        let payer = joined.next_back().map(|payer| payer.place);
        for member in &self.members {
            let lot = lots[member.place].0;
            let Some(quote) = round.asks[member.place].as_ref().map(|ask| ask.quote.clone()) else {
                continue;
            };
            let surplus = if is_alone(lot) || *apart == Apart::Everybody {
                Surplus::ALONE
            } else if apart.has(lot) {
                let paid = quote.bought(all).less(all).max(self.ready.surplus);
                Surplus::Borne { others: all, paid }
            } else if payer == Some(member.place) {
                Surplus::Borne { others: all.less(lot.quantity), paid: self.ready.surplus }
            } else {
                Surplus::ELSEWHERE
            };
            set(round, *member, lot.quantity, surplus);
        }
    }

    fn is_paid(&self, round: &Round, solution: &Solution, lots: &[(&Lot, &Line)]) -> bool {
        let mut bought = self.ready;
        let mut quote = None;
        for member in &self.members {
            let Some(quantity) = funded(solution, *member, lots) else { continue };
            let Some(ask) = &round.asks[member.place] else { continue };
            bought.wanted.0 = bought.wanted.0.saturating_add(quantity.0);
            let surplus = ask.quote.surplus(quantity).0;
            bought.surplus.0 = bought.surplus.0.saturating_add(surplus);
            quote = Some(&ask.quote);
        }
        let Some(quote) = quote else { return true };
        quote.bought(bought.wanted).less(bought.wanted) <= bought.surplus
    }

    /// Gives surplus, with the money that pays for it, to lots of the item that get no money. They come before
    /// anybody's stock.
    fn deal(&self, round: &mut Round, solution: &mut Solution, lots: &[(&Lot, &Line)]) {
        for payer in self.members.iter().chain(&self.gathered) {
            let Some(quantity) = funded(solution, *payer, lots) else { continue };
            for open in &self.members {
                let Some(quote) = round.asks[payer.place].as_ref().map(|ask| ask.quote.clone())
                else {
                    continue;
                };
                let left = quote.surplus(quantity);
                let given = self.share(round, solution, lots, (*payer, *open), left);
                let Some(given) = given.filter(|given| !given.is_zero()) else { continue };
                let Answer::Funded { payments, .. } = &mut solution.answers[payer.demand] else {
                    continue;
                };
                let kept = Quantity(quantity.0.saturating_add(left.less(given).0));
                let moved = split(payments, [kept, given]);
                let whole = lots[open.place].0.quantity;
                let part = (given < whole).then_some(given);
                solution.answers[open.demand] = Answer::Funded { part, payments: moved };
                set(round, *payer, quantity, Surplus::Fixed(left.less(given)));
                set(round, *open, given, Surplus::ELSEWHERE);
            }
        }
    }

    /// How much of `left` the open lot takes: all that it wants or, if it may be split, as much as there is.
    /// Everybody who pays for `left` must also be allowed to pay for the open lot.
    fn share(
        &self,
        round: &Round,
        solution: &Solution,
        lots: &[(&Lot, &Line)],
        (payer, open): (Member, Member),
        left: Quantity,
    ) -> Option<Quantity> {
        let Answer::Unfunded(Unfunded::Money { .. } | Unfunded::Donors { .. }) =
            &solution.answers[open.demand]
        else {
            return None;
        };
        let Answer::Funded { payments, .. } = &solution.answers[payer.demand] else { return None };
        let demand = &round.problem.demands[open.demand];
        let may_use = &round.problem.groups[demand.group];
        if demand.bundle.is_some() || !payments.iter().all(|paid| may_use.contains(&paid.envelope))
        {
            return None;
        }
        let lot = lots[open.place].0;
        if lot.quantity <= left {
            return Some(lot.quantity);
        }
        let parts = demand.parts.as_ref()?;
        let step = if parts.is_whole { Quantity::ONE } else { 1 };
        let most = left.min(lot.quantity.less(parts.smallest));
        let most = Quantity(most.0 / step * step);
        (most >= parts.smallest).then_some(most)
    }
}

/// The funded quantity of a lot. `None` if it is not funded.
fn funded(solution: &Solution, member: Member, lots: &[(&Lot, &Line)]) -> Option<Quantity> {
    match &solution.answers[member.demand] {
        Answer::Funded { part, .. } => Some(part.unwrap_or(lots[member.place].0.quantity)),
        Answer::Unfunded(_) => None,
    }
}

/// Splits payments by what they buy. `payments` keep the part of the first quantity, and the other part is
/// returned.
fn split(payments: &mut [Payment], quantities: [Quantity; 2]) -> Vec<Payment> {
    let weights = quantities.map(|quantity| quantity.0.unsigned_abs());
    let moved = payments.iter_mut().map(|payment| {
        let (amounts, covers) = (payment.amount.shares(&weights), payment.covers.shares(&weights));
        (payment.amount, payment.covers) = (amounts[0], covers[0]);
        Payment { envelope: payment.envelope, amount: amounts[1], covers: covers[1] }
    });
    moved.collect()
}

/// Makes a lot pay for this surplus. If the cost cannot be calculated, nothing changes.
fn set(round: &mut Round, member: Member, quantity: Quantity, surplus: Surplus) {
    let Some(ask) = &mut round.asks[member.place] else { return };
    let quote = Quote { surplus, ..ask.quote.clone() };
    let Ok(cost) = quote.cost(quantity) else { return };
    let demand = &mut round.problem.demands[member.demand];
    demand.cost = cost;
    if let Some(parts) = &mut demand.parts {
        parts.quote = quote.clone();
    }
    ask.quote = quote;
}

impl Round {
    /// The round of `day` over `lots`, the highest priority first, and its solution, in which the funded lots pay
    /// for the least that their supplier sells.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if an amount does not fit.
    pub fn solved(
        coalition: &Coalition,
        funds: &Funds,
        lots: &[(&Lot, &Line)],
        policy: &MatchPolicy,
        day: NaiveDate,
    ) -> Result<(Self, Solution), MoneyError> {
        let mut apart = Apart::nobody();
        let mut tries = 0;
        loop {
            let (mut round, pools) = Self::build(coalition, funds, lots, policy, day, &apart);
            let mut solution = solve(&round.problem)?;
            let Some(next) = pools.unpaid(&round, &solution, lots, &apart) else {
                for pool in pools.0.values() {
                    pool.deal(&mut round, &mut solution, lots);
                }
                return Ok((round, solution));
            };
            tries += 1;
            apart = if tries < TRIES { next } else { Apart::Everybody };
        }
    }
}
