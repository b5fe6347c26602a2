//! Why a lot is funded and by whom, or what stands against it, as data.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::eligibility::{WhyNot, eligible};
use super::near::NearOffer;
use super::optimum::solve;
use super::problem::{Answer, Demand, Envelope, Payment, Solution, Unfunded};
use super::round::Round;
use waybill_domain::coalition::Coalition;
use waybill_domain::contribution::{Contribution, Earmark};
use waybill_domain::funding::{Share, ShareState};
use waybill_domain::ids::LotId;
use waybill_domain::lot::Lot;
use waybill_domain::money::{Money, MoneyError, Rate};
use waybill_domain::pipeline::Preference;
use waybill_domain::requisition::Line;

/// The maximum number of lots that are named for an exhausted envelope. The largest come first.
const NAMED: usize = 5;

/// Why a lot has money, or has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Explanation {
    /// Donors pay for it.
    Funded {
        /// The day on which this was decided.
        day: NaiveDate,
        /// Who pays, in the order in which the money is used.
        payers: Vec<Payer>,
        /// Why the other envelopes do not pay.
        others: Vec<Other>,
    },
    /// It waits for money.
    Unfunded(Box<Missing>),
    /// It waits for money that is available. The next round gives it the money.
    NextRound {
        /// The day for which this answer holds.
        day: NaiveDate,
        /// Who would pay.
        payers: Vec<Foreseen>,
    },
    /// It waits for money, and the caller may not see what donors have left.
    Unpaid {
        /// The day for which this answer holds.
        day: NaiveDate,
        /// How many lots ahead of it also wait for money.
        ahead: usize,
    },
    /// Nothing can be bought, because no offer fits.
    Unoffered {
        /// The day for which this answer holds.
        day: NaiveDate,
        /// The nearest offers, and what keeps each of them away.
        near_offers: Vec<NearOffer>,
    },
    /// A donor gives it in kind.
    InKind {
        /// The contribution.
        contribution: String,
    },
    /// No decision about money was made.
    Undecided,
}

/// A donor's share, and why this donor pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payer {
    /// The envelope.
    pub envelope: String,
    /// Its donors.
    pub donors: Vec<String>,
    /// The amount that the envelope pays, in its currency.
    pub amount: Money,
    /// The part of the lot's cost that this pays.
    pub covers: Money,
    /// Units of the envelope's currency for one EUR: the rate of the day on which the money was set aside or, once
    /// it is paid, of the day of the payment.
    pub rate: Rate,
    /// The state of the share.
    pub state: ShareState,
    /// Why this envelope pays.
    pub decided: Decided,
}

/// What a donor would pay if a round ran now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Foreseen {
    /// The envelope.
    pub envelope: String,
    /// Its donors.
    pub donors: Vec<String>,
    /// The amount that the envelope would pay.
    pub amount: Money,
}

/// Why an envelope pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// No other money could be used.
    OnlyOne,
    /// Of the money that could be used, none lapses sooner.
    LapsesFirst {
        /// The last day on which an order can bind it.
        obligate_by: NaiveDate,
    },
    /// Of the money that could be used, it is the most restricted.
    Earmarked,
    /// Money that comes before it was not enough, or others needed that money.
    Rest,
    /// It ranks equally with other money, and they share in proportion.
    Equal,
}

/// An envelope that does not pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Other {
    /// The envelope.
    pub envelope: String,
    /// Why not. It is absent if the envelope could pay, but its money was not needed.
    pub why: Option<WhyNot>,
}

/// What a lot lacks that waits for money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Missing {
    /// The day for which this answer holds.
    pub day: NaiveDate,
    /// What the lot costs.
    pub cost: Money,
    /// The smallest amount of new money for this lot that funds it together with all funded lots ahead of it.
    pub missing: Money,
    /// The envelopes to which the money could be added. Any one of them is enough.
    pub from: Vec<String>,
    /// Whether it is proven that no smaller amount is enough.
    pub is_proven: bool,
    /// The minimum cut: envelopes whose money is needed by lots ahead that can use no other.
    pub exhausted: Vec<Exhausted>,
    /// Why the other envelopes do not pay.
    pub others: Vec<Other>,
    /// How many lots ahead of it also wait for money. New money that is not reserved for this lot may serve them
    /// first.
    #[serde(default, skip_serializing_if = "is_none")]
    pub ahead: usize,
    /// Lots behind it that would lose their money if this lot got the new money, because this lot would also use
    /// theirs.
    pub would_unfund: Vec<LotId>,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// An envelope that has too little left for a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exhausted {
    /// The envelope.
    pub envelope: String,
    /// Its donors.
    pub donors: Vec<String>,
    /// What is left. It is less than what is needed.
    pub left: Money,
    /// The next amount that becomes usable, and on which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opening>,
    /// Lots that it pays for, with the amounts, the largest first.
    pub lots: Vec<(LotId, Money)>,
    /// How many more lots it pays for.
    pub more: usize,
}

