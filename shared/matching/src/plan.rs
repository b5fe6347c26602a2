//! The roadmap: the same rounds, simulated day by day over the coming quarters, with the money that will become
//! usable and the money that will lapse. Nothing is committed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::problem::{Answer, Unfunded};
use super::roadmap::{Lapse, OpenLot, Plan, PlannedLot, Quarter, Saving, SavingChange};
use super::round::{Funds, Round};
use waybill_domain::coalition::Coalition;
use waybill_domain::contribution::{Contribution, Earmark};
use waybill_domain::lot::Lot;
use waybill_domain::money::{Currency, Money, MoneyError, Rounding};
use waybill_domain::pipeline::MatchPolicy;
use waybill_domain::requisition::Line;

/// What a plan starts from.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// Who promises what, what can be bought, and the rules.
    pub coalition: Coalition,
    /// What is usable of each envelope on the first day, in minor units.
    pub opened: BTreeMap<String, i64>,
    /// The available money on the first day.
    pub funds: Funds,
    /// Lots that want money, with their lines.
    pub lots: Vec<(Lot, Line)>,
    pub policy: MatchPolicy,
    /// The first day of the plan.
    pub from: NaiveDate,
    /// The number of quarters, including that of the first day.
    pub quarters: u32,
}

/// The year and the quarter of a day. Quarters are counted from 0.
fn quarter(day: NaiveDate) -> (i32, u32) {
    (day.year(), day.month0() / 3)
}

/// The last day of the quarter that comes `after` quarters after that of `day`.
fn end_of_quarter(day: NaiveDate, after: u32) -> NaiveDate {
    let (year, number) = quarter(day);
    let next = number + after + 1;
    let year = year + (next / 4) as i32;
    let first = NaiveDate::from_ymd_opt(year, next % 4 * 3 + 1, 1);
    first.and_then(|first| first.pred_opt()).unwrap_or(NaiveDate::MAX)
}

impl Outlook {
    /// Makes the plan.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if an amount does not fit.
    pub fn plan(&self) -> Result<Plan, MoneyError> {
        let mut plan = self.simulate()?;
        let lapses = plan.lapses.clone();
        for (place, lapse) in lapses.iter().enumerate() {
            plan.lapses[place].saved_by = self.savings(&plan, lapse)?;
        }
        Ok(plan)
    }

    /// The same, but offers and framework contracts that are valid on the first day do not end. Nobody makes offers
    /// years ahead, but what is sold now will be sold then too, at some price.
    #[must_use]
    pub fn renewed(mut self) -> Self {
        let from = self.from;
        for offer in self.coalition.offers.values_mut().filter(|offer| offer.is_open(from)) {
            (offer.to, offer.framework) = (None, None);
        }
        self
    }

    /// The last day of the plan.
    #[must_use]
    pub fn to(&self) -> NaiveDate {
        end_of_quarter(self.from, self.quarters.saturating_sub(1))
    }

    fn base(&self) -> Currency {
        self.coalition.settings.as_ref().map_or(Currency::EUR, |settings| settings.currency)
    }

    /// The days on which a round can find something new: money becomes usable or has lapsed, a party becomes a
    /// member or stops being one, an offer begins.
    fn days(&self) -> Vec<NaiveDate> {
        let coalition = &self.coalition;
        let contributions = coalition.contributions.values();
        let mut days: BTreeSet<NaiveDate> = contributions
            .flat_map(|contribution| {
                let opens = contribution.tranches.iter().map(|tranche| tranche.opens);
                let lapsed = contribution.obligate_by.and_then(|last| last.succ_opt());
                opens.chain([contribution.stated]).chain(lapsed)
            })
            .collect();
        days.extend(coalition.parties.values().flat_map(|party| party.days()));
        days.extend(coalition.offers.values().map(|offer| offer.from));
        let mut days: Vec<NaiveDate> =
            days.into_iter().filter(|day| (self.from..=self.to()).contains(day)).collect();
        if days.first() != Some(&self.from) {
            days.insert(0, self.from);
        }
        days
    }

