//! What envelopes can pay together. Lots that may use the same envelopes form a group. The network records how much
//! each envelope pays for each group.
//!
//! Whatever was funded stays funded, though perhaps by other envelopes. To add a lot, earlier lots move to other
//! money along paths (a maximum flow by shortest augmenting paths, Edmonds and Karp 1972). Adding lots by priority
//! therefore leads to the lexicographic optimum: each lot that can be funded together with all accepted before it
//! is accepted.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Why a lot cannot be funded together with everything that was funded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The smallest amount of new money for this lot that would fund it.
    pub missing: i64,
    /// The minimum cut: the envelopes that the lot could use, and those to which the lots that they pay for could
    /// move. All that these may spend is spent, on lots that can use nothing else.
    pub exhausted: Arc<[usize]>,
}

/// Envelopes, groups, and who pays what for whom. All amounts are in minor units of one currency.
#[derive(Debug, Clone)]
pub struct Network {
    /// What is left of each envelope.
    left: Vec<i64>,
    /// What each envelope had at first.
    had: Vec<i64>,
    groups: Vec<Group>,
    /// The group of each set of envelopes.
    by_envelopes: HashMap<Vec<usize>, usize>,
    /// The groups that may use each envelope.
    users: Vec<Vec<usize>>,
    /// Limits on what several envelopes may spend together.
    ceilings: Vec<Ceiling>,
    /// The ceiling that each envelope is under.
    ceiling: Vec<Option<usize>>,
    /// How often something was funded or released.
    version: u64,
    search: Search,
}

#[derive(Debug, Clone)]
struct Ceiling {
    room: i64,
    envelopes: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Group {
    /// In ascending order.
    envelopes: Vec<usize>,
    /// What each envelope of the network pays for it.
    paid: Vec<i64>,
    /// What could still be funded at a version, and what stood against more.
    spare: Option<Spare>,
}

#[derive(Debug, Clone)]
struct Spare {
    version: u64,
    amount: i64,
    exhausted: Arc<[usize]>,
}

/// From where a search reached an envelope.
#[derive(Debug, Clone, Copy)]
enum From {
    /// The envelope would pay for this group.
    Group(usize),
    /// The envelope would make room under the ceiling that it shares with this one.
    Sibling(usize),
}

/// The state of a search. It is kept to reuse its memory.
#[derive(Debug, Clone, Default)]
struct Search {
    /// How each envelope was reached.
    reached: Vec<Option<From>>,
    /// The envelope that each group would leave.
    leaves: Vec<Option<usize>>,
    /// Groups that have to be explored.
    groups: VecDeque<usize>,
    /// Envelopes that were reached and have to be explored.
    envelopes: Vec<usize>,
}

impl Search {
    fn begin(&mut self, envelopes: usize, groups: usize) {
        self.reached.clear();
        self.reached.resize(envelopes, None);
        self.leaves.clear();
        self.leaves.resize(groups, None);
        self.groups.clear();
        self.envelopes.clear();
    }
}

/// A change of what an envelope pays for a group.
type Shift = (usize, usize, i64);

impl Network {
    /// A network of envelopes that have `left`, which must not be negative.
    #[must_use]
    pub fn new(left: Vec<i64>) -> Self {
        Self {
            users: vec![Vec::new(); left.len()],
            ceiling: vec![None; left.len()],
            had: left.clone(),
            left,
            groups: Vec::new(),
            by_envelopes: HashMap::new(),
            ceilings: Vec::new(),
            version: 0,
            search: Search::default(),
        }
    }

