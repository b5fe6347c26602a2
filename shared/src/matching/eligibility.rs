//! Which envelopes a line may use, and the typed reason for each that it may not.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::coalition::Coalition;
use crate::domain::contribution::{Contribution, Firmness};
use crate::domain::money::Money;
use crate::domain::requisition::Line;

/// Why an envelope does not pay for a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// Indicative, or without an amount.
    PledgeOnly,
    /// It is goods, not money.
    InKind,
    /// None of its donors is a member on the day.
    NotAMember,
    /// Not stated yet on the day.
    NotYetOpen,
    /// The last day for orders has passed.
    Lapsed,
    /// Earmarked for something else.
    Earmark,
    /// Not given for such items.
    Excluded,
    /// Bought through another channel.
    Channel,
    /// Its currency, or that of the cost, has no rate.
    NoRate,
    /// Its donor did not consent.
    ConsentRefused,
    /// Not enough is left.
    Exhausted {
        /// What is left.
        left: Money,
    },
}

impl WhyNot {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PledgeOnly => "pledge_only",
            Self::InKind => "in_kind",
            Self::NotAMember => "not_a_member",
            Self::NotYetOpen => "not_yet_open",
            Self::Lapsed => "lapsed",
            Self::Earmark => "earmark",
            Self::Excluded => "excluded",
            Self::Channel => "channel",
            Self::NoRate => "no_rate",
            Self::ConsentRefused => "consent_refused",
            Self::Exhausted { .. } => "exhausted",
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PledgeOnly => f.write_str("is only a pledge"),
            Self::InKind => f.write_str("is goods, not money"),
            Self::NotAMember => f.write_str("its donor is not a member on that day"),
            Self::NotYetOpen => f.write_str("is not open yet"),
            Self::Lapsed => f.write_str("has lapsed"),
            Self::Earmark => f.write_str("is earmarked for something else"),
            Self::Excluded => f.write_str("is not given for such items"),
            Self::Channel => f.write_str("buys through another channel"),
            Self::NoRate => f.write_str("has no exchange rate"),
            Self::ConsentRefused => f.write_str("its donor did not consent"),
            Self::Exhausted { left } => write!(f, "has {left} left"),
        }
    }
}

/// Whether `contribution` may pay for `line`, bought through `channel` on `day`.
///
/// # Errors
/// The typed reason why it may not.
pub fn eligible(
    coalition: &Coalition,
    contribution: &Contribution,
    line: &Line,
    channel: Option<&str>,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let Some(currency) = contribution.currency().filter(|_| contribution.is_fundable()) else {
        let is_goods =
            contribution.firmness == Firmness::Commitment && contribution.amount.is_none();
        return Err(if is_goods { WhyNot::InKind } else { WhyNot::PledgeOnly });
    };
    may_serve(coalition, contribution, line, channel, day)?;
    if coalition.rate(currency, day).is_none() {
        return Err(WhyNot::NoRate);
    }
    Ok(())
}

/// Whether what `contribution` gives, money or goods, is given for `line` on `day`, through `channel`.
///
/// # Errors
/// The typed reason why it is not.
pub fn may_serve(
    coalition: &Coalition,
    contribution: &Contribution,
    line: &Line,
    channel: Option<&str>,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let earmark = &contribution.earmark;
    let is_member = |donor: &String| coalition.parties.get(donor).is_some_and(|p| p.may_fund(day));
    if contribution.stated > day {
        return Err(WhyNot::NotYetOpen);
    }
    if !contribution.donors.iter().any(is_member) {
        return Err(WhyNot::NotAMember);
    }
    if contribution.obligate_by.is_some_and(|last| last < day) {
        return Err(WhyNot::Lapsed);
    }
    let fits = |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
    let prefixes = &earmark.prefixes;
    let code = &line.classification;
    if !(prefixes.is_empty() || prefixes.iter().any(|prefix| code.starts_with(prefix.as_str())))
        || !fits(&earmark.items, &line.item)
        || !fits(&earmark.requesters, &line.requester)
    {
        return Err(WhyNot::Earmark);
    }
    let is_excluded = |word: &String| *word == line.item || code.starts_with(word.as_str());
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