    fn simulate(&self) -> Result<Plan, MoneyError> {
        let base = self.base();
        let mut open: Vec<&(Lot, Line)> = self.lots.iter().collect();
        open.sort_by_key(|(lot, _)| (lot.priority.class, lot.priority.rank, lot.id));
        let mut planned = Funds::default();
        let mut plan = Plan {
            from: self.from,
            to: self.to(),
            quarters: Vec::new(),
            open: Vec::new(),
            lapses: Vec::new(),
        };
        let mut lapsed: BTreeSet<String> = BTreeSet::new();
        let days = self.days();
        let mut last: Vec<OpenLot> = Vec::new();
        for number in 0..self.quarters {
            let ends = end_of_quarter(self.from, number);
            let (year, quarter) = quarter(ends);
            let mut now = Quarter {
                name: format!("{year} Q{}", quarter + 1),
                ends,
                funded: Vec::new(),
                cost: Money::zero(base),
                opens: self.opens(number, ends),
                lapses: Vec::new(),
                open_lots: 0,
                open_cost: Money::zero(base),
            };
            let begins =
                if number == 0 { self.from } else { end_of_quarter(self.from, number - 1) };
            let is_within = |day: &&NaiveDate| **day <= ends && (number == 0 || **day > begins);
            for day in days.iter().filter(is_within) {
                last = self.round(*day, &mut open, &mut planned, &mut now)?;
            }
            for lapse in self.lapse(ends, &planned, &mut lapsed) {
                now.lapses.push((lapse.envelope.clone(), lapse.amount));
                plan.lapses.push(lapse);
            }
            now.open_lots = open.len();
            for lot in &last {
                let cost =
                    lot.cost.map(|cost| self.coalition.convert(cost, base, ends, Rounding::Up));
                if let Some(cost) = cost.transpose()?.flatten() {
                    now.open_cost = now.open_cost.checked_add(cost)?;
                }
            }
            plan.quarters.push(now);
        }
        plan.open = last;
        Ok(plan)
    }

    /// What an envelope has left on a day, in minor units.
    fn left(&self, contribution: &Contribution, planned: &Funds, day: NaiveDate) -> i64 {
        let id = &contribution.id;
        let opened = self.opened.get(id).copied().unwrap_or_default();
        let available = self.funds.available.get(id).copied().unwrap_or_default();
        let more = (contribution.opened(day) - opened).max(0);
        available + more - planned.spent.get(id).copied().unwrap_or_default()
    }

    /// Runs one round. Funded lots leave `open`. The lots that are not funded are returned.
    fn round(
        &self,
        day: NaiveDate,
        open: &mut Vec<&(Lot, Line)>,
        planned: &mut Funds,
        quarter: &mut Quarter,
    ) -> Result<Vec<OpenLot>, MoneyError> {
        let base = self.base();
        let available = self.coalition.contributions.values();
        let available: BTreeMap<String, i64> = available
            .filter(|contribution| contribution.is_fundable())
            .map(|contribution| (contribution.id.clone(), self.left(contribution, planned, day)))
            .collect();
        let add = |one: &BTreeMap<String, i64>, other: &BTreeMap<String, i64>| {
            let mut sum = one.clone();
            for (key, minor) in other {
                *sum.entry(key.clone()).or_default() += minor;
            }
            sum
        };
        let funds = Funds {
            available,
            spent: add(&self.funds.spent, &planned.spent),
            given: add(&self.funds.given, &planned.given),
            gathered: BTreeMap::new(),
            frameworks: self.funds.frameworks.clone(),
        };
        let lots: Vec<(&Lot, &Line)> = open.iter().map(|(lot, line)| (lot, line)).collect();
        // A lot that could be funded in part is funded as a whole a little later. Only real rounds split lots.
        let policy = MatchPolicy { partial: false, ..self.policy.clone() };
        let (round, solution) = Round::solved(&self.coalition, &funds, &lots, &policy, day)?;
        for (envelope, amount) in round.problem.envelopes.iter().zip(&solution.spent) {
            *planned.spent.entry(envelope.id.clone()).or_default() += amount;
        }
        let mut answers = solution.answers.iter().zip(&round.problem.demands);
        let (mut left, mut unfunded) = (Vec::new(), Vec::new());
        for (entry, ask) in open.iter().zip(&round.asks) {
            let (lot, line) = entry;
            let answered = ask.as_ref().and_then(|ask| Some((ask, answers.next()?)));
            if let Some((ask, (Answer::Funded { payments, .. }, demand))) = answered {
                let payers = payments.iter().map(|payment| {
                    (round.problem.envelopes[payment.envelope].id.clone(), payment.amount)
                });
                let lead = ask.quote.offer.as_ref().map(|offer| offer.lead());
                let cost = self.coalition.convert(demand.cost, base, day, Rounding::Up)?;
                let cost = cost.unwrap_or(Money::zero(base));
                quarter.cost = quarter.cost.checked_add(cost)?;
                *planned.given.entry(line.requester.clone()).or_default() += cost.minor;
                quarter.funded.push(PlannedLot {
                    lot: lot.id,
                    line: line.external_id.clone(),
                    item: line.item.clone(),
                    priority: lot.priority,
                    day,
                    cost: demand.cost,
                    payers: payers.collect(),
                    expected: lead.and_then(|lead| day.checked_add_days(lead)),
                });
                continue;
            }
            let missing = answered.and_then(|(_, (answer, _))| match answer {
                Answer::Unfunded(
                    Unfunded::Money { missing, .. } | Unfunded::Donors { missing, .. },
                ) => Some(*missing),
                Answer::Unfunded(Unfunded::RequesterCap { .. }) | Answer::Funded { .. } => None,
            });
            unfunded.push(OpenLot {
                lot: lot.id,
                line: line.external_id.clone(),
                item: line.item.clone(),
                priority: lot.priority,
                cost: answered.map(|(_, (_, demand))| demand.cost),
                missing,
            });
            left.push(*entry);
        }
        *open = left;
        Ok(unfunded)
    }

