//! The matcher by itself: it reads a problem as a JSON document, and answers with one.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::Deserialize;

use super::matched::{Because, FundedLot, InstanceShare, Matched, Missing, UnfundedLot};
use super::optimum::solve;
use super::problem::{Answer, Demand, Envelope, Policy, Problem, Solution, Unfunded};
use super::walk::in_base;
use waybill_domain::money::{Currency, Money, MoneyError, Rate, Rounding, convert};
use waybill_domain::pipeline::WhenUnaffordable;

/// A problem. Amounts are in minor units. Lots are ordered by class, then rank, then their place in the list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    pub envelopes: Vec<InstanceEnvelope>,
    pub lots: Vec<InstanceLot>,
    /// Units of each currency for one EUR.
    #[serde(default)]
    pub rates: BTreeMap<Currency, Rate>,
    #[serde(default)]
    pub policy: InstancePolicy,
}

/// Money that can be set aside.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceEnvelope {
    pub id: String,
    pub donor: String,
    /// What is left of it, in minor units.
    pub amount: i64,
    pub currency: Currency,
    /// The last day on which it can be used.
    #[serde(default)]
    pub expires: Option<NaiveDate>,
}

/// A lot that wants money.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceLot {
    pub id: String,
    /// The class of its priority. The lowest comes first.
    #[serde(default)]
    pub class: i64,
    /// The rank within the class. The lowest comes first.
    #[serde(default)]
    pub rank: i64,
    /// The cost, in minor units.
    pub cost: i64,
    /// The currency of the cost.
    pub currency: Currency,
    /// The envelopes that it may use.
    pub eligible: Vec<String>,
    /// Whether it may be split. Since an instance states no smallest part, the lot is funded as a whole all the
    /// same.
    #[serde(default)]
    pub divisible: bool,
}

/// The rules of an instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstancePolicy {
    /// The maximum number of donors that pay for one lot. `None` means no limit.
    #[serde(default)]
    pub max_donors: Option<usize>,
    /// `fill_down` or `hold`.
    #[serde(default)]
    pub when_unaffordable: WhenUnaffordable,
}

