//! The money by donor and envelope: what was promised, what became of it, and what lapses when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Consent, Contribution, Firmness, InKind};
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::money::{Currency, Money, Rate, Rounding};
use waybill_shared::engine::Engine;
use waybill_shared::store::EnvelopeRow;
use waybill_shared::visibility::Visibility;

use crate::queries::error::QueryError;

/// The money on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyView {
    /// The day.
    pub day: NaiveDate,
    /// Every contribution, by donor and id.
    pub envelopes: Vec<Promise>,
    /// The total of each donor, in the coalition's currency at the day's rates. Joint contributions are not split:
    /// donors who give together have one total.
    pub donors: Vec<DonorTotal>,
    /// The total of all donors.
    pub total: DonorTotal,
    /// The exchange rates that were used.
    pub rates: Vec<UsedRate>,
}

/// A contribution with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Promise {
    /// The contribution's id, which is also its envelope's id.
    pub id: String,
    /// The donors.
    pub donors: Vec<String>,
    /// Pledge or commitment.
    pub firmness: Firmness,
    /// The day on which the contribution was stated.
    pub stated: NaiveDate,
    /// The amount. Left out if the contribution is not quantified or in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The goods that are given in kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_kind: Vec<InKind>,
    /// The pledge that this commitment converts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converts: Option<String>,
    /// The commitments that convert this pledge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub converted_by: Vec<String>,
    /// What became of the money. Left out if the contribution is in kind or not firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Stages<Money>>,
    /// When the donor's consent is needed.
    pub consent: Consent,
    /// The last day on which an order can bind the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligate_by: Option<NaiveDate>,
    /// The last day on which the money can be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<NaiveDate>,
    /// The money that lapses next unless it is used. Left out if there is none, or if no day is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapses: Option<Lapse>,
}

/// How far money has come. The amounts from `unopened` to `expired` add up to `committed` plus `overrun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MoneyStages)]
pub struct Stages<T> {
    /// The ceiling.
    #[schema(inline)]
    pub committed: T,
    /// Not usable yet.
    #[schema(inline)]
    pub unopened: T,
    /// Usable, and free for lots.
    #[schema(inline)]
    pub left: T,
    /// Set aside while its donor is asked for consent.
    #[schema(inline)]
    pub proposed: T,
    /// Set aside.
    #[schema(inline)]
    pub agreed: T,
    /// Bound by orders.
    #[schema(inline)]
    pub obligated: T,
    /// Paid.
    #[schema(inline)]
    pub disbursed: T,
    /// No longer available.
    #[schema(inline)]
    pub expired: T,
    /// By how much facts from outside exceed the usable amount.
    #[schema(inline)]
    pub overrun: T,
}

/// What has to be done with money before it lapses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// An order has to bind the money.
    Bind,
    /// The money has to be paid.
    Pay,
}

/// Money that lapses unless it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MoneyLapse)]
pub struct Lapse {
    /// What has to be done.
    pub must: Must,
    /// The last day for it.
    pub by: NaiveDate,
    /// The number of days until then. A negative number means that it is overdue.
    pub days: i64,
    /// The amount that lapses.
    pub amount: Money,
}

/// The total of the contributions of donors who give together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DonorTotal {
    /// The donors.
    pub donors: Vec<String>,
    /// The name to show to people.
    pub name: String,
    /// The sum of pledges as stated, whether or not commitments convert them.
    pub pledged: Money,
    /// The number of pledges without an amount.
    pub unquantified: usize,
    /// The sum of the commitments.
    pub money: Stages<Money>,
    /// Envelopes that the sums leave out, because their currency has no rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_rate: Vec<String>,
    /// The amounts of those envelopes, one sum for each currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Money>,
}

/// An exchange rate that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsedRate {
    /// The currency.
    pub currency: Currency,
    /// Units of the currency for one EUR.
    pub rate: Rate,
    /// The day on which the rate was published.
    pub date: NaiveDate,
    /// Who published the rate.
    pub source: String,
}

impl<T: Copy> Stages<T> {
    /// Applies `with` to each amount.
    pub fn map<U>(&self, with: impl Fn(T) -> U) -> Stages<U> {
        Stages {
            committed: with(self.committed),
            unopened: with(self.unopened),
            left: with(self.left),
            proposed: with(self.proposed),
            agreed: with(self.agreed),
            obligated: with(self.obligated),
            disbursed: with(self.disbursed),
            expired: with(self.expired),
            overrun: with(self.overrun),
        }
    }
}