    /// Money that becomes usable within a quarter.
    fn opens(&self, number: u32, ends: NaiveDate) -> Vec<(String, Money)> {
        let contributions = self.coalition.contributions.values();
        let opens = contributions.filter_map(|contribution| {
            let currency = contribution.currency()?;
            let before = if number == 0 {
                self.opened.get(&contribution.id).copied().unwrap_or_default()
            } else {
                contribution.opened(end_of_quarter(self.from, number - 1))
            };
            let opens = contribution.opened(ends) - before;
            (opens > 0).then(|| (contribution.id.clone(), Money::new(opens, currency)))
        });
        opens.collect()
    }

    /// Money that has lapsed by `day` and had not lapsed before.
    fn lapse(&self, day: NaiveDate, planned: &Funds, lapsed: &mut BTreeSet<String>) -> Vec<Lapse> {
        let mut found = Vec::new();
        for contribution in self.coalition.contributions.values() {
            let (Some(last_day), Some(currency)) =
                (contribution.obligate_by, contribution.currency())
            else {
                continue;
            };
            let is_new =
                last_day >= self.from && last_day <= day && !lapsed.contains(&contribution.id);
            let left = self.left(contribution, planned, last_day);
            if !is_new || !contribution.is_fundable() {
                continue;
            }
            lapsed.insert(contribution.id.clone());
            if left > 0 {
                found.push(Lapse {
                    envelope: contribution.id.clone(),
                    donors: contribution.donors.clone(),
                    last_day,
                    amount: Money::new(left, currency),
                    saved_by: Vec::new(),
                });
            }
        }
        found.sort_by_key(|lapse| (lapse.last_day, lapse.envelope.clone()));
        found
    }

    /// Changes that would save some of the money that lapses.
    fn savings(&self, plan: &Plan, lapse: &Lapse) -> Result<Vec<Saving>, MoneyError> {
        let mut savings = Vec::new();
        for change in [SavingChange::LiftEarmark, SavingChange::Extend] {
            let mut other = self.clone();
            let Some(contribution) = other.coalition.contributions.get_mut(&lapse.envelope) else {
                continue;
            };
            match change {
                SavingChange::LiftEarmark if contribution.earmark == Earmark::default() => continue,
                SavingChange::LiftEarmark => contribution.earmark = Earmark::default(),
                SavingChange::Extend if lapse.last_day >= plan.to => continue,
                SavingChange::Extend => contribution.obligate_by = Some(plan.to),
            }
            let after = other.simulate()?;
            let still = after.lapses.iter().find(|other| other.envelope == lapse.envelope);
            let still = still.map_or(0, |lapse| lapse.amount.minor);
            let amount = lapse.amount.minor - still;
            let lots = plan.open.len() as i64 - after.open.len() as i64;
            if amount > 0 {
                let amount = Money::new(amount, lapse.amount.currency);
                savings.push(Saving { change, amount, lots });
            }
        }
        savings.sort_by_key(|saving| std::cmp::Reverse((saving.amount.minor, saving.lots)));
        Ok(savings)
    }
}
