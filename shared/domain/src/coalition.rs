//! What a coalition knows apart from its requisitions: who takes part, what is promised, what can be bought, and
//! the rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::confidential::Confidential;
use super::contribution::Contribution;
use super::money::{Currency, Money, MoneyError, Rate, Rounding, convert};
use super::party::{ExpertGroup, Party};
use super::quantity::Quantity;
use super::requisition::Line;
use super::supplier::{Charge, ChargeRule, Offer, Quote, Surplus};

/// The settings of the coalition as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub name: String,
    /// The currency in which the coalition calculates.
    pub currency: Currency,
    /// The IANA time zone in which its days end.
    pub zone: chrono_tz::Tz,
    /// The day on which its history begins.
    pub start: NaiveDate,
    /// Whether requesters that are not known parties may request items.
    #[serde(default)]
    pub any_requester: bool,
}

/// A code of a classification scheme that lines may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The scheme, such as `CPV`.
    pub scheme: String,
    /// The code as lines write it.
    pub code: String,
    /// What it stands for.
    pub name: String,
}

/// Something that must not be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prohibition {
    /// An item, or a prefix of classification codes.
    pub matches: String,
    pub reason: String,
}

/// Where deliveries go. Feeds, logs and reports show only the code, never the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consignee {
    /// The public code.
    pub code: String,
    /// The id of the requester that it belongs to.
    pub requester: String,
    pub address: Confidential,
}

/// The reference rates of one day: units of each currency for one EUR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRates {
    pub date: NaiveDate,
    pub rates: BTreeMap<Currency, Rate>,
    /// Who published them.
    pub source: String,
}

/// A requester that has a new id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// Its new id.
    pub to: String,
    /// Where this is stated.
    pub evidence: String,
}

/// Everything that steps look up, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Coalition {
    /// `None` until settings are loaded.
    pub settings: Option<Settings>,
    /// Parties by id.
    pub parties: BTreeMap<String, Party>,
    /// Expert groups by id.
    pub groups: BTreeMap<String, ExpertGroup>,
    /// Contributions by id.
    pub contributions: BTreeMap<String, Contribution>,
    /// Offers by id.
    pub offers: BTreeMap<String, Offer>,
    /// Charges, by the id of their record.
    pub charges: BTreeMap<String, ChargeRule>,
    /// The names of known codes, by scheme and code.
    pub codes: BTreeMap<(String, String), String>,
    pub prohibited: Vec<Prohibition>,
    /// Consignees by public code.
    pub consignees: BTreeMap<String, Consignee>,
    /// Requesters with a new id: the new id, by the old one.
    pub renamed: BTreeMap<String, String>,
    /// Rates by day.
    pub rates: BTreeMap<NaiveDate, DayRates>,
    /// How many days a rate may be used. `None` means until the next rate.
    pub rate_days: Option<u32>,
}

/// A rate and the day on which it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedRate {
    /// Units for one EUR.
    pub rate: Rate,
    /// The day on which it was published. `None` for the euro itself.
    pub date: Option<NaiveDate>,
}

