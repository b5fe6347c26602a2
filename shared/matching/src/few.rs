//! Finds the funded set if only a limited number of donors may pay for one lot. Deciding whether whole lots fit
//! into envelopes is as hard as bin packing. So each lot is tried in three ways: without moving others, with one
//! lot moved elsewhere, and by a mixed integer solver, up to a stated size and number of nodes. Each refusal says
//! whether it is proven that the lot does not fit.

use std::collections::{BTreeMap, BTreeSet};

use microlp::{
    ComparisonOp, Error, LinearExpr, OptimizationDirection, SolveOptions, SolveOutcome, Variable,
};

use super::network::Network;
use super::payers::classes;
use super::problem::Problem;
use super::shares::cost_in_base;
use super::walk::{in_base, largest_part, network};
use waybill_domain::money::{MoneyError, Rounding};
use waybill_domain::quantity::Quantity;

/// The maximum number of lots that the solver gets.
pub(super) const LOTS: usize = 60;

/// The maximum number of nodes that the solver explores.
pub(super) const NODES: u64 = 5_000;

/// The result for one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placed {
    /// It, or a part of it, is funded by the envelopes of a group of the network.
    Accepted { group: usize, part: Option<Quantity>, amount: i64 },
    /// It is not funded. If any one of `from` had `missing` more, it could be.
    Refused { missing: i64, from: Vec<usize>, is_proven: bool },
}

/// The funded lots, and the envelopes that pay for each.
struct Few<'a> {
    problem: &'a Problem,
    most: usize,
    /// All money and all funded lots, where each lot keeps to its chosen envelopes.
    network: Network,
    /// The same without the limit on the number of donors for each lot.
    relaxed: Network,
    relaxed_groups: Vec<usize>,
    donors: Vec<usize>,
    classes: Vec<usize>,
    funded: Vec<Lot>,
}

/// A lot that is funded.
#[derive(Debug, Clone, Copy)]
struct Lot {
    place: usize,
    group: usize,
    part: Option<Quantity>,
    amount: i64,
}

/// A donor's envelopes that a lot may use, and the variable that says whether it pays.
type Choice = (Vec<usize>, Variable);

/// Whether a lot can be placed.
enum Fits {
    Yes,
    No,
    Unknown,
}

