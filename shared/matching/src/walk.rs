//! Finds the funded set: goes through the lots by priority, and accepts each one that can still be funded together
//! with all lots accepted before it.

use std::collections::HashMap;
use std::sync::Arc;

use super::network::{Network, Shortfall};
use super::problem::{Demand, Problem};
use waybill_domain::money::{Money, MoneyError, Rounding, convert};
use waybill_domain::pipeline::WhenUnaffordable;
use waybill_domain::quantity::Quantity;

/// The result of the walk for one lot. Amounts are in minor units of the base currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It, or a part of it, is funded.
    Accepted { part: Option<Quantity>, amount: i64 },
    /// This much is missing. `cut` is the index of the minimum cut.
    Short { missing: i64, cut: usize },
    /// This much is left below its requester's ceiling.
    Capped { left: i64 },
}

/// The network after the walk, and the result for each lot.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) network: Network,
    /// The network's group for each group of the problem.
    pub(super) groups: Vec<usize>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) cuts: Vec<Vec<usize>>,
    /// What is held for lots that are not funded, by group.
    pub(super) held: Vec<(usize, i64)>,
    /// What the walk may still spend on each requester.
    requesters: Vec<i64>,
    known_cuts: HashMap<Arc<[usize]>, usize>,
    /// The last cut of each group.
    last_cuts: HashMap<usize, (Arc<[usize]>, usize)>,
}

/// The value of an amount in the base currency, in whole minor units.
pub(super) fn in_base(
    problem: &Problem,
    amount: Money,
    rate: waybill_domain::money::Rate,
    rounding: Rounding,
) -> Result<i64, MoneyError> {
    let (base, base_rate) = problem.base;
    if amount.currency == base {
        return Ok(amount.minor);
    }
    Ok(convert(amount, rate, base, base_rate, rounding)?.minor)
}

/// A network of the problem's envelopes, and the network's group for each group of the problem.
pub(super) fn network(problem: &Problem) -> Result<(Network, Vec<usize>), MoneyError> {
    let left = problem.envelopes.iter().map(|envelope| {
        let available = Money::new(envelope.available.max(0), envelope.currency);
        in_base(problem, available, envelope.rate, Rounding::Down)
    });
    let mut network = Network::new(left.collect::<Result<_, _>>()?);
    for (donor, room) in &problem.policy.donor_caps {
        let envelopes = problem.envelopes.iter().enumerate();
        let theirs: Vec<usize> =
            envelopes.filter(|(_, e)| e.donor == *donor).map(|(place, _)| place).collect();
        network.cap(&theirs, *room);
    }
    let groups = problem.groups.iter().map(|group| network.group(group)).collect();
    Ok((network, groups))
}

impl Walk {
    /// Goes through all lots.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if an amount does not fit.
    pub(super) fn run(problem: &Problem) -> Result<Self, MoneyError> {
        let (network, groups) = network(problem)?;
        let mut walk = Self {
            network,
            groups,
            verdicts: Vec::with_capacity(problem.demands.len()),
            cuts: Vec::new(),
            held: Vec::new(),
            requesters: problem.requesters.clone(),
            known_cuts: HashMap::new(),
            last_cuts: HashMap::new(),
        };
        let mut reserved = walk.reserve(problem);
        let mut bundles = Bundles::of(problem);
        for (place, demand) in problem.demands.iter().enumerate() {
            for (group, amount) in reserved.remove(&demand.class).into_iter().flatten() {
                walk.network.release(group, amount);
            }
            let verdict = match demand.bundle {
                None => walk.single(problem, demand)?,
                Some(number) => match bundles.known.remove(&place) {
                    Some(verdict) => verdict,
                    None => walk.bundle(problem, place, &mut bundles, number)?,
                },
            };
            walk.verdicts.push(verdict);
        }
        Ok(walk)
    }

    /// Reserves money for lots of a class until the walk reaches them. Returns the groups and amounts by class.
    fn reserve(&mut self, problem: &Problem) -> HashMap<i64, Vec<(usize, i64)>> {
        let mut reserved: HashMap<i64, Vec<(usize, i64)>> = HashMap::new();
        for (class, amount) in &problem.policy.reserves {
            let theirs = problem.demands.iter().filter(|demand| demand.class == *class);
            let envelopes: Vec<usize> =
                theirs.flat_map(|demand| problem.groups[demand.group].iter().copied()).collect();
            let group = self.network.group(&envelopes);
            let held = self.network.hold(group, *amount);
            reserved.entry(*class).or_default().push((group, held));
        }
        reserved
    }

    /// Decides on a lot that is not in a bundle.
    fn single(&mut self, problem: &Problem, demand: &Demand) -> Result<Verdict, MoneyError> {
        let cost = in_base(problem, demand.cost, demand.rate, Rounding::Up)?;
        let group = self.groups[demand.group];
        let below = self.below(demand);
        let shortfall = if below < cost {
            None
        } else {
            let placed = !demand.held.is_empty() && self.network.place(group, &demand.held);
            match if placed { Ok(()) } else { self.network.fund(group, cost) } {
                Ok(()) => {
                    self.take(demand, cost);
                    return Ok(Verdict::Accepted { part: None, amount: cost });
                }
                Err(shortfall) => Some(shortfall),
            }
        };
        let spare = match &shortfall {
            Some(shortfall) => cost - shortfall.missing,
            None if demand.parts.is_some() => self.spare(group, below),
            None => 0,
        };
        if let Some((part, amount)) = largest_part(problem, demand, spare)?
            && self.network.fund(group, amount).is_ok()
        {
            self.take(demand, amount);
            return Ok(Verdict::Accepted { part: Some(part), amount });
        }
        let Some(shortfall) = shortfall else { return Ok(Verdict::Capped { left: below }) };
        self.hold(problem, group, cost - shortfall.missing);
        let cut = self.cut(group, shortfall.exhausted);
        Ok(Verdict::Short { missing: shortfall.missing, cut })
    }

