//! What keeps an offer away from a lot: as a type, in words, and with the way out.

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
    /// The offer is for an item that is spelled differently.
    Spelling {
        /// The item in the offer.
        offered: String,
        /// The requested item.
        wanted: String,
        /// How they differ.
        #[serde(flatten)]
        differs: Differs,
    },
    /// It is sold by another unit, and does not say how much of the requested unit one of these holds.
    Unit {
        /// The unit in which it is sold.
        offered: Unit,
        /// The requested unit.
        wanted: Unit,
    },
    /// Its currency has no exchange rate on the day.
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
        /// Envelopes that could pay if it were bought through another channel.
        envelopes: Vec<String>,
    },
    /// It is not valid yet.
    NotYetOpen {
        /// The first day on which it is valid.
        from: NaiveDate,
    },
    /// It is not valid any more.
    Ended {
        /// The last day on which it was valid.
        to: NaiveDate,
    },
    /// The folder that stated it does not have it any more.
    Suspended,
    /// Its framework contract has ended.
    FrameworkEnded {
        /// The number of the contract.
        framework: String,
        /// The last day of the contract.
        ended: NaiveDate,
    },
    /// Less is left of its framework contract than the lot costs.
    FrameworkUsedUp {
        /// The number of the contract.
        framework: String,
        /// What can still be called off.
        left: Money,
    },
    /// It was refused for the lot, or its order was cancelled.
    Refused {
        /// How many times.
        times: usize,
    },
    /// The cost of the lot with this offer is too large to be calculated.
    Overflow,
    /// All lots together want less than its minimum. This does not keep the offer away: the minimum would be
    /// bought.
    Minimum {
        /// The minimum for one item on an order, in the unit in which it is sold.
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

    /// Whether nothing can be ordered from the offer because of it.
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

    /// How to remove it, for `line` and the offer with this id.
    pub(super) fn way_out(&self, line: &Line, offer: &str) -> Option<String> {
        let id = quoted(&line.external_id);
        match self {
            Self::Spelling { offered, .. } => {
                Some(format!("waybill amend {id} {}", quoted(&format!("item={offered}"))))
            }
            Self::Unit { offered, wanted } if offered.is_whole() => Some(format!(
                "state the contents of one {offered} in the offer's `pack_of`, such as `5 \
                 {wanted}`, and import the offer; or waybill amend {id} unit={offered} quantity=…"
            )),
            Self::Unit { offered, .. } => {
                Some(format!("waybill amend {id} unit={offered} quantity=…"))
            }
            Self::NoRate { currency, .. } => Some(format!(
                "add an exchange rate for {currency}, or offer it in another currency, and import \
                 the change"
            )),
            Self::Channel { channel, .. } => Some(format!(
                "add a contribution that may be spent through {channel}, or an offer through \
                 another channel"
            )),
            Self::NotYetOpen { from } => {
                Some(format!("wait until {from}, or find an offer that is valid earlier"))
            }
            Self::Ended { .. } => {
                Some(format!("ask the supplier to renew it, and import {offer} with a later day"))
            }
            Self::Suspended => Some(format!("waybill offer keep {offer}, if it still holds")),
            Self::FrameworkEnded { framework, .. } | Self::FrameworkUsedUp { framework, .. } => {
                Some(format!("import an offer outside of {framework}, or a new contract"))
            }
            Self::Refused { .. } => Some("import another offer for it".to_owned()),
            Self::Overflow => Some("check the price and the quantity".to_owned()),
            Self::Minimum { .. } => None,
        }
    }
}

/// Quotes a word for a shell, if it needs quotes.
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
            Self::NotYetOpen { from } => write!(f, "it is valid from {from} on"),
            Self::Ended { to } => write!(f, "it ended on {to}"),
            Self::Suspended => f.write_str("it is no longer in the coalition's folder"),
            Self::FrameworkEnded { framework, ended } => {
                write!(f, "its framework contract {framework} ended on {ended}")
            }
            Self::FrameworkUsedUp { framework, left } => {
                write!(
                    f,
                    "{left} is left of its framework contract {framework}, less than the lot costs"
                )
            }
            Self::Refused { times: 1 } => f.write_str("it was refused"),
            Self::Refused { times } => write!(f, "it was refused {times} times"),
            Self::Overflow => f.write_str("the cost with this offer is too large to calculate"),
            Self::Minimum { minimum, unit } => {
                write!(f, "its minimum is {minimum} {unit}, more than all lots together want")
            }
        }
    }
}
