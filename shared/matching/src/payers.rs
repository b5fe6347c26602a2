//! Chooses who pays for the funded set. Money that the policy puts first is used as far as possible. Envelopes that
//! the policy treats as equal share fairly. Of equal solutions, one is taken that uses few cells of the network, so
//! that few lots are split.
//!
//! What the lots leave of each envelope is a base of a polymatroid. So filling the classes of money one after the
//! other is optimal for every linear cost that grows with the class (Edmonds 1970), and exchanges between two
//! envelopes reach the fairest base within a class (Fujishige 1980).

use std::collections::{HashMap, VecDeque};

use super::network::Network;
use super::problem::Envelope;
use waybill_domain::pipeline::Preference;

/// The maximum number of exchanges within a class, for each of its envelopes.
const EXCHANGES: usize = 16;

/// What envelopes pay for groups so far, by group and envelope. Fairness alone is no reason to change it, so that
/// donors are not asked again.
pub(super) type Kept = HashMap<(usize, usize), i64>;

/// How a search reached an envelope: that other envelope would pay for this group instead of it.
type Step = (usize, usize);

/// Chooses who pays.
pub(super) fn choose(
    network: &mut Network,
    envelopes: &[Envelope],
    order: &[Preference],
    kept: &Kept,
) {
    let classes = classes(envelopes, order);
    for class in 0..classes.iter().max().map_or(0, |last| last + 1) {
        fill(network, &classes, class);
    }
    for class in 0..classes.iter().max().map_or(0, |last| last + 1) {
        share(network, &classes, class, kept);
    }
    use_few_cells(network, kept);
}

/// How much may be taken from a cell.
fn free(network: &Network, kept: &Kept, group: usize, envelope: usize) -> i64 {
    let paid = network.paid(group, envelope);
    paid - kept.get(&(group, envelope)).map_or(0, |kept| paid.min(*kept))
}

/// The class of each envelope. Lower classes are used first, and envelopes of one class are equal.
pub(super) fn classes(envelopes: &[Envelope], order: &[Preference]) -> Vec<usize> {
    let key = |envelope: &Envelope| -> Vec<i64> {
        let rank = |preference: &Preference| match preference {
            Preference::SoonestLapse => envelope
                .obligate_by
                .map_or(i64::MAX, |day| i64::from(chrono::Datelike::num_days_from_ce(&day))),
            Preference::Earmarked => i64::from(envelope.is_unrestricted),
        };
        order.iter().map(rank).collect()
    };
    let keys: Vec<Vec<i64>> = envelopes.iter().map(key).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    keys.iter().map(|key| sorted.partition_point(|other| other < key)).collect()
}

/// Uses the money of `class` as far as possible, instead of the money of later classes.
fn fill(network: &mut Network, classes: &[usize], class: usize) {
    for envelope in (0..classes.len()).filter(|envelope| classes[*envelope] == class) {
        while network.room(envelope) > 0 {
            let is_later = |other: usize| classes[other] > class;
            let free = |group: usize, other: usize| network.paid(group, other);
            let Some((last, steps)) = search(network, envelope, is_later, free) else { break };
            let most = most(&steps, last, network.room(envelope), free);
            exchange(network, last, &steps, most);
        }
    }
}

/// Lets the envelopes of `class` pay in proportion to what they had, as nearly as possible.
fn share(network: &mut Network, classes: &[usize], class: usize, kept: &Kept) {
    let mut members: Vec<usize> =
        (0..classes.len()).filter(|e| classes[*e] == class && network.had(*e) > 0).collect();
    for _ in 0..EXCHANGES * members.len() {
        // The least used come first.
        members.sort_by(|a, b| used(network, *a, *b).then(a.cmp(b)));
        let improved = members.iter().any(|&to| {
            // The most used that can be relieved comes first.
            members.iter().rev().take_while(|from| **from != to).any(|&from| {
                let wanted = excess(network, from, to).min(network.room(to));
                if wanted < 1 {
                    return false;
                }
                let free = |group: usize, other: usize| free(network, kept, group, other);
                let Some((last, steps)) = search(network, to, |other| other == from, free) else {
                    return false;
                };
                let most = most(&steps, last, wanted, free);
                exchange(network, last, &steps, most);
                true
            })
        });
        if !improved {
            return;
        }
    }
}

fn spent(network: &Network, envelope: usize) -> i128 {
    i128::from(network.had(envelope) - network.left(envelope))
}

/// Compares how far two envelopes are used.
fn used(network: &Network, one: usize, other: usize) -> std::cmp::Ordering {
    let (had_one, had_other) = (i128::from(network.had(one)), i128::from(network.had(other)));
    (spent(network, one) * had_other).cmp(&(spent(network, other) * had_one))
}

/// How much `to` has to take over from `from` for both to be used equally.
fn excess(network: &Network, from: usize, to: usize) -> i64 {
    let (had_from, had_to) = (i128::from(network.had(from)), i128::from(network.had(to)));
    let more = spent(network, from) * had_to - spent(network, to) * had_from;
    i64::try_from(more / (had_from + had_to)).unwrap_or(0)
}

