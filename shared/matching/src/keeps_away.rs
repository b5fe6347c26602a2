//! What keeps an offer away from a lot: typed, in words, and with the way out.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::spelling::Differs;
use waybill_domain::money::{Currency, Money};
use waybill_domain::quantity::Unit;
use waybill_domain::requisition::Line;

/// What keeps an offer away from a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum KeepsAway {
    /// It is for an item that is spelled otherwise.
    Spelling {
        /// The item as offered.
        offered: String,
        /// The item as asked for.
        wanted: String,
        /// In what they differ.
        #[serde(flatten)]
        differs: Differs,
    },
    /// It is sold by another unit, and does not say that this holds the wanted one.
    Unit {
        /// The unit it is sold by.
        offered: Unit,
        /// The unit asked for.
        wanted: Unit,
    },
    /// Its currency has no rate on the day.
    NoRate {
        /// The currency.
        currency: Currency,
        /// The day.
        day: NaiveDate,
    },
    /// No money that may pay for the lot may be spent through its channel.
    Channel {
        /// Who buys through it.
        channel: String,
        /// Envelopes that could pay, were it bought through another channel.
        envelopes: Vec<String>,
    },
    /// It does not hold yet.
    NotYetOpen {
        /// Its first day.
        from: NaiveDate,
    },
    /// It holds no longer.
    Ended {
        /// Its last day.
        to: NaiveDate,
    },
    /// The folder that stated it does not have it any more.
    Suspended,
    /// The framework contract that it stands under has ended.
    FrameworkEnded {
        /// The contract.
        framework: String,
        /// Its last day.
        ended: NaiveDate,
    },
    /// What is left of the framework contract is less than the lot costs.
    FrameworkUsedUp {
        /// The contract.
        framework: String,
        /// What can still be called off.
        left: Money,
    },
    /// It was asked for and refused, or its order was cancelled.
    Refused {
        /// How often.
        times: usize,
    },
    /// The lot's cost by it is beyond what can be counted.
    Overflow,
    /// Less than its minimum is wanted by all lots together. This keeps nothing away: the minimum would
    /// be bought.
    Minimum {
        /// The minimum for an item on an order, in the unit it is sold by.
        minimum: String,
        /// That unit.
        unit: Unit,
    },
}

impl KeepsAway {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Spelling { .. } => "spelling",
            Self::Unit { .. } => "unit",
            Self::NoRate { .. } => "no_rate",
            Self::Channel { .. } => "channel",
            Self::NotYetOpen { .. } => "not_yet_open",
            Self::Ended { .. } => "ended",
            Self::Suspended => "suspended",
            Self::FrameworkEnded { .. } => "framework_ended",
            Self::FrameworkUsedUp { .. } => "framework_used_up",
            Self::Refused { .. } => "refused",
            Self::Overflow => "overflow",
            Self::Minimum { .. } => "minimum",
        }
    }

    /// Whether the offer cannot be ordered by because of it.
    #[must_use]
    pub fn is_barrier(&self) -> bool {
        match self {
            Self::Spelling { .. }
            | Self::Unit { .. }
            | Self::NoRate { .. }
            | Self::Channel { .. }
            | Self::NotYetOpen { .. }
            | Self::Ended { .. }
            | Self::Suspended
            | Self::FrameworkEnded { .. }
            | Self::FrameworkUsedUp { .. }
            | Self::Refused { .. }
            | Self::Overflow => true,
            Self::Minimum { .. } => false,
        }
    }

    /// What mends it, for `line` and the offer of this id.
    pub(super) fn way_out(&self, line: &Line, offer: &str) -> Option<String> {
        let id = quoted(&line.external_id);
        match self {
            Self::Spelling { offered, .. } => {
                Some(format!("waybill amend {id} {}", quoted(&format!("item={offered}"))))
            }
            Self::Unit { offered, wanted } if offered.is_whole() => Some(format!(
                "say what one {offered} holds in the offer's `pack_of`, such as `5 {wanted}`, and import \
                 it; or waybill amend {id} unit={offered} quantity=…"
            )),
            Self::Unit { offered, .. } => {
                Some(format!("waybill amend {id} unit={offered} quantity=…"))
            }
            Self::NoRate { currency, .. } => Some(format!(
                "add a rate of {currency} to the rates, or offer it in another currency, and import that"
            )),
            Self::Channel { channel, .. } => Some(format!(
                "a contribution that may be spent through {channel}, or an offer through another channel"
            )),
            Self::NotYetOpen { from } => {
                Some(format!("nothing: it is ordered from {from} on, unless an offer comes sooner"))
            }
            Self::Ended { .. } => {
                Some(format!("ask the supplier to renew it, and import {offer} with a later day"))
            }
            Self::Suspended => Some(format!("waybill offer keep {offer}, if it still holds")),
            Self::FrameworkEnded { framework, .. } | Self::FrameworkUsedUp { framework, .. } => {
                Some(format!("an offer outside of {framework}, or a new contract"))
            }
            Self::Refused { .. } => Some("another offer of it".to_owned()),
            Self::Overflow => Some("check the price and the quantity".to_owned()),
            Self::Minimum { .. } => None,
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "=-_./:,+".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl fmt::Display for KeepsAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spelling { offered, wanted, differs } => {
                write!(f, "it is for `{offered}`, not `{wanted}` ({differs})")
            }
            Self::Unit { offered, wanted } => {
                let (sold, asked) = (offered.name(), wanted.name());
                write!(f, "it is sold by {offered} ({sold}), not {wanted} ({asked})")
            }
            Self::NoRate { currency, .. } => {
                write!(f, "its price is in {currency}, which has no exchange rate")
            }
            Self::Channel { channel, envelopes } => {
                let envelopes = envelopes.join(", ");
                write!(f, "it is bought through {channel}, and {envelopes} may not be spent there")
            }
            Self::NotYetOpen { from } => write!(f, "it holds from {from} on"),
            Self::Ended { to } => write!(f, "it ended on {to}"),
            Self::Suspended => f.write_str("its folder does not have it any more"),
            Self::FrameworkEnded { framework, ended } => {
                write!(f, "its framework contract {framework} ended on {ended}")
            }
            Self::FrameworkUsedUp { framework, left } => {
                write!(
                    f,
                    "{left} is left of its framework contract {framework}, less than it costs"
                )
            }
            Self::Refused { times: 1 } => f.write_str("it was refused"),
            Self::Refused { times } => write!(f, "it was refused {times} times"),
            Self::Overflow => f.write_str("the cost by it is too large to be counted"),
            Self::Minimum { minimum, unit } => {
                write!(f, "its minimum is {minimum} {unit}, more than is wanted of it together")
            }
        }
    }
}