/// Promised money that cannot be used before a given day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Opening {
    /// The amount.
    pub amount: Money,
    /// The first day on which it can be used.
    pub day: NaiveDate,
}

/// What each envelope pays for: lots and amounts, by the id of the envelope.
pub type Spending = BTreeMap<String, Vec<(LotId, Money)>>;

/// Adds the shares of `lot` to `spending`.
pub fn spend(spending: &mut Spending, lot: &Lot) {
    for share in &lot.funding {
        spending.entry(share.envelope.clone()).or_default().push((lot.id, share.amount));
    }
}

fn donors(coalition: &Coalition, envelope: &str) -> Vec<String> {
    coalition.contributions.get(envelope).map(|c| c.donors.clone()).unwrap_or_default()
}

/// Explains who pays for `lot`, which has money, and why, as of the day on which it was matched.
#[must_use]
pub fn funded(
    coalition: &Coalition,
    lot: &Lot,
    line: &Line,
    order: &[Preference],
    day: NaiveDate,
) -> Explanation {
    let channel = lot.offer.as_ref().and_then(|id| coalition.offers.get(id));
    let channel = channel.map(|offer| offer.channel.as_str());
    let pays = |id: &str| lot.funding.iter().any(|share| share.envelope == id);
    let (mut usable, mut others) = (Vec::new(), Vec::new());
    for (id, contribution) in &coalition.contributions {
        let fits = match eligible(coalition, contribution, line, channel, day) {
            Ok(()) if lot.refused.contains(id) => Err(WhyNot::ConsentRefused),
            other => other,
        };
        if fits.is_ok() || pays(id) {
            usable.push(contribution);
        }
        if !pays(id) {
            others.push(Other { envelope: id.clone(), why: fits.err() });
        }
    }
    let payer = |share: &Share| Payer {
        envelope: share.envelope.clone(),
        donors: donors(coalition, &share.envelope),
        amount: share.amount,
        covers: share.covers,
        rate: share.rate,
        state: share.state,
        decided: coalition
            .contributions
            .get(&share.envelope)
            .map_or(Decided::Rest, |contribution| decided(contribution, &usable, order)),
    };
    let mut payers: Vec<Payer> = lot.funding.iter().map(payer).collect();
    payers.sort_by_key(|payer| {
        coalition.contributions.get(&payer.envelope).map(|contribution| key(contribution, order))
    });
    Explanation::Funded { day, payers, others }
}

/// The sort key of money. Money with the smallest key is used first.
fn key(contribution: &Contribution, order: &[Preference]) -> Vec<NaiveDate> {
    let rank = |preference: &Preference| match preference {
        Preference::SoonestLapse => contribution.obligate_by.unwrap_or(NaiveDate::MAX),
        Preference::Earmarked if contribution.earmark == Earmark::default() => NaiveDate::MAX,
        Preference::Earmarked => NaiveDate::MIN,
    };
    order.iter().map(rank).collect()
}

fn decided(contribution: &Contribution, usable: &[&Contribution], order: &[Preference]) -> Decided {
    if usable.len() <= 1 {
        return Decided::OnlyOne;
    }
    let own = key(contribution, order);
    let keys = usable.iter().map(|other| key(other, order));
    if keys.clone().any(|other| other < own) {
        return Decided::Rest;
    }
    if keys.filter(|other| *other == own).count() > 1 {
        return Decided::Equal;
    }
    // The first rule by which it differs from any other.
    let differs = |at: &usize| usable.iter().any(|other| key(other, order)[*at] != own[*at]);
    match (0..order.len()).find(differs).map(|at| order[at]) {
        Some(Preference::SoonestLapse) => match contribution.obligate_by {
            Some(obligate_by) => Decided::LapsesFirst { obligate_by },
            None => Decided::Rest,
        },
        Some(Preference::Earmarked) => Decided::Earmarked,
        None => Decided::Equal,
    }
}