impl Stages<Money> {
    fn of(row: &EnvelopeRow, proposed: i64) -> Option<Self> {
        let currency: Currency = row.currency.parse().ok()?;
        // A proposal is part of the money set aside. Both come from one snapshot.
        let proposed = proposed.min(row.allocated);
        let stages = Stages {
            committed: row.committed,
            unopened: row.committed - row.opened,
            left: row.available(),
            proposed,
            agreed: row.allocated - proposed,
            obligated: row.obligated,
            disbursed: row.disbursed,
            expired: row.expired,
            overrun: row.overrun,
        };
        Some(stages.map(|minor| Money::new(minor, currency)))
    }

    fn zero(currency: Currency) -> Self {
        let stages = Stages {
            committed: 0,
            unopened: 0,
            left: 0,
            proposed: 0,
            agreed: 0,
            obligated: 0,
            disbursed: 0,
            expired: 0,
            overrun: 0,
        };
        stages.map(|minor| Money::new(minor, currency))
    }

    /// Converts all amounts. The rounding difference goes to the largest part, so that the parts still add up.
    fn converted(&self, with: impl Fn(Money) -> Money) -> Self {
        let mut stages = self.map(with);
        let whole = stages.committed.minor.saturating_add(stages.overrun.minor);
        let mut parts = [
            &mut stages.unopened,
            &mut stages.left,
            &mut stages.proposed,
            &mut stages.agreed,
            &mut stages.obligated,
            &mut stages.disbursed,
            &mut stages.expired,
        ];
        let rest = parts.iter().fold(whole, |rest, part| rest.saturating_sub(part.minor));
        if let Some(largest) = parts.iter_mut().max_by_key(|part| part.minor) {
            largest.minor = largest.minor.saturating_add(rest);
        }
        stages
    }

    fn add(&mut self, other: &Self) {
        let add = |sum: &mut Money, more: Money| sum.minor = sum.minor.saturating_add(more.minor);
        add(&mut self.committed, other.committed);
        add(&mut self.unopened, other.unopened);
        add(&mut self.left, other.left);
        add(&mut self.proposed, other.proposed);
        add(&mut self.agreed, other.agreed);
        add(&mut self.obligated, other.obligated);
        add(&mut self.disbursed, other.disbursed);
        add(&mut self.expired, other.expired);
        add(&mut self.overrun, other.overrun);
    }
}

/// The money of an envelope that lapses next: what no order has bound by one day, or what is not paid by the other.
fn lapse(given: &Contribution, money: &Stages<Money>, day: NaiveDate) -> Option<Lapse> {
    let parts = [money.unopened, money.left, money.proposed, money.agreed];
    let unbound: i64 = parts.iter().map(|part| part.minor).sum();
    let of = |must, by: NaiveDate, minor| {
        let amount = Money::new(minor, money.committed.currency);
        Lapse { must, by, days: (by - day).num_days(), amount }
    };
    let bind = given.obligate_by.filter(|_| unbound > 0);
    let pay = given.pay_by.filter(|_| money.obligated.minor > 0);
    match (bind, pay) {
        (Some(bind), Some(pay)) if pay < bind => Some(of(Must::Pay, pay, money.obligated.minor)),
        (Some(bind), _) => Some(of(Must::Bind, bind, unbound)),
        (None, Some(pay)) => Some(of(Must::Pay, pay, money.obligated.minor)),
        (None, None) => None,
    }
}