/// Goes through all lots by priority.
///
/// # Errors
/// [`MoneyError::Overflow`] if an amount does not fit.
pub(super) fn run(problem: &Problem, most: usize) -> Result<(Network, Vec<Placed>), MoneyError> {
    let (relaxed, relaxed_groups) = network(problem)?;
    let (network, _) = network(problem)?;
    let mut names: Vec<&str> = problem.envelopes.iter().map(|e| e.donor.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let donor = |name: &str| names.partition_point(|other| *other < name);
    let mut few = Few {
        problem,
        most: most.max(1),
        network,
        relaxed,
        relaxed_groups,
        donors: problem.envelopes.iter().map(|envelope| donor(&envelope.donor)).collect(),
        classes: classes(&problem.envelopes, &problem.policy.order),
        funded: Vec::new(),
    };
    let mut placed = Vec::with_capacity(problem.demands.len());
    for place in 0..problem.demands.len() {
        placed.push(few.place(place)?);
    }
    // Lots may have been moved since they were placed.
    for &Lot { place, group, part, amount } in &few.funded {
        placed[place] = Placed::Accepted { group, part, amount };
    }
    Ok((few.network, placed))
}

impl Few<'_> {
    fn place(&mut self, place: usize) -> Result<Placed, MoneyError> {
        let group = self.problem.demands[place].group;
        let amount = cost_in_base(self.problem, place)?;
        let fits = self.fits(place, group, amount);
        if matches!(fits, Fits::Yes) {
            let Lot { group, part, amount, .. } = self.funded[self.funded.len() - 1];
            return Ok(Placed::Accepted { group, part, amount });
        }
        if let Some(lot) = self.in_part(place)? {
            let Lot { group, part, amount, .. } = lot;
            self.funded.push(lot);
            return Ok(Placed::Accepted { group, part, amount });
        }
        Ok(self.refused(group, amount, matches!(fits, Fits::No)))
    }

    fn fits(&mut self, place: usize, group: usize, amount: i64) -> Fits {
        if self.relaxed.fund(self.relaxed_groups[group], amount).is_err() {
            return Fits::No;
        }
        let fits = if let Some(group) = self.as_before(place) {
            self.funded.push(Lot { place, group, part: None, amount });
            Fits::Yes
        } else if let Some(group) = self.as_it_is(group, amount) {
            self.funded.push(Lot { place, group, part: None, amount });
            Fits::Yes
        } else if self.with_one_moved(place, group, amount) {
            Fits::Yes
        } else {
            self.by_solver(place, amount)
        };
        if !matches!(fits, Fits::Yes) {
            self.relaxed.release(self.relaxed_groups[group], amount);
        }
        fits
    }

    /// The largest part of a lot that can be funded without moving other lots.
    fn in_part(&mut self, place: usize) -> Result<Option<Lot>, MoneyError> {
        let demand = &self.problem.demands[place];
        let Some(parts) = &demand.parts else { return Ok(None) };
        let all =
            in_base(self.problem, parts.quote.cost(parts.quantity)?, demand.rate, Rounding::Up)?;
        let mut best: Option<Lot> = None;
        for choice in self.choices(demand.group) {
            let group = self.network.group(&choice);
            let spare = self.network.hold(group, all);
            self.network.release(group, spare);
            if let Some((part, amount)) = largest_part(self.problem, demand, spare)?
                && best.is_none_or(|best| best.part < Some(part))
            {
                best = Some(Lot { place, group, part: Some(part), amount });
            }
        }
        let Some(lot) = best else { return Ok(None) };
        let relaxed = self.relaxed_groups[demand.group];
        let is_funded = self.network.fund(lot.group, lot.amount).is_ok()
            && self.relaxed.fund(relaxed, lot.amount).is_ok();
        debug_assert!(is_funded, "what is spare can be funded");
        Ok(Some(lot))
    }

    /// The envelopes of a group by donor. Donors whose money is used first come first.
    fn by_donor(&self, group: usize) -> Vec<Vec<usize>> {
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &envelope in &self.problem.groups[group] {
            found.entry(self.donors[envelope]).or_default().push(envelope);
        }
        let mut sets: Vec<Vec<usize>> = found.into_values().collect();
        let class = |set: &Vec<usize>| set.iter().map(|envelope| self.classes[*envelope]).min();
        sets.sort_by_key(class);
        sets
    }

    /// Sets of envelopes to try one after the other, each of at most as many donors as may pay together.
    fn choices(&self, group: usize) -> Vec<Vec<usize>> {
        let sets = self.by_donor(group);
        let mut choices = sets.clone();
        if self.most > 1 {
            for (at, first) in sets.iter().enumerate() {
                choices.extend(sets[at + 1..].iter().map(|second| [&first[..], second].concat()));
            }
        }
        if self.most > 2 {
            let room = |set: &Vec<usize>| -> i128 {
                set.iter().map(|envelope| i128::from(self.network.room(*envelope))).sum()
            };
            let mut largest = sets;
            largest.sort_by_key(|set| std::cmp::Reverse(room(set)));
            choices.push(largest.into_iter().take(self.most).flatten().collect());
        }
        choices
    }

    /// Funds the lot with the payers that it had.
    fn as_before(&mut self, place: usize) -> Option<usize> {
        let demand = &self.problem.demands[place];
        let payers: Vec<usize> = demand.held.iter().map(|(envelope, _)| *envelope).collect();
        let donors: BTreeSet<usize> = payers.iter().map(|place| self.donors[*place]).collect();
        let may = payers.iter().all(|payer| self.problem.groups[demand.group].contains(payer));
        if payers.is_empty() || donors.len() > self.most || !may {
            return None;
        }
        let group = self.network.group(&payers);
        self.network.place(group, &demand.held).then_some(group)
    }

    fn as_it_is(&mut self, group: usize, amount: i64) -> Option<usize> {
        self.choices(group).into_iter().find_map(|choice| {
            let group = self.network.group(&choice);
            self.network.fund(group, amount).is_ok().then_some(group)
        })
    }

    /// Moves one funded lot to other envelopes, if that makes enough room.
    fn with_one_moved(&mut self, place: usize, group: usize, amount: i64) -> bool {
        if self.funded.len() > LOTS * 4 {
            return false;
        }
        for at in 0..self.funded.len() {
            let other = self.funded[at];
            let wanted = &self.problem.groups[group];
            if !self.network.may_use(other.group).iter().any(|place| wanted.contains(place)) {
                continue;
            }
            self.network.release(other.group, other.amount);
            if let Some(new) = self.as_it_is(group, amount) {
                let others = self.problem.demands[other.place].group;
                if let Some(moved) = self.as_it_is(others, other.amount) {
                    self.funded[at].group = moved;
                    self.funded.push(Lot { place, group: new, part: None, amount });
                    return true;
                }
                self.network.release(new, amount);
            }
            let is_back = self.network.fund(other.group, other.amount).is_ok();
            debug_assert!(is_back, "what was released can be funded");
        }
        false
    }

    /// Asks the solver for envelopes for all funded lots and this one.
    fn by_solver(&mut self, place: usize, amount: i64) -> Fits {
        if self.funded.len() >= LOTS || !self.problem.policy.donor_caps.is_empty() {
            return Fits::Unknown;
        }
        let new = Lot { place, group: 0, part: None, amount };
        let lots: Vec<Lot> = self.funded.iter().copied().chain([new]).collect();
        let (model, chosen) = self.model(&lots);
        let mut options = SolveOptions::default();
        options.node_limit = Some(NODES);
        let solution = match model.solve_with(options) {
            Ok(SolveOutcome::Solution(solution)) => solution,
            Err(Error::Infeasible) => return Fits::No,
            Ok(SolveOutcome::Interrupted(_)) | Err(_) => return Fits::Unknown,
        };
        // The solver calculates in floating point, so its answer is checked in whole numbers.
        let mut network =
            Network::new((0..self.classes.len()).map(|e| self.network.had(e)).collect());
        let mut funded = Vec::with_capacity(lots.len());
        for (lot, donors) in lots.into_iter().zip(chosen) {
            let is_chosen = |(_, variable): &&Choice| solution[*variable] > 0.5;
            let envelopes: Vec<usize> =
                donors.iter().filter(is_chosen).flat_map(|(set, _)| set.iter().copied()).collect();
            let group = network.group(&envelopes);
            if network.fund(group, lot.amount).is_err() {
                return Fits::Unknown;
            }
            funded.push(Lot { group, ..lot });
        }
        (self.network, self.funded) = (network, funded);
        Fits::Yes
    }

    /// A model of which donors pay for each lot. Each donor has a binary variable, and each of its envelopes a
    /// variable for the part of the cost that it pays.
    fn model(&self, lots: &[Lot]) -> (microlp::Problem, Vec<Vec<Choice>>) {
        let mut model = microlp::Problem::new(OptimizationDirection::Minimize);
        let mut load: Vec<LinearExpr> = vec![LinearExpr::empty(); self.classes.len()];
        let mut chosen = Vec::with_capacity(lots.len());
        for &Lot { place, amount, .. } in lots {
            let sets = self.by_donor(self.problem.demands[place].group);
            let (mut donors, mut all) = (LinearExpr::empty(), LinearExpr::empty());
            let mut theirs = Vec::with_capacity(sets.len());
            for set in sets {
                let pays = model.add_binary_var(0.0);
                donors.add(pays, 1.0);
                for &envelope in &set {
                    let had = self.network.had(envelope);
                    if had == 0 {
                        continue;
                    }
                    // If only one donor may pay, and it has one envelope, this envelope pays everything.
                    let part = if self.most == 1 && set.len() == 1 {
                        pays
                    } else {
                        let part = model.add_var(0.0, (0.0, 1.0));
                        let only = LinearExpr::from([(part, 1.0), (pays, -1.0)].as_slice());
                        model.add_constraint(only, ComparisonOp::Le, 0.0);
                        part
                    };
                    all.add(part, 1.0);
                    load[envelope].add(part, amount as f64 / had as f64);
                }
                theirs.push((set, pays));
            }
            model.add_constraint(all, ComparisonOp::Eq, 1.0);
            model.add_constraint(donors, ComparisonOp::Le, self.most as f64);
            chosen.push(theirs);
        }
        for load in load {
            model.add_constraint(load, ComparisonOp::Le, 1.0);
        }
        (model, chosen)
    }

    /// Refuses a lot. Any one of these envelopes could pay if it had that much more: they belong to the donors who
    /// have most left.
    fn refused(&self, group: usize, amount: i64, is_proven: bool) -> Placed {
        let room = |set: &Vec<usize>| -> i64 {
            set.iter().map(|envelope| self.network.room(*envelope)).fold(0, i64::saturating_add)
        };
        let mut sets = self.by_donor(group);
        sets.sort_by_key(|set| std::cmp::Reverse(room(set)));
        let last = sets.iter().take(self.most).next_back().map_or(0, room);
        let most = sets.iter().take(self.most).map(room).fold(0, i64::saturating_add);
        let mut from: Vec<usize> =
            sets.iter().filter(|set| room(set) >= last).flatten().copied().collect();
        from.sort_unstable();
        Placed::Refused { missing: (amount - most).max(1), from, is_proven }
    }
}