/// Explains why the lot at `place` of a round has no money: what it lacks, or that the next round would fund it.
/// `None` if nobody offers it.
///
/// # Errors
/// [`MoneyError::Overflow`] if an amount does not fit.
pub fn unfunded(
    coalition: &Coalition,
    round: &Round,
    solution: &Solution,
    lots: &[LotId],
    place: usize,
    day: NaiveDate,
    spending: &Spending,
) -> Result<Option<Explanation>, MoneyError> {
    let Some(ask) = &round.asks[place] else { return Ok(None) };
    let asked: Vec<LotId> = lots
        .iter()
        .zip(&round.asks)
        .filter(|(_, ask)| ask.is_some())
        .map(|(lot, _)| *lot)
        .collect();
    let Some(at) = asked.iter().position(|lot| *lot == lots[place]) else { return Ok(None) };
    let problem = &round.problem;
    let why = match &solution.answers[at] {
        Answer::Unfunded(why) => why,
        Answer::Funded { payments, .. } => {
            let foreseen = |payment: &Payment| {
                let envelope = &problem.envelopes[payment.envelope];
                let donors = donors(coalition, &envelope.id);
                Foreseen { envelope: envelope.id.clone(), donors, amount: payment.amount }
            };
            let payers = payments.iter().map(foreseen).collect();
            return Ok(Some(Explanation::NextRound { day, payers }));
        }
    };
    let demand = &problem.demands[at];
    let group = &problem.groups[demand.group];
    let (missing, from, cut, is_proven) = match why {
        Unfunded::Money { missing, cut } => {
            (*missing, group.clone(), solution.cuts[*cut].clone(), true)
        }
        Unfunded::Donors { missing, from, is_proven } => {
            (*missing, from.clone(), group.clone(), *is_proven)
        }
        Unfunded::RequesterCap { left } => (*left, Vec::new(), Vec::new(), true),
    };
    // This includes what the round itself would give.
    let mut spending = spending.clone();
    for (lot, answer) in asked.iter().zip(&solution.answers) {
        let Answer::Funded { payments, .. } = answer else { continue };
        for payment in payments {
            let id = problem.envelopes[payment.envelope].id.clone();
            spending.entry(id).or_default().push((*lot, payment.amount));
        }
    }
    let exhausted = cut.iter().map(|envelope| {
        let spent = solution.spent[*envelope];
        exhausted(coalition, &problem.envelopes[*envelope], spent, &spending, day)
    });
    let others =
        ask.reasons.iter().map(|(id, why)| Other { envelope: id.clone(), why: Some(why.clone()) });
    let is_short = |answer: &&Answer| matches!(answer, Answer::Unfunded(_));
    let missing = Missing {
        day,
        ahead: solution.answers[..at].iter().filter(is_short).count(),
        cost: demand.cost,
        missing,
        from: from.iter().map(|envelope| problem.envelopes[*envelope].id.clone()).collect(),
        is_proven,
        exhausted: exhausted.collect(),
        others: others.collect(),
        would_unfund: would_unfund(round, solution, at, missing, &asked)?,
    };
    Ok(Some(Explanation::Unfunded(Box::new(missing))))
}

fn exhausted(
    coalition: &Coalition,
    envelope: &Envelope,
    spent: i64,
    spending: &Spending,
    day: NaiveDate,
) -> Exhausted {
    let tranches = coalition.contributions.get(&envelope.id).map(|given| &given.tranches);
    let later = tranches.into_iter().flatten().filter(|tranche| tranche.opens > day);
    let opens = later.min_by_key(|tranche| tranche.opens).map(|tranche| Opening {
        amount: Money::new(tranche.minor, envelope.currency),
        day: tranche.opens,
    });
    let mut lots = spending.get(&envelope.id).cloned().unwrap_or_default();
    lots.sort_by_key(|(lot, amount)| (std::cmp::Reverse(amount.minor), lot.0));
    let more = lots.len().saturating_sub(NAMED);
    lots.truncate(NAMED);
    Exhausted {
        envelope: envelope.id.clone(),
        donors: donors(coalition, &envelope.id),
        left: Money::new(envelope.available - spent, envelope.currency),
        opens,
        lots,
        more,
    }
}

/// Lots behind the one at `at` that are funded now, and would not be if that lot got `missing`.
fn would_unfund(
    round: &Round,
    solution: &Solution,
    at: usize,
    missing: Money,
    asked: &[LotId],
) -> Result<Vec<LotId>, MoneyError> {
    let is_funded = |answer: &Answer| matches!(answer, Answer::Funded { .. });
    if !solution.answers[at + 1..].iter().any(is_funded) {
        return Ok(Vec::new());
    }
    let mut problem = round.problem.clone();
    let new = problem.envelopes.len();
    problem.envelopes.push(Envelope {
        id: String::new(),
        donor: String::new(),
        available: missing.minor,
        currency: missing.currency,
        rate: problem.base.1,
        obligate_by: None,
        is_unrestricted: false,
    });
    let mut group = problem.groups[problem.demands[at].group].clone();
    group.push(new);
    problem.groups.push(group);
    let demand = Demand { group: problem.groups.len() - 1, ..problem.demands[at].clone() };
    problem.demands[at] = demand;
    let after = solve(&problem)?;
    let lost = solution.answers.iter().zip(&after.answers).zip(asked);
    let lost = lost.filter(|((before, after), _)| is_funded(before) && !is_funded(after));
    Ok(lost.map(|(_, lot)| *lot).collect())
}