    /// Limits what `envelopes` may spend together to `room`. None of them may have a ceiling yet.
    ///
    /// # Panics
    /// If the network has no such envelope.
    pub fn cap(&mut self, envelopes: &[usize], room: i64) {
        let number = self.ceilings.len();
        envelopes.iter().for_each(|envelope| self.ceiling[*envelope] = Some(number));
        self.ceilings.push(Ceiling { room: room.max(0), envelopes: envelopes.to_vec() });
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

    /// Funds `amount` for a lot of `group`, together with everything that was funded before.
    ///
    /// # Errors
    /// A [`Shortfall`] if that is not possible. Nothing has changed then.
    pub fn fund(&mut self, group: usize, amount: i64) -> Result<(), Shortfall> {
        if let Some(shortfall) = self.known(group, amount) {
            return Err(shortfall);
        }
        let mut shifts = Vec::new();
        let missing = self.extend(group, amount, &mut shifts);
        if missing == 0 {
            self.version += 1;
            return Ok(());
        }
        shifts.iter().rev().for_each(|(group, envelope, by)| self.shift((*group, *envelope, -by)));
        let reached = self.search.reached.iter().enumerate();
        let exhausted: Arc<[usize]> =
            reached.filter(|(_, from)| from.is_some()).map(|(envelope, _)| envelope).collect();
        self.groups[group].spare = Some(Spare {
            version: self.version,
            amount: amount - missing,
            exhausted: exhausted.clone(),
        });
        Err(Shortfall { missing, exhausted })
    }

    /// Funds a lot of `group` with exactly these payments. Returns whether all of these envelopes can pay.
    pub fn place(&mut self, group: usize, payers: &[(usize, i64)]) -> bool {
        for (at, &(envelope, amount)) in payers.iter().enumerate() {
            let may = self.groups[group].envelopes.binary_search(&envelope).is_ok();
            if !may || amount > self.room(envelope) {
                for &(envelope, amount) in &payers[..at] {
                    self.shift((group, envelope, -amount));
                }
                return false;
            }
            self.shift((group, envelope, amount));
        }
        self.version += 1;
        true
    }

    /// Sets aside what `group` can still get, up to `most`. Returns the amount.
    pub fn hold(&mut self, group: usize, most: i64) -> i64 {
        match self.fund(group, most) {
            Ok(()) => most,
            Err(shortfall) => {
                let held = most - shortfall.missing;
                let is_held = self.fund(group, held).is_ok();
                debug_assert!(is_held, "what is spare can be funded");
                held
            }
        }
    }

    /// Gives back `amount` of what was funded for `group`.
    pub fn release(&mut self, group: usize, amount: i64) {
        let mut left = amount;
        for at in (0..self.groups[group].envelopes.len()).rev() {
            let envelope = self.groups[group].envelopes[at];
            let by = left.min(self.groups[group].paid[envelope]);
            if by > 0 {
                self.shift((group, envelope, -by));
                left -= by;
            }
        }
        debug_assert_eq!(left, 0, "what was not funded is not released");
        // More may be available than before.
        self.groups.iter_mut().for_each(|group| group.spare = None);
        self.version += 1;
    }

    /// What `envelope` pays for the lots of `group`.
    #[must_use]
    pub fn paid(&self, group: usize, envelope: usize) -> i64 {
        self.groups[group].paid[envelope]
    }

    #[must_use]
    pub fn left(&self, envelope: usize) -> i64 {
        self.left[envelope]
    }

    /// What `envelope` had at first.
    #[must_use]
    pub fn had(&self, envelope: usize) -> i64 {
        self.had[envelope]
    }

    #[must_use]
    pub fn envelopes(&self) -> usize {
        self.left.len()
    }

    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The envelopes that `group` may use, in ascending order.
    #[must_use]
    pub fn may_use(&self, group: usize) -> &[usize] {
        &self.groups[group].envelopes
    }

    /// The groups that may use `envelope`.
    #[must_use]
    pub fn users(&self, envelope: usize) -> &[usize] {
        &self.users[envelope]
    }

    /// What `envelope` may still spend, given its ceiling.
    #[must_use]
    pub fn room(&self, envelope: usize) -> i64 {
        let under = self.ceiling[envelope].map_or(i64::MAX, |number| self.ceilings[number].room);
        self.left[envelope].min(under)
    }

    /// Whether two envelopes are under one ceiling, or both under none.
    #[must_use]
    pub fn share_ceiling(&self, one: usize, other: usize) -> bool {
        self.ceiling[one] == self.ceiling[other]
    }

    /// Makes `envelope` pay `by` more for `group`, or less if `by` is negative.
    pub(super) fn shift(&mut self, (group, envelope, by): Shift) {
        self.groups[group].paid[envelope] += by;
        self.left[envelope] -= by;
        if let Some(number) = self.ceiling[envelope] {
            self.ceilings[number].room -= by;
        }
    }

    /// What is already known to stand against `amount`. What is available only shrinks while lots are added.
    fn known(&self, group: usize, amount: i64) -> Option<Shortfall> {
        let spare = self.groups[group].spare.as_ref()?;
        let holds = spare.version == self.version || spare.amount == 0;
        let shortfall =
            || Shortfall { missing: amount - spare.amount, exhausted: spare.exhausted.clone() };
        (holds && spare.amount < amount).then(shortfall)
    }

    /// Gives `group` up to `amount` more. Returns what is missing.
    fn extend(&mut self, group: usize, amount: i64, shifts: &mut Vec<Shift>) -> i64 {
        let mut missing = amount;
        for at in 0..self.groups[group].envelopes.len() {
            let envelope = self.groups[group].envelopes[at];
            let by = missing.min(self.room(envelope));
            if by > 0 {
                self.shift((group, envelope, by));
                shifts.push((group, envelope, by));
                missing -= by;
            }
            if missing == 0 {
                return 0;
            }
        }
        while missing > 0 {
            let Some(last) = self.search(group) else { break };
            let mut path = Vec::new();
            missing -= self.path(last, missing, &mut path);
            path.iter().for_each(|shift| self.shift(*shift));
            shifts.append(&mut path);
        }
        missing
    }

    /// Searches for money that `group` can get if other lots move. Returns the envelope that has the money.
    fn search(&mut self, group: usize) -> Option<usize> {
        let mut search = std::mem::take(&mut self.search);
        search.begin(self.left.len(), self.groups.len());
        search.groups.push_back(group);
        let found = self.search_from(group, &mut search);
        self.search = search;
        found
    }

    fn search_from(&self, group: usize, search: &mut Search) -> Option<usize> {
        while let Some(user) = search.groups.pop_front() {
            for &envelope in &self.groups[user].envelopes {
                if search.reached[envelope].is_none() {
                    search.reached[envelope] = Some(From::Group(user));
                    search.envelopes.push(envelope);
                }
                while let Some(envelope) = search.envelopes.pop() {
                    if self.room(envelope) > 0 {
                        return Some(envelope);
                    }
                    self.look_behind(envelope, group, search);
                }
            }
        }
        None
    }

    /// Explores an envelope that has nothing left: groups that it pays for, and envelopes whose spending takes its
    /// room under a ceiling.
    fn look_behind(&self, envelope: usize, group: usize, search: &mut Search) {
        for &other in &self.users[envelope] {
            let is_new = other != group && search.leaves[other].is_none();
            if is_new && self.groups[other].paid[envelope] > 0 {
                search.leaves[other] = Some(envelope);
                search.groups.push_back(other);
            }
        }
        if self.left[envelope] == 0 {
            return;
        }
        let siblings = self.ceiling[envelope].map(|number| &self.ceilings[number].envelopes);
        for &sibling in siblings.into_iter().flatten() {
            if search.reached[sibling].is_none() && self.left[sibling] < self.had[sibling] {
                search.reached[sibling] = Some(From::Sibling(envelope));
                search.envelopes.push(sibling);
            }
        }
    }

    /// The path on which the last search reached `last`. Returns how much can move along it, up to `most`.
    fn path(&self, last: usize, most: i64, shifts: &mut Vec<Shift>) -> i64 {
        let mut amount = most.min(self.room(last));
        let mut at = Some(last);
        while let Some(envelope) = at {
            match self.search.reached[envelope] {
                Some(From::Group(user)) => {
                    shifts.push((user, envelope, 1));
                    at = self.search.leaves[user];
                    if let Some(left) = at {
                        amount = amount.min(self.groups[user].paid[left]);
                        shifts.push((user, left, -1));
                    }
                }
                Some(From::Sibling(other)) => {
                    amount = amount.min(self.left[other]);
                    at = Some(other);
                }
                None => break,
            }
        }
        shifts.iter_mut().for_each(|(_, _, by)| *by *= amount);
        amount
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

    /// What is left of `within` after all demands that can use nothing else. All demands can be met if this is
    /// never negative (Gale 1957).
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
                        // The same question gets the same answer.
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
        let nothing_left = Shortfall { missing: 1, exhausted: [0].into() };
        assert_eq!(network.fund(first, 1), Err(nothing_left));
    }
}