/// The shortest path on which `first` pays more, and an envelope that `is_last` pays less. Those in between pay as
/// much as before. The steps go from the last to the first.
fn search(
    network: &Network,
    first: usize,
    is_last: impl Fn(usize) -> bool,
    free: impl Fn(usize, usize) -> i64,
) -> Option<(usize, Vec<Step>)> {
    let mut reached: Vec<Option<Step>> = vec![None; network.envelopes()];
    let mut next = VecDeque::from([first]);
    while let Some(envelope) = next.pop_front() {
        for &group in network.users(envelope) {
            for &other in network.may_use(group) {
                if other == first || reached[other].is_some() || free(group, other) == 0 {
                    continue;
                }
                reached[other] = Some((group, envelope));
                // The ceiling of `first` may leave it no room.
                if is_last(other) && network.room(first) > 0 {
                    return Some((other, steps(other, first, &reached)));
                }
                next.push_back(other);
            }
        }
    }
    None
}

fn steps(last: usize, first: usize, reached: &[Option<Step>]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = last;
    while at != first {
        let Some(step) = reached[at] else { break };
        steps.push(step);
        at = step.1;
    }
    steps
}

/// How much can be moved along a path, up to `wanted`.
fn most(steps: &[Step], last: usize, wanted: i64, free: impl Fn(usize, usize) -> i64) -> i64 {
    let (mut amount, mut from) = (wanted, last);
    for &(group, to) in steps {
        amount = amount.min(free(group, from));
        from = to;
    }
    amount
}

/// Moves an amount along a path.
fn exchange(network: &mut Network, last: usize, steps: &[Step], amount: i64) {
    let mut from = last;
    for &(group, to) in steps {
        network.shift((group, from, -amount));
        network.shift((group, to, amount));
        from = to;
    }
}

/// Moves money around circles until no circle is left. This changes neither what each envelope pays nor what each
/// group has. Afterwards fewer cells are used than there are envelopes and groups together. Circles stay if moving
/// them would change payments that have to be kept.
fn use_few_cells(network: &mut Network, kept: &Kept) {
    // The used cells so far. They are the edges of a graph whose nodes are envelopes and groups. Its nodes are
    // numbered: first the envelopes, then the groups.
    let mut cells: Vec<(usize, usize)> = Vec::new();
    for group in 0..network.groups() {
        for envelope in network.may_use(group).to_vec() {
            if network.paid(group, envelope) > 0 {
                cells.push((group, envelope));
                while let Some(circle) = circle(network, &cells, (group, envelope)) {
                    let is_broken = turn(network, &circle, kept);
                    cells.retain(|(group, envelope)| network.paid(*group, *envelope) > 0);
                    if !is_broken || network.paid(group, envelope) == 0 {
                        break;
                    }
                }
            }
        }
    }
}

/// A circle through `cell`: the cell itself, and then other cells that lead from its envelope back to its group.
fn circle(
    network: &Network,
    cells: &[(usize, usize)],
    cell: (usize, usize),
) -> Option<Vec<(usize, usize)>> {
    let (envelopes, nodes) = (network.envelopes(), network.envelopes() + network.groups());
    let mut from: Vec<Option<(usize, usize)>> = vec![None; nodes];
    let start = envelopes + cell.0;
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        if node == cell.1 {
            break;
        }
        for &(group, envelope) in cells.iter().filter(|other| **other != cell) {
            let other = match node {
                node if node == envelope => envelopes + group,
                node if node == envelopes + group => envelope,
                _ => continue,
            };
            if other != start && from[other].is_none() {
                from[other] = Some((group, envelope));
                next.push_back(other);
            }
        }
    }
    let mut circle = vec![cell];
    let mut node = cell.1;
    while node != start {
        let (group, envelope) = from[node]?;
        circle.push((group, envelope));
        node = if node == envelope { envelopes + group } else { envelope };
    }
    Some(circle)
}

/// Takes as much as possible out of every second cell of a circle and puts it into the others. Returns whether that
/// emptied a cell.
fn turn(network: &mut Network, circle: &[(usize, usize)], kept: &Kept) -> bool {
    let smallest = |cells: &[(usize, usize)], first: usize| {
        let cells = cells.iter().skip(first).step_by(2);
        cells.map(|(group, envelope)| network.paid(*group, *envelope)).min().unwrap_or(0)
    };
    let can = |first: usize, amount: i64| {
        let mut cells = circle.iter().skip(first).step_by(2);
        cells.all(|(group, envelope)| free(network, kept, *group, *envelope) >= amount)
    };
    // The direction that moves the smaller amount empties a cell first.
    let (even, odd) = (smallest(circle, 0), smallest(circle, 1));
    let (amount, sign) = match (can(0, even), can(1, odd)) {
        (true, true) if odd < even => (odd, 1),
        (true, _) => (even, -1),
        (false, true) => (odd, 1),
        (false, false) => return false,
    };
    for (at, (group, envelope)) in circle.iter().enumerate() {
        let sign = if at % 2 == 0 { sign } else { -sign };
        network.shift((*group, *envelope, sign * amount));
    }
    true
}
