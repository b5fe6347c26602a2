//! Which envelopes a line may use, and a typed reason for each one that it may not use.

use std::fmt;
use waybill_domain::kinds::ReasonCode;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use waybill_domain::coalition::Coalition;
use waybill_domain::contribution::{Contribution, Firmness};
use waybill_domain::money::Money;
use waybill_domain::requisition::Line;

/// Why an envelope does not pay for a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// It is only indicative, or has no amount.
    PledgeOnly,
    /// It is goods, not money.
    InKind,
    /// One of its donors is not a member on the day.
    NotAMember,
    /// It was not stated yet on the day.
    NotYetOpen,
    /// Its last day for orders has passed.
    Lapsed,
    /// It is earmarked for something else.
    Earmark,
    /// It may not be spent on such items.
    Excluded,
    /// It may only be spent through another channel.
    Channel,
    /// Its currency, or the currency of the cost, has no exchange rate.
    NoRate,
    /// The last exchange rate of its currency is older than the pipeline allows.
    StaleRate {
        /// The day of that rate.
        date: NaiveDate,
    },
    /// Its donor did not consent.
    ConsentRefused,
    /// A donor has to consent and has not done so.
    NotAsked,
    /// Not enough is left.
    Exhausted {
        /// What is left.
        left: Money,
    },
}

impl WhyNot {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::PledgeOnly => ReasonCode::PledgeOnly,
            Self::InKind => ReasonCode::InKind,
            Self::NotAMember => ReasonCode::NotAMember,
            Self::NotYetOpen => ReasonCode::NotYetOpen,
            Self::Lapsed => ReasonCode::Lapsed,
            Self::Earmark => ReasonCode::Earmark,
            Self::Excluded => ReasonCode::Excluded,
            Self::Channel => ReasonCode::Channel,
            Self::NoRate => ReasonCode::NoRate,
            Self::StaleRate { .. } => ReasonCode::StaleRate,
            Self::ConsentRefused => ReasonCode::ConsentRefused,
            Self::NotAsked => ReasonCode::ConsentMissing,
            Self::Exhausted { .. } => ReasonCode::Exhausted,
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PledgeOnly => f.write_str("is only a pledge"),
            Self::InKind => f.write_str("is goods, not money"),
            Self::NotAMember => f.write_str("is from a donor that is not a member on that day"),
            Self::NotYetOpen => f.write_str("is not open yet"),
            Self::Lapsed => f.write_str("has lapsed"),
            Self::Earmark => f.write_str("is earmarked for something else"),
            Self::Excluded => f.write_str("may not be spent on such items"),
            Self::Channel => f.write_str("buys through another channel"),
            Self::NoRate => f.write_str("has no exchange rate"),
            Self::StaleRate { date } => {
                write!(f, "has only an exchange rate of {date}, which is too old")
            }
            Self::ConsentRefused => f.write_str("has no consent: its donor refused it"),
            Self::NotAsked => f.write_str("needs the consent of its donor"),
            Self::Exhausted { left } => write!(f, "has {left} left"),
        }
    }
}

/// What decides who may pay for a line.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub item: &'a str,
    pub classification: &'a str,
    pub requester: &'a str,
}

impl<'a> From<&'a Line> for Wanted<'a> {
    fn from(line: &'a Line) -> Self {
        let Line { item, classification, requester, .. } = line;
        Self { item, classification, requester }
    }
}

/// Whether `contribution` may pay for what is `wanted`, bought through `channel` on `day`.
///
/// # Errors
/// The typed reason why it may not.
pub fn eligible<'a>(
    coalition: &Coalition,
    contribution: &Contribution,
    wanted: impl Into<Wanted<'a>>,
    channel: Option<&str>,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let Some(currency) = contribution.currency().filter(|_| contribution.is_fundable()) else {
        let is_goods =
            contribution.firmness == Firmness::Commitment && contribution.amount.is_none();
        return Err(if is_goods { WhyNot::InKind } else { WhyNot::PledgeOnly });
    };
    may_serve(coalition, contribution, wanted, channel, day)?;
    if coalition.rate(currency, day).is_none() {
        let last = coalition.last_rate(currency, day).and_then(|found| found.date);
        return Err(last.map_or(WhyNot::NoRate, |date| WhyNot::StaleRate { date }));
    }
    Ok(())
}

/// Whether `contribution`, money or goods, may be used for what is `wanted` on `day`, through `channel`.
///
/// # Errors
/// The typed reason why it may not.
pub fn may_serve<'a>(
    coalition: &Coalition,
    contribution: &Contribution,
    wanted: impl Into<Wanted<'a>>,
    channel: Option<&str>,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let earmark = &contribution.earmark;
    let Wanted { item, classification: code, requester } = wanted.into();
    if contribution.stated > day {
        return Err(WhyNot::NotYetOpen);
    }
    funders(coalition, contribution, day)?;
    if contribution.obligate_by.is_some_and(|last| last < day) {
        return Err(WhyNot::Lapsed);
    }
    let fits = |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
    let prefixes = &earmark.prefixes;
    if !(prefixes.is_empty() || prefixes.iter().any(|prefix| code.starts_with(prefix.as_str())))
        || !fits(&earmark.items, item)
        || !fits(&earmark.requesters, requester)
    {
        return Err(WhyNot::Earmark);
    }
    let is_excluded = |word: &String| word == item || code.starts_with(word.as_str());
    if earmark.excluded.iter().any(is_excluded) {
        return Err(WhyNot::Excluded);
    }
    if let (Some(wanted), Some(channel)) = (&earmark.channel, channel)
        && wanted != channel
    {
        return Err(WhyNot::Channel);
    }
    Ok(())
}

/// The donors of `contribution` that give it on `day`: all except those who only observe on that day.
///
/// # Errors
/// [`WhyNot::NotAMember`] if one of the others may not fund, or if nobody is left. Joint money is not split.
pub fn funders<'a>(
    coalition: &Coalition,
    contribution: &'a Contribution,
    day: NaiveDate,
) -> Result<Vec<&'a str>, WhyNot> {
    let mut funders = Vec::with_capacity(contribution.donors.len());
    for donor in &contribution.donors {
        match coalition.parties.get(donor) {
            Some(party) if party.may_fund(day) => funders.push(donor.as_str()),
            Some(party) if party.observes(day) => {}
            Some(_) | None => return Err(WhyNot::NotAMember),
        }
    }
    if funders.is_empty() { Err(WhyNot::NotAMember) } else { Ok(funders) }
}
