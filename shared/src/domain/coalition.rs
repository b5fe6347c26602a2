//! What a coalition knows besides its requisitions: who takes part, what is promised, what can be
//! bought, and by which rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::contribution::Contribution;
use super::money::{Currency, Money, MoneyError, Rate, Rounding, convert};
use super::party::{ExpertGroup, Party};
use super::supplier::{ChargeRule, Offer};

/// What holds for the coalition as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The coalition's name.
    pub name: String,
    /// The currency it reckons in.
    pub currency: Currency,
    /// The IANA time zone in which its days end.
    pub zone: chrono_tz::Tz,
    /// The day on which its history begins.
    pub start: NaiveDate,
}

/// A code of a classification scheme that lines may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The scheme, such as `CPV`.
    pub scheme: String,
    /// The code as lines give it.
    pub code: String,
    /// What it stands for.
    pub name: String,
}

/// Something that must not be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prohibition {
    /// An item, or the beginning of a classification code.
    pub matches: String,
    /// Why.
    pub reason: String,
}

/// Where deliveries go. The address never travels in feeds, logs or reports; the code does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consignee {
    /// The public code.
    pub code: String,
    /// Whose it is.
    pub requester: String,
    /// Where it is.
    pub address: String,
}

/// Reference rates of a day: units of each currency for one EUR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRates {
    /// The day.
    pub date: NaiveDate,
    /// The rates.
    pub rates: BTreeMap<Currency, Rate>,
    /// Who published them.
    pub source: String,
}

/// Everything that steps look up, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Coalition {
    /// What holds for the coalition as a whole; none before it was loaded.
    pub settings: Option<Settings>,
    /// Parties by id.
    pub parties: BTreeMap<String, Party>,
    /// Expert groups by id.
    pub groups: BTreeMap<String, ExpertGroup>,
    /// Contributions by id.
    pub contributions: BTreeMap<String, Contribution>,
    /// Offers by id.
    pub offers: BTreeMap<String, Offer>,
    /// Charges, by their record's id.
    pub charges: BTreeMap<String, ChargeRule>,
    /// Known codes, by scheme and code.
    pub codes: BTreeMap<(String, String), String>,
    /// What must not be bought.
    pub prohibited: Vec<Prohibition>,
    /// Consignees by code.
    pub consignees: BTreeMap<String, Consignee>,
    /// Rates by day.
    pub rates: BTreeMap<NaiveDate, DayRates>,
}

/// A rate with the day it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedRate {
    /// Units for one EUR.
    pub rate: Rate,
    /// The day it was published; none for the euro itself.
    pub date: Option<NaiveDate>,
}

impl Coalition {
    /// The rate of `currency` on `day`, or the last before; none if there is none.
    #[must_use]
    pub fn rate(&self, currency: Currency, day: NaiveDate) -> Option<DatedRate> {
        if currency == Currency::EUR {
            return Some(DatedRate { rate: Rate::ONE, date: None });
        }
        self.rates.range(..=day).rev().find_map(|(date, rates)| {
            let rate = *rates.rates.get(&currency)?;
            Some(DatedRate { rate, date: Some(*date) })
        })
    }

    /// `amount` in `to` at the rates of `day`; none if there is no rate.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn convert(
        &self,
        amount: Money,
        to: Currency,
        day: NaiveDate,
        rounding: Rounding,
    ) -> Result<Option<Money>, MoneyError> {
        if amount.currency == to {
            return Ok(Some(amount));
        }
        let (Some(from_rate), Some(to_rate)) = (self.rate(amount.currency, day), self.rate(to, day))
        else {
            return Ok(None);
        };
        convert(amount, from_rate.rate, to, to_rate.rate, rounding).map(Some)
    }

    /// The expert group that owns `code`: the one with the longest matching prefix.
    #[must_use]
    pub fn group_of(&self, code: &str) -> Option<&ExpertGroup> {
        let length = |group: &&ExpertGroup| {
            let matching = group.prefixes.iter().filter(|prefix| code.starts_with(prefix.as_str()));
            matching.map(String::len).max()
        };
        self.groups.values().filter(|g| length(g).is_some()).max_by_key(length)
    }

    /// The donors' names, for people.
    #[must_use]
    pub fn name_of<'a>(&'a self, party: &'a str) -> &'a str {
        self.parties.get(party).map_or(party, |party| &party.name)
    }
}
