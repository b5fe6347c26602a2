//! The matcher: the lexicographic optimum by priority, who pays for it, and why the other lots are not funded.

use super::few::{self, Placed};
use super::network::Network;
use super::payers::{self, Kept};
use super::problem::{Answer, Problem, Solution, Unfunded};
use super::shares::{Funded, deal, settle};
use super::walk::{Verdict, Walk};
use waybill_domain::money::{Money, MoneyError};
use waybill_domain::quantity::Quantity;

/// Answers each lot of `problem`. The same problem always gets the same answer.
///
/// # Errors
/// [`MoneyError::Overflow`] if an amount does not fit into `i64`.
pub fn solve(problem: &Problem) -> Result<Solution, MoneyError> {
    match problem.policy.max_donors {
        None => by_any(problem),
        Some(most) => by_few(problem, most),
    }
}

/// The cost of a lot, or of the part of it that is funded.
fn cost(problem: &Problem, place: usize, part: Option<Quantity>) -> Result<Money, MoneyError> {
    let demand = &problem.demands[place];
    match (&demand.parts, part) {
        (Some(parts), Some(quantity)) => parts.quote.cost(quantity),
        _ => Ok(demand.cost),
    }
}

fn by_any(problem: &Problem) -> Result<Solution, MoneyError> {
    let mut walk = Walk::run(problem)?;
    // Money that is held for lots which are not funded belongs to nobody yet.
    for (group, amount) in std::mem::take(&mut walk.held) {
        walk.network.release(group, amount);
    }
    let mut funded = Vec::new();
    for (place, verdict) in walk.verdicts.iter().enumerate() {
        if let Verdict::Accepted { part, amount } = *verdict {
            let group = walk.groups[problem.demands[place].group];
            let held = &problem.demands[place].held;
            funded.push(Funded { group, amount, cost: cost(problem, place, part)?, held });
        }
    }
    let (mut payments, spent) = pay(problem, &mut walk.network, &funded)?;
    let mut payments = payments.drain(..);
    let base = problem.base.0;
    let answers = walk.verdicts.iter().map(|verdict| match *verdict {
        Verdict::Accepted { part, .. } => {
            Answer::Funded { part, payments: payments.next().unwrap_or_default() }
        }
        Verdict::Short { missing, cut } => {
            Answer::Unfunded(Unfunded::Money { missing: Money::new(missing, base), cut })
        }
        Verdict::Capped { left } => {
            Answer::Unfunded(Unfunded::RequesterCap { left: Money::new(left, base) })
        }
    });
    let answers = answers.collect();
    Ok(Solution { answers, cuts: walk.cuts, spent })
}

fn by_few(problem: &Problem, most: usize) -> Result<Solution, MoneyError> {
    let (mut network, placed) = few::run(problem, most)?;
    let mut funded = Vec::new();
    for (place, placed) in placed.iter().enumerate() {
        if let Placed::Accepted { group, part, amount } = *placed {
            let cost = cost(problem, place, part)?;
            funded.push(Funded { group, amount, cost, held: &problem.demands[place].held });
        }
    }
    let (mut payments, spent) = pay(problem, &mut network, &funded)?;
    let mut payments = payments.drain(..);
    let answers = placed.into_iter().map(|placed| match placed {
        Placed::Accepted { part, .. } => {
            Answer::Funded { part, payments: payments.next().unwrap_or_default() }
        }
        Placed::Refused { missing, from, is_proven } => Answer::Unfunded(Unfunded::Donors {
            missing: Money::new(missing, problem.base.0),
            from,
            is_proven,
        }),
    });
    let answers = answers.collect();
    Ok(Solution { answers, cuts: Vec::new(), spent })
}

type Paid = (Vec<Vec<super::problem::Payment>>, Vec<i64>);

/// Who pays for each funded lot, and what each envelope spends.
fn pay(
    problem: &Problem,
    network: &mut Network,
    funded: &[Funded<'_>],
) -> Result<Paid, MoneyError> {
    let mut kept = Kept::new();
    for lot in funded {
        for (envelope, amount) in lot.held {
            *kept.entry((lot.group, *envelope)).or_default() += amount;
        }
    }
    payers::choose(network, &problem.envelopes, &problem.policy.order, &kept);
    settle(problem, funded, &deal(network, funded))
}