/// Why an instance cannot be matched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// Two envelopes, or two lots, have the same id.
    #[error("{kind} `{id}` occurs twice: give each its own id")]
    Twice {
        /// `envelope` or `lot`.
        kind: &'static str,
        id: String,
    },
    /// A lot names an envelope that does not exist.
    #[error("lot `{lot}`, eligible: there is no envelope `{envelope}`: use an id from `envelopes`")]
    NoEnvelope { lot: String, envelope: String },
    /// An amount below zero, or a lot that costs nothing.
    #[error("{kind} `{id}`, {field}: {value} is too low: give {least} or more, in minor units")]
    TooLow {
        /// `envelope` or `lot`.
        kind: &'static str,
        id: String,
        field: &'static str,
        value: i64,
        least: i64,
    },
    /// A currency without a rate.
    #[error(
        "{kind} `{id}`, currency: {currency} has no exchange rate: add it to `rates`, in units \
         for one EUR"
    )]
    NoRate {
        /// `envelope` or `lot`.
        kind: &'static str,
        id: String,
        currency: Currency,
    },
    /// `max_donors` is 0, so that nobody may pay.
    #[error("policy, max_donors: 0 lets nobody pay: give 1 or more, or null for no limit")]
    NoDonors,
    /// Rules that cannot be combined yet.
    #[error(
        "policy, when_unaffordable: hold cannot be combined with max_donors yet: leave one of them out"
    )]
    HoldForFew,
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Instance {
    /// Solves the instance.
    ///
    /// # Errors
    /// [`InstanceError`], which names what is wrong with the instance.
    pub fn solve(&self) -> Result<Matched, InstanceError> {
        let (problem, order) = self.problem()?;
        let solution = solve(&problem)?;
        self.matched(&problem, &order, &solution)
    }

    fn rate(
        &self,
        kind: &'static str,
        id: &str,
        currency: Currency,
    ) -> Result<Rate, InstanceError> {
        if currency == Currency::EUR {
            return Ok(Rate::ONE);
        }
        let no_rate = || InstanceError::NoRate { kind, id: id.to_owned(), currency };
        self.rates.get(&currency).copied().ok_or_else(no_rate)
    }

    /// The problem, and the place of each of its demands in `lots`.
    fn problem(&self) -> Result<(Problem, Vec<usize>), InstanceError> {
        if self.policy.max_donors == Some(0) {
            return Err(InstanceError::NoDonors);
        }
        let is_held = self.policy.when_unaffordable == WhenUnaffordable::Hold;
        if is_held && self.policy.max_donors.is_some() {
            return Err(InstanceError::HoldForFew);
        }
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut envelopes = Vec::with_capacity(self.envelopes.len());
        // Envelopes are sorted, so that the answer does not depend on their order in the document.
        let mut sorted: Vec<&InstanceEnvelope> = self.envelopes.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        for (place, envelope) in sorted.into_iter().enumerate() {
            let (kind, id) = ("envelope", envelope.id.clone());
            let (field, value) = ("amount", envelope.amount);
            if value < 0 {
                return Err(InstanceError::TooLow { kind, id, field, value, least: 0 });
            }
            let rate = self.rate(kind, &id, envelope.currency)?;
            if places.insert(&envelope.id, place).is_some() {
                return Err(InstanceError::Twice { kind, id });
            }
            envelopes.push(Envelope {
                donor: envelope.donor.clone(),
                available: value,
                currency: envelope.currency,
                rate,
                obligate_by: envelope.expires,
                is_unrestricted: false,
                id,
            });
        }
        let mut order: Vec<usize> = (0..self.lots.len()).collect();
        order.sort_by_key(|place| (self.lots[*place].class, self.lots[*place].rank));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut ids: HashMap<&str, ()> = HashMap::new();
        let mut demands = Vec::with_capacity(order.len());
        for place in &order {
            let lot = &self.lots[*place];
            let (kind, id) = ("lot", lot.id.clone());
            if lot.cost < 1 {
                let (field, value) = ("cost", lot.cost);
                return Err(InstanceError::TooLow { kind, id, field, value, least: 1 });
            }
            if ids.insert(&lot.id, ()).is_some() {
                return Err(InstanceError::Twice { kind, id });
            }
            let rate = self.rate(kind, &id, lot.currency)?;
            let find = |envelope: &String| {
                let no_envelope =
                    || InstanceError::NoEnvelope { lot: id.clone(), envelope: envelope.clone() };
                places.get(envelope.as_str()).copied().ok_or_else(no_envelope)
            };
            let mut eligible = lot.eligible.iter().map(find).collect::<Result<Vec<_>, _>>()?;
            eligible.sort_unstable();
            eligible.dedup();
            let group = *known.entry(eligible.clone()).or_insert_with(|| {
                groups.push(eligible);
                groups.len() - 1
            });
            demands.push(Demand {
                cost: Money::new(lot.cost, lot.currency),
                rate,
                group,
                class: lot.class,
                parts: None,
                held: Vec::new(),
                requester: None,
                bundle: None,
            });
        }
        // Money that every lot may use is used last.
        for (place, envelope) in envelopes.iter_mut().enumerate() {
            envelope.is_unrestricted =
                groups.len() > 1 && groups.iter().all(|group| group.contains(&place));
        }
        let policy = Policy {
            max_donors: self.policy.max_donors,
            when_unaffordable: self.policy.when_unaffordable,
            ..Policy::default()
        };
        let base = (Currency::EUR, Rate::ONE);
        let problem = Problem { base, envelopes, groups, demands, requesters: Vec::new(), policy };
        Ok((problem, order))
    }

    fn matched(
        &self,
        problem: &Problem,
        order: &[usize],
        solution: &Solution,
    ) -> Result<Matched, InstanceError> {
        let mut matched = Matched { funded: Vec::new(), unfunded: Vec::new() };
        // The lots that each envelope pays for so far.
        let mut payers: Vec<Vec<usize>> = vec![Vec::new(); problem.envelopes.len()];
        let id = |place: &usize| problem.envelopes[*place].id.clone();
        for (at, (place, answer)) in order.iter().zip(&solution.answers).enumerate() {
            let lot = &self.lots[*place];
            let demand = &problem.demands[at];
            let eligible = &problem.groups[demand.group];
            match answer {
                Answer::Funded { payments, .. } => {
                    let mut shares = Vec::with_capacity(payments.len());
                    for payment in payments {
                        payers[payment.envelope].push(at);
                        shares.push(InstanceShare {
                            envelope: id(&payment.envelope),
                            amount: payment.amount.minor,
                            currency: payment.amount.currency,
                        });
                    }
                    matched.funded.push(FundedLot { lot: lot.id.clone(), shares });
                }
                Answer::Unfunded(why) => {
                    let (missing, from, because) = match why {
                        Unfunded::Money { missing, .. } if eligible.is_empty() => {
                            (*missing, Vec::new(), Because::NoEligibleEnvelope)
                        }
                        Unfunded::Money { missing, cut } => {
                            let cut = &solution.cuts[*cut];
                            let mut by: Vec<usize> = cut
                                .iter()
                                .flat_map(|place| payers[*place].iter().copied())
                                .collect();
                            by.sort_unstable();
                            by.dedup();
                            let because = Because::Exhausted {
                                envelopes: cut.iter().map(id).collect(),
                                by: by.iter().map(|at| self.lots[order[*at]].id.clone()).collect(),
                            };
                            (*missing, eligible.clone(), because)
                        }
                        Unfunded::Donors { missing, from, .. } if eligible.is_empty() => {
                            (*missing, from.clone(), Because::NoEligibleEnvelope)
                        }
                        Unfunded::Donors { missing, from, is_proven } => {
                            let max_donors = problem.policy.max_donors.unwrap_or_default();
                            let because = Because::TooManyDonors { max_donors, proven: *is_proven };
                            (*missing, from.clone(), because)
                        }
                        // An instance has no ceilings for requesters.
                        Unfunded::RequesterCap { left } => {
                            (*left, Vec::new(), Because::NoEligibleEnvelope)
                        }
                    };
                    let missing = self.missing(problem, demand, missing, from)?;
                    matched.unfunded.push(UnfundedLot { lot: lot.id.clone(), missing, because });
                }
            }
        }
        Ok(matched)
    }

    /// `missing` in the currency of the first of `from`, such that any one of them would be enough if it had that
    /// much more. Envelopes in the base currency come first, because the amount is exact for them.
    fn missing(
        &self,
        problem: &Problem,
        demand: &Demand,
        missing: Money,
        mut from: Vec<usize>,
    ) -> Result<Missing, InstanceError> {
        let base = problem.base.0;
        from.sort_by_key(|place| problem.envelopes[*place].currency != base);
        let Some(first) = from.first().map(|place| &problem.envelopes[*place]) else {
            let Money { minor: amount, currency } = demand.cost;
            return Ok(Missing { amount, currency, from: Vec::new() });
        };
        let is_one_currency =
            from.iter().all(|place| problem.envelopes[*place].currency == first.currency);
        let mut amount =
            convert(missing, problem.base.1, first.currency, first.rate, Rounding::Up)?;
        if is_one_currency {
            // Fractions of a minor unit of the base currency that are left count too.
            let grown = from.iter().map(|place| grown(problem, *place, missing.minor));
            let most = grown.collect::<Result<Vec<_>, _>>()?.into_iter().max();
            amount.minor = most.unwrap_or(amount.minor);
        }
        let from = from.iter().map(|place| problem.envelopes[*place].id.clone()).collect();
        Ok(Missing { amount: amount.minor, currency: first.currency, from })
    }
}

/// By how much an envelope has to grow for its value in the base currency to grow by `more`.
fn grown(problem: &Problem, place: usize, more: i64) -> Result<i64, MoneyError> {
    let envelope = &problem.envelopes[place];
    let has = Money::new(envelope.available, envelope.currency);
    let worth = in_base(problem, has, envelope.rate, Rounding::Down)?;
    let wanted = worth.checked_add(more).ok_or(MoneyError::Overflow)?;
    let (base, rate) = problem.base;
    let wanted =
        convert(Money::new(wanted, base), rate, envelope.currency, envelope.rate, Rounding::Up)?;
    Ok(wanted.minor - has.minor)
}
