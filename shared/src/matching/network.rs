//! What envelopes can pay together: lots that may use the same envelopes are a group, and the
//! network says how much each envelope pays for each group.
//!
//! What is once funded stays funded, by whichever envelopes: a lot more is taken in by paths along
//! which those before move to other money (a maximum flow by shortest augmenting paths, Edmonds and
//! Karp 1972). Lots taken in one after the other by priority are therefore the lexicographic
//! optimum: each that can be funded together with all accepted before it is.

use std::collections::{BTreeMap, VecDeque};

/// Why a lot cannot be funded with all that were funded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The smallest amount of new money for this lot that would fund it.
    pub missing: i64,
    /// The minimum cut: the envelopes that the lot could use, and those to which the lots they pay
    /// for could move. All they have is spent on lots that can use nothing else.
    pub exhausted: Vec<usize>,
}

/// Envelopes, groups, and who pays what for whom. All amounts are of one currency's minor units.
#[derive(Debug, Clone)]
pub struct Network {
    /// What is left of each envelope.
    left: Vec<i64>,
    groups: Vec<Group>,
    /// The group of each set of envelopes.
    by_envelopes: BTreeMap<Vec<usize>, usize>,
    /// The groups that may use each envelope.
    users: Vec<Vec<usize>>,
    /// How often something was funded.
    version: u64,
}

#[derive(Debug, Clone)]
struct Group {
    /// In ascending order.
    envelopes: Vec<usize>,
    /// What each of all envelopes pays for it.
    paid: Vec<i64>,
    /// What could be funded at a version, and what stood against more.
    spare: Option<(u64, i64, Vec<usize>)>,
}

/// A way by which a group gets more money.
struct Path {
    /// From an envelope of the group to one with something left; each with the group that it pays
    /// more for, which leaves the envelope before.
    hops: Vec<(usize, usize)>,
    amount: i64,
}

impl Network {
    /// A network of envelopes that have `left`, none below zero.
    #[must_use]
    pub fn new(left: Vec<i64>) -> Self {
        let users = vec![Vec::new(); left.len()];
        Self { left, groups: Vec::new(), by_envelopes: BTreeMap::new(), users, version: 0 }
    }

    /// The group of lots that may use these envelopes, in any order.
    ///
    /// # Panics
    /// If the network has no such envelope.
    pub fn group(&mut self, envelopes: &[usize]) -> usize {
        let mut envelopes = envelopes.to_vec();
        envelopes.sort_unstable();
        envelopes.dedup();
        if let Some(group) = self.by_envelopes.get(&envelopes) {
            return *group;
        }
        let group = self.groups.len();
        envelopes.iter().for_each(|envelope| self.users[*envelope].push(group));
        self.by_envelopes.insert(envelopes.clone(), group);
        self.groups.push(Group { envelopes, paid: vec![0; self.left.len()], spare: None });
        group
    }

    /// Funds `amount` for a lot of `group` together with all that was funded before.
    ///
    /// # Errors
    /// A [`Shortfall`] if that cannot be; nothing has changed then.
    pub fn fund(&mut self, group: usize, amount: i64) -> Result<(), Shortfall> {
        if let Some((version, spare, exhausted)) = &self.groups[group].spare
            && *version == self.version
            && *spare < amount
        {
            return Err(Shortfall { missing: amount - spare, exhausted: exhausted.clone() });
        }
        let mut missing = amount;
        let mut paths = Vec::new();
        while missing > 0 {
            match self.path(group, missing) {
                Ok(path) => {
                    self.shift(group, &path, path.amount);
                    missing -= path.amount;
                    paths.push(path);
                }
                Err(exhausted) => {
                    paths.iter().rev().for_each(|path| self.shift(group, path, -path.amount));
                    let spare = (self.version, amount - missing, exhausted.clone());
                    self.groups[group].spare = Some(spare);
                    return Err(Shortfall { missing, exhausted });
                }
            }
        }
        self.version += 1;
        Ok(())
    }

    /// What `envelope` pays for the lots of `group`.
    #[must_use]
    pub fn paid(&self, group: usize, envelope: usize) -> i64 {
        self.groups[group].paid[envelope]
    }

    /// What is left of `envelope`.
    #[must_use]
    pub fn left(&self, envelope: usize) -> i64 {
        self.left[envelope]
    }

    /// The shortest path to money that is left, for `most` at most; or the envelopes that were
    /// looked at, which have nothing left.
    fn path(&self, group: usize, most: i64) -> Result<Path, Vec<usize>> {
        // By which group an envelope is used, and from which envelope a group moves.
        let mut used_by: Vec<Option<usize>> = vec![None; self.left.len()];
        let mut leaves: Vec<Option<usize>> = vec![None; self.groups.len()];
        let mut next = VecDeque::from([group]);
        while let Some(user) = next.pop_front() {
            for &envelope in &self.groups[user].envelopes {
                if used_by[envelope].is_some() {
                    continue;
                }
                used_by[envelope] = Some(user);
                if self.left[envelope] > 0 {
                    return Ok(self.path_to(envelope, most, &used_by, &leaves));
                }
                for &other in &self.users[envelope] {
                    let is_new = other != group && leaves[other].is_none();
                    if is_new && self.groups[other].paid[envelope] > 0 {
                        leaves[other] = Some(envelope);
                        next.push_back(other);
                    }
                }
            }
        }
        let seen = used_by.iter().enumerate().filter(|(_, user)| user.is_some());
        Err(seen.map(|(envelope, _)| envelope).collect())
    }