    /// Funds all lots of a bundle, or none. Returns the verdict on the lot at `place`.
    fn bundle(
        &mut self,
        problem: &Problem,
        place: usize,
        bundles: &mut Bundles,
        number: usize,
    ) -> Result<Verdict, MoneyError> {
        let places = bundles.places.remove(&number).unwrap_or_default();
        let mut funded: Vec<(usize, i64)> = Vec::new();
        let mut refusal = None;
        let mut rest = 0;
        for at in &places {
            let demand = &problem.demands[*at];
            let cost = in_base(problem, demand.cost, demand.rate, Rounding::Up)?;
            let below = self.below(demand);
            if below < cost {
                refusal = Some(Verdict::Capped { left: below });
                break;
            }
            match self.network.fund(self.groups[demand.group], cost) {
                Ok(()) => {
                    self.take(demand, cost);
                    funded.push((*at, cost));
                }
                Err(Shortfall { missing, exhausted }) => {
                    // What the other lots of the bundle lack is added, because new money has to pay for all of
                    // them.
                    let held = self.network.hold(self.groups[demand.group], cost - missing);
                    self.take(demand, held);
                    funded.push((*at, held));
                    rest += missing;
                    let cut = self.cut(self.groups[demand.group], exhausted);
                    refusal = Some(Verdict::Short { missing: rest, cut });
                }
            }
        }
        let Some(refusal) = refusal else {
            for (at, amount) in funded {
                bundles.known.insert(at, Verdict::Accepted { part: None, amount });
            }
            let first = bundles.known.remove(&place);
            return Ok(first.unwrap_or(Verdict::Accepted { part: None, amount: 0 }));
        };
        let is_held = matches!(refusal, Verdict::Short { .. })
            && problem.policy.when_unaffordable == WhenUnaffordable::Hold;
        for (at, amount) in funded.into_iter().rev() {
            let demand = &problem.demands[at];
            if is_held {
                self.held.push((self.groups[demand.group], amount));
            } else {
                self.network.release(self.groups[demand.group], amount);
            }
            if let Some(requester) = demand.requester {
                self.requesters[requester] += amount;
            }
        }
        places.iter().for_each(|at| {
            bundles.known.insert(*at, refusal);
        });
        bundles.known.remove(&place);
        Ok(refusal)
    }

    /// What its requester's ceiling leaves for a lot.
    fn below(&self, demand: &Demand) -> i64 {
        demand.requester.map_or(i64::MAX, |requester| self.requesters[requester].max(0))
    }

    fn take(&mut self, demand: &Demand, amount: i64) {
        if let Some(requester) = demand.requester {
            self.requesters[requester] -= amount;
        }
    }

    /// How much more `group` could get, up to `most`.
    fn spare(&mut self, group: usize, most: i64) -> i64 {
        let held = self.network.hold(group, most);
        self.network.release(group, held);
        held
    }

    fn hold(&mut self, problem: &Problem, group: usize, spare: i64) {
        if problem.policy.when_unaffordable == WhenUnaffordable::Hold && spare > 0 {
            let held = self.network.hold(group, spare);
            self.held.push((group, held));
        }
    }

    fn cut(&mut self, group: usize, exhausted: Arc<[usize]>) -> usize {
        if let Some((last, cut)) = self.last_cuts.get(&group)
            && Arc::ptr_eq(last, &exhausted)
        {
            return *cut;
        }
        let cut = *self.known_cuts.entry(exhausted.clone()).or_insert_with(|| {
            self.cuts.push(exhausted.to_vec());
            self.cuts.len() - 1
        });
        self.last_cuts.insert(group, (exhausted, cut));
        cut
    }
}

/// The lots of each bundle, and the verdicts that are already known.
#[derive(Debug, Default)]
struct Bundles {
    places: HashMap<usize, Vec<usize>>,
    known: HashMap<usize, Verdict>,
}

impl Bundles {
    fn of(problem: &Problem) -> Self {
        let mut bundles = Self::default();
        for (place, demand) in problem.demands.iter().enumerate() {
            if let Some(number) = demand.bundle {
                bundles.places.entry(number).or_default().push(place);
            }
        }
        bundles
    }
}

/// The largest part of a lot that `spare` pays for, and its cost. `None` if the lot may not be split, or a part
/// would be smaller than the smallest quantity.
pub(super) fn largest_part(
    problem: &Problem,
    demand: &Demand,
    spare: i64,
) -> Result<Option<(Quantity, i64)>, MoneyError> {
    let Some(parts) = &demand.parts else { return Ok(None) };
    let cost = |quantity: i64| {
        let cost = parts.quote.cost(Quantity(quantity))?;
        in_base(problem, cost, demand.rate, Rounding::Up)
    };
    let step = if parts.is_whole { Quantity::ONE } else { 1 };
    let (mut low, mut high) = (0, (parts.quantity.0 - parts.smallest.0).max(0) / step);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if cost(middle * step)? <= spare {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let quantity = low * step;
    if low == 0 || quantity < parts.smallest.0 {
        return Ok(None);
    }
    let cost = cost(quantity)?;
    Ok((cost <= spare).then_some((Quantity(quantity), cost)))
}