impl Coalition {
    /// Adds what a folder states and lines may refer to: settings, parties, codes and consignees.
    #[must_use]
    pub fn with_references<'a>(
        mut self,
        settings: &Settings,
        parties: impl IntoIterator<Item = &'a Party>,
        codes: impl IntoIterator<Item = &'a Code>,
        consignees: impl IntoIterator<Item = &'a Consignee>,
    ) -> Self {
        self.settings = Some(settings.clone());
        self.parties.extend(parties.into_iter().map(|party| (party.id.clone(), party.clone())));
        let code = |code: &Code| ((code.scheme.clone(), code.code.clone()), code.name.clone());
        self.codes.extend(codes.into_iter().map(code));
        let consignees = consignees.into_iter().map(|known| (known.code.clone(), known.clone()));
        self.consignees.extend(consignees);
        self
    }

    /// The current id of a requester.
    #[must_use]
    pub fn requester<'a>(&'a self, id: &'a str) -> &'a str {
        // An id may have changed several times, but never back to an earlier one.
        let mut id = id;
        for _ in 0..self.renamed.len() {
            match self.renamed.get(id) {
                Some(now) => id = now,
                None => break,
            }
        }
        id
    }

    /// The zone in which its days end; UTC until settings are loaded.
    #[must_use]
    pub fn zone(&self) -> chrono_tz::Tz {
        self.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone)
    }

    /// The rate of `currency` on `day`, or else the last one before. `None` if there is none, or it is too old to
    /// be used.
    #[must_use]
    pub fn rate(&self, currency: Currency, day: NaiveDate) -> Option<DatedRate> {
        let is_young = |date: NaiveDate| {
            self.rate_days.is_none_or(|days| (day - date).num_days() <= i64::from(days))
        };
        self.last_rate(currency, day).filter(|found| found.date.is_none_or(is_young))
    }

    /// The same, however old the rate is. It is for what has already happened.
    #[must_use]
    pub fn last_rate(&self, currency: Currency, day: NaiveDate) -> Option<DatedRate> {
        if currency == Currency::EUR {
            return Some(DatedRate { rate: Rate::ONE, date: None });
        }
        self.rates.range(..=day).rev().find_map(|(date, rates)| {
            let rate = *rates.rates.get(&currency)?;
            Some(DatedRate { rate, date: Some(*date) })
        })
    }

    /// Converts `amount` to `to` at the rates of `day`. `None` if a rate is missing or too old to be used.
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
        let rates = (self.rate(amount.currency, day), self.rate(to, day));
        Self::converted(amount, to, rates, rounding)
    }

    /// The same, however old the rates are. Money that was given, spent or called off keeps counting.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn reckon(
        &self,
        amount: Money,
        to: Currency,
        day: NaiveDate,
        rounding: Rounding,
    ) -> Result<Option<Money>, MoneyError> {
        let rates = (self.last_rate(amount.currency, day), self.last_rate(to, day));
        Self::converted(amount, to, rates, rounding)
    }

    fn converted(
        amount: Money,
        to: Currency,
        rates: (Option<DatedRate>, Option<DatedRate>),
        rounding: Rounding,
    ) -> Result<Option<Money>, MoneyError> {
        match rates {
            _ if amount.currency == to => Ok(Some(amount)),
            (Some(from), Some(into)) => {
                convert(amount, from.rate, to, into.rate, rounding).map(Some)
            }
            (None, _) | (_, None) => Ok(None),
        }
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

    /// The sum of all charges on what `channel` buys, in basis points of the goods.
    #[must_use]
    pub fn charges_bp(&self, channel: &str) -> i64 {
        self.charge_rules(channel).map(|rule| i64::from(rule.basis_points)).sum()
    }

    fn charge_rules(&self, channel: &str) -> impl Iterator<Item = &ChargeRule> {
        let applies =
            move |rule: &&ChargeRule| rule.channel.as_deref().is_none_or(|c| c == channel);
        self.charges.values().filter(applies)
    }

    /// The cost of `goods` that `channel` buys, including charges.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past `i64`.
    pub fn with_charges(&self, channel: &str, goods: Money) -> Result<Money, MoneyError> {
        goods.checked_add(goods.scaled(self.charges_bp(channel), 10_000)?)
    }

    /// The individual charges on goods that `channel` buys from `supplier`. `sum` is their total: each gets its
    /// part by its rate, with the largest-remainder method.
    #[must_use]
    pub fn charges(&self, channel: &str, supplier: &str, sum: Money) -> Vec<Charge> {
        let rules: Vec<&ChargeRule> =
            self.charge_rules(channel).filter(|rule| rule.basis_points > 0).collect();
        let weights: Vec<u64> = rules.iter().map(|rule| u64::from(rule.basis_points)).collect();
        let charges = rules.into_iter().zip(sum.shares(&weights)).map(|(rule, amount)| Charge {
            kind: rule.kind,
            due_to: rule.payee(channel, supplier).to_owned(),
            basis_points: rule.basis_points,
            amount,
        });
        charges.collect()
    }

    /// Every way to buy `quantity` of what `line` requests on `day`: the cheapest first, then the soonest. Offers
    /// in `without`, and offers whose price cannot be converted, are left out.
    #[must_use]
    pub fn quotes(
        &self,
        line: &Line,
        quantity: Quantity,
        day: NaiveDate,
        without: &[String],
    ) -> Vec<Quote> {
        let mut found: Vec<(i64, u32, Quote)> = self
            .offers
            .values()
            .filter(|offer| offer.item == line.item)
            .filter(|offer| offer.is_open(day) && !without.contains(&offer.id))
            .filter(|offer| without.is_empty() || !without.contains(&offer.at_price()))
            .filter_map(|offer| {
                let quote = self.quote(offer, line)?;
                let cost = quote.cost(quantity).ok()?;
                let base = self.convert(cost, Currency::EUR, day, Rounding::Up).ok()??;
                Some((base.minor, offer.lead_days, quote))
            })
            .collect();
        // Offers are stored by id and the sort is stable, so equal offers stay in the order of their ids.
        found.sort_by_key(|(cost, lead_days, _)| (*cost, *lead_days));
        found.into_iter().map(|(_, _, quote)| quote).collect()
    }

    /// The quote of `offer` for `line`. `None` if the offer is gone, is not open on `day`, or is sold by another
    /// unit.
    #[must_use]
    pub fn quote_of(&self, offer: &str, line: &Line, day: NaiveDate) -> Option<Quote> {
        let offer = self.offers.get(offer).filter(|offer| offer.is_open(day))?;
        self.quote(offer, line)
    }

    /// The quote of `offer` for `line`. `None` if it is sold by another unit.
    #[must_use]
    pub fn quote(&self, offer: &Offer, line: &Line) -> Option<Quote> {
        Some(Quote {
            sold_by: offer.sold_by(line.unit)?,
            offer: Some(offer.clone()),
            unit_price: offer.unit_price,
            charges_bp: self.charges_bp(&offer.channel),
            surplus: Surplus::ALONE,
        })
    }

    /// The name of a party, for people; its id if the party is unknown.
    #[must_use]
    pub fn name_of<'a>(&'a self, party: &'a str) -> &'a str {
        self.parties.get(party).map_or(party, |party| &party.name)
    }
}