/// The money that the caller may see. With `donor`, only what that donor gives, alone or jointly.
pub(crate) async fn money(
    engine: &Engine,
    visibility: &Visibility,
    donor: Option<&str>,
) -> Result<MoneyView, QueryError> {
    let coalition = &*visibility.coalition;
    let day = engine.today(coalition);
    let is_asked = |given: &&Contribution| {
        visibility.contribution(given)
            && donor.is_none_or(|donor| given.donors.iter().any(|known| known == donor))
    };
    let mut given: Vec<&Contribution> = coalition.contributions.values().filter(is_asked).collect();
    if let Some(donor) = donor.filter(|_| given.is_empty()) {
        let seen = coalition.contributions.values().filter(|given| visibility.contribution(given));
        let donors: BTreeSet<&str> =
            seen.flat_map(|given| &given.donors).map(String::as_str).collect();
        let hint = format!("the donors are {}", donors.into_iter().collect::<Vec<_>>().join(", "));
        let detail = format!("`{donor}` is not a donor here");
        return Err(QueryError::Unknown { detail, hint });
    }
    given.sort_by_key(|given| (&given.donors, &given.id));
    let snapshot = engine.store.snapshot().await?;
    let rows: BTreeMap<String, EnvelopeRow> =
        snapshot.envelopes().await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut proposed: BTreeMap<String, i64> = BTreeMap::new();
    for share in snapshot.lots_awaiting("consent").await?.into_iter().flat_map(|lot| lot.funding) {
        if share.state == ShareState::Proposed {
            *proposed.entry(share.envelope).or_default() += share.amount.minor;
        }
    }
    drop(snapshot);
    let promise = |given: &&Contribution| {
        let of = |row| Stages::of(row, proposed.get(&given.id).copied().unwrap_or_default());
        let money = rows.get(&given.id).filter(|_| given.is_fundable()).and_then(of);
        let converts = |other: &&Contribution| other.converts.as_ref() == Some(&given.id);
        let converted_by = coalition.contributions.values().filter(converts);
        Promise {
            id: given.id.clone(),
            donors: given.donors.clone(),
            firmness: given.firmness,
            stated: given.stated,
            amount: given.amount,
            in_kind: given.in_kind.clone(),
            converts: given.converts.clone(),
            converted_by: converted_by
                .filter(|other| visibility.contribution(other))
                .map(|other| other.id.clone())
                .collect(),
            lapses: money.as_ref().and_then(|money| lapse(given, money, day)),
            money,
            consent: given.consent.clone(),
            obligate_by: given.obligate_by,
            pay_by: given.pay_by,
        }
    };
    let envelopes: Vec<Promise> = given.iter().map(promise).collect();
    let base = coalition.settings.as_ref().map_or(Currency::EUR, |settings| settings.currency);
    let mut total = empty(Vec::new(), String::new(), base);
    let mut donors: BTreeMap<Vec<String>, DonorTotal> = BTreeMap::new();
    for promise in &envelopes {
        let donor = donors.entry(promise.donors.clone()).or_insert_with(|| {
            let names: Vec<&str> =
                promise.donors.iter().map(|donor| coalition.name_of(donor)).collect();
            empty(promise.donors.clone(), names.join(", "), base)
        });
        add(coalition, day, donor, promise);
        add(coalition, day, &mut total, promise);
    }
    let rates = rates(coalition, &envelopes, day);
    Ok(MoneyView { day, envelopes, donors: donors.into_values().collect(), total, rates })
}

fn empty(donors: Vec<String>, name: String, base: Currency) -> DonorTotal {
    DonorTotal {
        donors,
        name,
        pledged: Money::zero(base),
        unquantified: 0,
        money: Stages::zero(base),
        without_rate: Vec::new(),
        left_out: Vec::new(),
    }
}

/// Adds a contribution to its donors' total.
fn add(coalition: &Coalition, day: NaiveDate, total: &mut DonorTotal, promise: &Promise) {
    let base = total.pledged.currency;
    let in_base = |amount: Money| {
        let found = coalition.convert(amount, base, day, Rounding::Nearest);
        found.ok().flatten().unwrap_or(Money::zero(base))
    };
    if promise.firmness == Firmness::Pledge && promise.amount.is_none() {
        total.unquantified += 1;
    }
    let Some(amount) = promise.amount else { return };
    if amount.currency != base
        && (coalition.rate(amount.currency, day).is_none() || coalition.rate(base, day).is_none())
    {
        total.without_rate.push(promise.id.clone());
        match total.left_out.iter_mut().find(|sum| sum.currency == amount.currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(amount.minor),
            None => total.left_out.push(amount),
        }
        return;
    }
    if promise.firmness == Firmness::Pledge {
        total.pledged.minor = total.pledged.minor.saturating_add(in_base(amount).minor);
    }
    if let Some(money) = &promise.money {
        total.money.add(&money.converted(in_base));
    }
}

/// The exchange rates of all currencies except the euro.
fn rates(coalition: &Coalition, envelopes: &[Promise], day: NaiveDate) -> Vec<UsedRate> {
    let amounts = envelopes.iter().filter_map(|promise| promise.amount);
    let base = coalition.settings.as_ref().map(|settings| settings.currency);
    let currencies: BTreeSet<Currency> =
        amounts.map(|amount| amount.currency).chain(base).collect();
    let used = currencies.into_iter().filter_map(|currency| {
        let found = coalition.rate(currency, day)?;
        let date = found.date?;
        let source = coalition.rates.get(&date).map(|rates| rates.source.clone());
        Some(UsedRate { currency, rate: found.rate, date, source: source.unwrap_or_default() })
    });
    used.collect()
}
