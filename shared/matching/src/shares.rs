//! Turns what envelopes pay for groups into what they pay for each lot, in their own currencies.

use super::network::Network;
use super::problem::{Payment, Problem};
use super::walk::in_base;
use waybill_domain::money::{Money, MoneyError, Rounding, convert};

/// A funded lot: its group in the network, its amount in the base currency, its cost, and who pays for it so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Funded<'a> {
    pub(super) group: usize,
    pub(super) amount: i64,
    pub(super) cost: Money,
    pub(super) held: &'a [(usize, i64)],
}

/// What an envelope pays for a lot, in the base currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) envelope: usize,
    pub(super) amount: i64,
}

/// The cells of a lot: most lots have one.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    first: Option<Cell>,
    more: Vec<Cell>,
}

impl Cells {
    fn push(&mut self, cell: Cell) {
        match self.first {
            None => self.first = Some(cell),
            Some(_) => self.more.push(cell),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.first.iter().chain(&self.more)
    }

    fn count(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }
}

/// Gives each lot of each group its cells. Lots keep their payers if these still pay for the group. Of the others,
/// the largest first, each is paid by a single envelope as long as one has enough left. The rest are split. In a
/// group with n cells, at most n - 1 lots are split.
pub(super) fn deal(network: &Network, funded: &[Funded<'_>]) -> Vec<Cells> {
    let mut by_group: Vec<Vec<usize>> = vec![Vec::new(); network.groups()];
    for (at, lot) in funded.iter().enumerate() {
        by_group[lot.group].push(at);
    }
    let mut dealt = vec![Cells::default(); funded.len()];
    for (group, mut lots) in by_group.into_iter().enumerate() {
        let mut cells: Vec<Cell> = network
            .may_use(group)
            .iter()
            .map(|&envelope| Cell { envelope, amount: network.paid(group, envelope) })
            .filter(|cell| cell.amount > 0)
            .collect();
        if cells.len() > 1 {
            lots.sort_by_key(|at| std::cmp::Reverse(funded[*at].amount));
        }
        lots.retain(|at| !keep(&funded[*at], &mut cells, &mut dealt[*at]));
        let mut split = Vec::new();
        for at in lots {
            let amount = funded[at].amount;
            // The one that would have the least left afterwards.
            let fits = cells.iter_mut().filter(|cell| cell.amount >= amount);
            match fits.min_by_key(|cell| cell.amount) {
                Some(cell) => {
                    cell.amount -= amount;
                    dealt[at].push(Cell { envelope: cell.envelope, amount });
                }
                None => split.push(at),
            }
        }
        let mut cells = cells.into_iter().filter(|cell| cell.amount > 0);
        let mut cell = cells.next();
        for at in split {
            let mut missing = funded[at].amount;
            while let Some(open) = cell.as_mut().filter(|_| missing > 0) {
                let amount = missing.min(open.amount);
                dealt[at].push(Cell { envelope: open.envelope, amount });
                (open.amount, missing) = (open.amount - amount, missing - amount);
                if open.amount == 0 {
                    cell = cells.next();
                }
            }
        }
    }
    dealt
}

/// Gives a lot the payers that it had, if all of them still pay enough for its group.
fn keep(lot: &Funded<'_>, cells: &mut [Cell], dealt: &mut Cells) -> bool {
    let find =
        |cells: &[Cell], envelope: usize| cells.iter().position(|cell| cell.envelope == envelope);
    let has = |(envelope, amount): &(usize, i64)| {
        find(cells, *envelope).is_some_and(|at| cells[at].amount >= *amount)
    };
    let is_all = lot.held.iter().map(|(_, amount)| amount).sum::<i64>() == lot.amount;
    if lot.held.is_empty() || !is_all || !lot.held.iter().all(has) {
        return false;
    }
    for &(envelope, amount) in lot.held {
        if let Some(at) = find(cells, envelope) {
            cells[at].amount -= amount;
            dealt.push(Cell { envelope, amount });
        }
    }
    true
}

/// The payments, in the currencies of envelopes and costs. What covers a lot adds up exactly to its cost, and no
/// envelope pays more than it has.
///
/// # Errors
/// [`MoneyError::Overflow`] if an amount does not fit.
pub(super) fn settle(
    problem: &Problem,
    funded: &[Funded<'_>],
    dealt: &[Cells],
) -> Result<(Vec<Vec<Payment>>, Vec<i64>), MoneyError> {
    let (payments, spent) = debit(problem, funded, dealt, None, Rounding::Up)?;
    if spent.iter().zip(&problem.envelopes).all(|(spent, has)| *spent <= has.available) {
        return Ok((payments, spent));
    }
    let covers = within_means(problem, funded, dealt)?;
    debit(problem, funded, dealt, Some(&covers), Rounding::Down)
}

/// What each payer covers of a lot's cost, in proportion to what it pays.
fn largest_remainders(lot: &Funded<'_>, cells: &Cells) -> Vec<Money> {
    let weights: Vec<u64> = cells.iter().map(|cell| cell.amount.unsigned_abs()).collect();
    lot.cost.shares(&weights)
}

/// The payments for all lots, and what they take from each envelope. Without `covers`, the largest remainders
/// decide what each payer covers. If an envelope is in neither the currency of a cost nor the base currency, all
/// that it pays for such costs is converted in one sum, with `rounding`.
fn debit(
    problem: &Problem,
    funded: &[Funded<'_>],
    dealt: &[Cells],
    covers: Option<&[Vec<Money>]>,
    rounding: Rounding,
) -> Result<(Vec<Vec<Payment>>, Vec<i64>), MoneyError> {
    let mut payments: Vec<Vec<Payment>> = Vec::with_capacity(dealt.len());
    let mut foreign: Vec<Vec<(usize, usize, i64)>> = vec![Vec::new(); problem.envelopes.len()];
    let mut spent = vec![0_i64; problem.envelopes.len()];
    for (at, (lot, cells)) in funded.iter().zip(dealt).enumerate() {
        let mut theirs = Vec::with_capacity(cells.count());
        let split = match covers {
            Some(covers) => covers[at].clone(),
            None if cells.count() > 1 => largest_remainders(lot, cells),
            None => Vec::new(),
        };
        for (number, cell) in cells.iter().enumerate() {
            let covers = split.get(number).copied().unwrap_or(lot.cost);
            let currency = problem.envelopes[cell.envelope].currency;
            let amount = if currency == covers.currency {
                covers.minor
            } else if currency == problem.base.0 {
                cell.amount
            } else {
                foreign[cell.envelope].push((at, theirs.len(), cell.amount));
                0
            };
            spent[cell.envelope] += amount;
            let amount = Money::new(amount, currency);
            theirs.push(Payment { envelope: cell.envelope, amount, covers });
        }
        payments.push(theirs);
    }
    for (place, parts) in foreign.iter().enumerate().filter(|(_, parts)| !parts.is_empty()) {
        let total: i64 = parts.iter().map(|(_, _, amount)| amount).sum();
        let debit = in_currency(problem, place, total, rounding)?;
        let weights: Vec<u64> = parts.iter().map(|(.., amount)| amount.unsigned_abs()).collect();
        for ((at, share, _), amount) in parts.iter().zip(debit.shares(&weights)) {
            payments[*at][*share].amount = amount;
        }
        spent[place] += debit.minor;
    }
    Ok((payments, spent))
}

fn in_currency(
    problem: &Problem,
    envelope: usize,
    amount: i64,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let (envelope, (base, rate)) = (&problem.envelopes[envelope], problem.base);
    convert(Money::new(amount, base), rate, envelope.currency, envelope.rate, rounding)
}

/// What each payer covers, if the largest remainders would take a minor unit too much from an envelope that pays in
/// the currency of the cost. Shares are rounded down, and the remaining units go where there is money for them.
/// There always is enough, because the shares fit as fractions: a flow with whole limits has a whole solution.
fn within_means(
    problem: &Problem,
    funded: &[Funded<'_>],
    dealt: &[Cells],
) -> Result<Vec<Vec<Money>>, MoneyError> {
    let is_own = |lot: &Funded<'_>, cell: &Cell| {
        problem.envelopes[cell.envelope].currency == lot.cost.currency
    };
    let mut covers: Vec<Vec<Money>> = Vec::with_capacity(dealt.len());
    let mut left: Vec<i64> = problem.envelopes.iter().map(|has| has.available).collect();
    let mut elsewhere = vec![0_i64; left.len()];
    for (lot, cells) in funded.iter().zip(dealt) {
        let all: i128 = cells.iter().map(|cell| i128::from(cell.amount)).sum();
        let part = |cell: &Cell| {
            let exact = i128::from(lot.cost.minor) * i128::from(cell.amount) / all.max(1);
            Money::new(i64::try_from(exact).unwrap_or(lot.cost.minor), lot.cost.currency)
        };
        let mut theirs: Vec<Money> = cells.iter().map(part).collect();
        let rest = lot.cost.minor - theirs.iter().map(|part| part.minor).sum::<i64>();
        // An envelope in another currency pays no more if its share covers the remaining units.
        if let Some(at) = cells.iter().position(|cell| !is_own(lot, cell)) {
            theirs[at].minor += rest;
        }
        for (cell, part) in cells.iter().zip(&theirs) {
            if is_own(lot, cell) {
                left[cell.envelope] -= part.minor;
            } else {
                elsewhere[cell.envelope] += cell.amount;
            }
        }
        covers.push(theirs);
    }
    for (place, amount) in elsewhere.into_iter().enumerate() {
        left[place] -= in_currency(problem, place, amount, Rounding::Down)?.minor;
    }
    let mut network = Network::new(left.into_iter().map(|left| left.max(0)).collect());
    let rest = |lot: &Funded<'_>, theirs: &[Money]| {
        lot.cost.minor - theirs.iter().map(|part| part.minor).sum::<i64>()
    };
    let group = |network: &mut Network, cells: &Cells| {
        network.group(&cells.iter().map(|cell| cell.envelope).collect::<Vec<_>>())
    };
    for ((lot, cells), theirs) in funded.iter().zip(dealt).zip(&covers) {
        let group = group(&mut network, cells);
        let is_funded = network.fund(group, rest(lot, theirs)).is_ok();
        debug_assert!(is_funded, "shares as fractions fit");
    }
    for ((lot, cells), theirs) in funded.iter().zip(dealt).zip(&mut covers) {
        let group = group(&mut network, cells);
        for (at, cell) in cells.iter().enumerate() {
            let by = rest(lot, theirs).min(network.paid(group, cell.envelope));
            network.shift((group, cell.envelope, -by));
            theirs[at].minor += by;
        }
    }
    Ok(covers)
}

/// The cost of a lot in the base currency, rounded up.
pub(super) fn cost_in_base(problem: &Problem, place: usize) -> Result<i64, MoneyError> {
    let demand = &problem.demands[place];
    in_base(problem, demand.cost, demand.rate, Rounding::Up)
}