    fn path_to(
        &self,
        last: usize,
        most: i64,
        used_by: &[Option<usize>],
        leaves: &[Option<usize>],
    ) -> Path {
        let mut hops = Vec::new();
        let mut amount = most.min(self.left[last]);
        let mut at = Some(last);
        while let Some(envelope) = at {
            let Some(user) = used_by[envelope] else { break };
            hops.push((envelope, user));
            at = leaves[user];
            if let Some(left) = at {
                amount = amount.min(self.groups[user].paid[left]);
            }
        }
        hops.reverse();
        Path { hops, amount }
    }

    /// Moves `amount` along a path; below zero: back.
    fn shift(&mut self, group: usize, path: &Path, amount: i64) {
        let mut leaves = None;
        for &(envelope, user) in &path.hops {
            if let Some(left) = leaves {
                self.groups[user].paid[left] -= amount;
            }
            debug_assert!(leaves.is_some() || user == group, "a path begins with its group");
            self.groups[user].paid[envelope] += amount;
            leaves = Some(envelope);
        }
        if let Some(last) = leaves {
            self.left[last] -= amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENVELOPES: usize = 5;

    fn members(mask: usize) -> Vec<usize> {
        (0..ENVELOPES).filter(|envelope| mask & (1 << envelope) != 0).collect()
    }

    /// What all demands that can use nothing but `within` leave of it (Gale 1957: they can all be
    /// met if this is nowhere below zero).
    fn remains(money: &[i64], met: &[(usize, i64)], within: usize) -> i64 {
        let has: i64 = members(within).iter().map(|envelope| money[*envelope]).sum();
        let bound = met.iter().filter(|(mask, _)| mask & !within == 0);
        has - bound.map(|(_, amount)| amount).sum::<i64>()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn each_lot_is_funded_if_it_can_be_with_all_before_and_what_is_missing_is_tight(
            money in proptest::collection::vec(0_i64..60, ENVELOPES),
            lots in proptest::collection::vec((0_usize..1 << ENVELOPES, 1_i64..40), 1..16),
        ) {
            let mut network = Network::new(money.clone());
            let mut met: Vec<(usize, i64)> = Vec::new();
            for (mask, amount) in lots {
                let group = network.group(&members(mask));
                let above = (0..1 << ENVELOPES).filter(|within| mask & !within == 0);
                let spare = above.map(|within| remains(&money, &met, within)).min();
                let spare = spare.expect("all envelopes are above").max(0);
                match network.fund(group, amount) {
                    Ok(()) => {
                        prop_assert!(amount <= spare);
                        met.push((mask, amount));
                    }
                    Err(shortfall) => {
                        prop_assert_eq!(shortfall.missing, amount - spare);
                        let cut = shortfall.exhausted.iter().fold(0, |cut, e| cut | 1 << e);
                        prop_assert_eq!(mask & !cut, 0);
                        prop_assert_eq!(remains(&money, &met, cut), spare);
                        // Asked again, it says the same.
                        prop_assert_eq!(network.fund(group, amount), Err(shortfall));
                    }
                }
                for (envelope, had) in money.iter().enumerate() {
                    let paid = (0..network.groups.len()).map(|g| network.paid(g, envelope));
                    prop_assert_eq!(had - paid.sum::<i64>(), network.left(envelope));
                    prop_assert!(network.left(envelope) >= 0);
                }
                for (mask, _) in &met {
                    let group = network.group(&members(*mask));
                    let shares: Vec<i64> = (0..ENVELOPES).map(|e| network.paid(group, e)).collect();
                    let cost = met.iter().filter(|(other, _)| other == mask).map(|(_, a)| a);
                    prop_assert_eq!(shares.iter().sum::<i64>(), cost.sum::<i64>());
                    prop_assert!(shares.iter().all(|share| *share >= 0));
                    let outside = (0..ENVELOPES).filter(|envelope| mask & (1 << envelope) == 0);
                    prop_assert!(outside.map(|envelope| shares[envelope]).all(|share| share == 0));
                }
            }
        }
    }

    #[test]
    fn those_before_move_to_money_that_only_they_may_use() {
        let mut network = Network::new(vec![100, 100]);
        let (both, first) = (network.group(&[1, 0]), network.group(&[0]));
        assert_eq!(network.fund(both, 100), Ok(()));
        assert_eq!(network.fund(first, 100), Ok(()));
        assert_eq!((network.paid(both, 1), network.paid(first, 0)), (100, 100));
        let nothing_left = Shortfall { missing: 1, exhausted: vec![0] };
        assert_eq!(network.fund(first, 1), Err(nothing_left));
    }
}
