//! What a plan would be if something changed, and how it would differ.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::Outlook;
use super::roadmap::Plan;
use waybill_domain::contribution::{Consent, Contribution, Earmark, Firmness};
use waybill_domain::ids::LotId;
use waybill_domain::money::Money;

/// A change to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhatIf {
    /// A donor adds money.
    Add(Addition),
    /// A donor takes back all money that is not bound yet.
    Withdraw(String),
    /// A line, given by its requester's id for it, gets another rank within its class.
    Rank(String, u32),
    /// A supplier does not offer anything any more.
    Fail(String),
}

/// Money that a donor adds: `LU 5M EUR from 2027-01`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Addition {
    /// The donor.
    pub donor: String,
    /// The amount.
    pub amount: Money,
    /// The first day on which it can be used.
    pub from: NaiveDate,
}

/// Why a change cannot be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    /// The text does not have the form of an addition.
    #[error("`{0}` cannot be read: write it as `LU 5M EUR from 2027-01`")]
    Addition(String),
    /// Nobody and nothing has this name.
    #[error("there is no {what} `{name}`: {hint}")]
    Unknown {
        /// `donor`, `line`, `supplier`.
        what: &'static str,
        name: String,
        /// How to fix it.
        hint: String,
    },
}

impl FromStr for Addition {
    type Err = WhatIfError;

    fn from_str(text: &str) -> Result<Self, WhatIfError> {
        let wrong = || WhatIfError::Addition(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let &[donor, amount, currency, "from", day] = words.as_slice() else { return Err(wrong()) };
        let amount: Money = format!("{amount} {currency}").parse().map_err(|_| wrong())?;
        if amount.minor <= 0 {
            return Err(wrong());
        }
        let month = || NaiveDate::parse_from_str(&format!("{day}-01"), "%Y-%m-%d");
        let from = NaiveDate::parse_from_str(day, "%Y-%m-%d").or_else(|_| month());
        let from = from.map_err(|_| wrong())?;
        Ok(Self { donor: donor.to_owned(), amount, from })
    }
}

impl WhatIf {
    /// Applies the change to what a plan starts from.
    ///
    /// # Errors
    /// [`WhatIfError`] if the change names something that does not exist.
    pub fn apply(&self, outlook: &mut Outlook) -> Result<(), WhatIfError> {
        let coalition = &mut outlook.coalition;
        let unknown = |what, name: &String, hint: String| {
            Err(WhatIfError::Unknown { what, name: name.clone(), hint })
        };
        match self {
            Self::Add(Addition { donor, amount, from }) => {
                if !coalition.parties.contains_key(donor) {
                    let hint = "give a party's id, such as one that `waybill lots` shows";
                    return unknown("donor", donor, hint.to_owned());
                }
                let added = (1..).map(|number| format!("{donor}-added-{number}"));
                let id = added.into_iter().find(|id| !coalition.contributions.contains_key(id));
                let id = id.unwrap_or_default();
                coalition.contributions.insert(
                    id.clone(),
                    Contribution {
                        id,
                        donors: vec![donor.clone()],
                        firmness: Firmness::Commitment,
                        stated: *from,
                        amount: Some(*amount),
                        in_kind: Vec::new(),
                        converts: None,
                        earmark: Earmark::default(),
                        tranches: Vec::new(),
                        obligate_by: None,
                        pay_by: None,
                        consent: Consent::None,
                        source: "what if".to_owned(),
                    },
                );
            }
            Self::Withdraw(donor) => {
                let before = coalition.contributions.len();
                coalition.contributions.retain(|_, other| !other.donors.contains(donor));
                if coalition.contributions.len() == before {
                    let donors = coalition.contributions.values().flat_map(|c| c.donors.clone());
                    let donors: std::collections::BTreeSet<String> = donors.collect();
                    let donors = donors.into_iter().collect::<Vec<_>>().join(", ");
                    return unknown(
                        "donor",
                        donor,
                        format!("the parties with contributions are {donors}"),
                    );
                }
            }
            Self::Rank(line, rank) => {
                let is_meant = |other: &waybill_domain::requisition::Line| {
                    other.external_id == *line || other.key() == *line
                };
                let mut found = std::collections::BTreeSet::new();
                for (lot, other) in &mut outlook.lots {
                    if is_meant(other) {
                        lot.priority.rank = *rank;
                        found.insert(other.key());
                    }
                }
                if found.len() > 1 {
                    let names = found.into_iter().collect::<Vec<_>>().join(", ");
                    let hint =
                        format!("several requesters have a line with this id: name one of {names}");
                    return unknown("line", line, hint);
                }
                if found.is_empty() {
                    let hint = "give the requester's id of a line that has open lots";
                    return unknown("line", line, hint.to_owned());
                }
            }
            Self::Fail(supplier) => {
                let before = coalition.offers.len();
                coalition.offers.retain(|_, offer| offer.supplier != *supplier);
                if coalition.offers.len() == before {
                    let hint = "give the id of a supplier that has offers";
                    return unknown("supplier", supplier, hint.to_owned());
                }
            }
        }
        Ok(())
    }
}

/// How a plan differs from one without the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Lots that get money on another day, or in only one of the two plans.
    pub lots: Vec<Moved>,
    /// Envelopes of which more or less lapses, with what lapses without and with the change.
    pub lapses: Vec<(String, Option<Money>, Option<Money>)>,
}

/// A lot that gets money on another day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub lot: LotId,
    /// The requester's id for its line.
    pub line: String,
    pub item: String,
    /// The day without the change. `None` means that it gets no money.
    pub before: Option<NaiveDate>,
    /// The day with the change. `None` means that it gets no money.
    pub after: Option<NaiveDate>,
}

/// How two plans over the same lots differ.
#[must_use]
pub fn difference(before: &Plan, after: &Plan) -> Difference {
    let mut lots: BTreeMap<LotId, Moved> = BTreeMap::new();
    for (plan, is_after) in [(before, false), (after, true)] {
        let funded = plan.quarters.iter().flat_map(|quarter| &quarter.funded);
        for lot in funded {
            let moved = lots.entry(lot.lot).or_insert_with(|| Moved {
                lot: lot.lot,
                line: lot.line.clone(),
                item: lot.item.clone(),
                before: None,
                after: None,
            });
            *(if is_after { &mut moved.after } else { &mut moved.before }) = Some(lot.day);
        }
    }
    let mut lapses: BTreeMap<String, (Option<Money>, Option<Money>)> = BTreeMap::new();
    for lapse in &before.lapses {
        lapses.entry(lapse.envelope.clone()).or_default().0 = Some(lapse.amount);
    }
    for lapse in &after.lapses {
        lapses.entry(lapse.envelope.clone()).or_default().1 = Some(lapse.amount);
    }
    let lapses = lapses.into_iter().filter(|(_, (before, after))| before != after);
    Difference {
        lots: lots.into_values().filter(|moved| moved.before != moved.after).collect(),
        lapses: lapses.map(|(envelope, (before, after))| (envelope, before, after)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_are_read_as_people_write_them() {
        for (text, minor, code, day) in [
            ("LU 5M EUR from 2027-01", 500_000_000, "EUR", "2027-01-01"),
            ("LU 2.5m EUR from 2027-01-15", 250_000_000, "EUR", "2027-01-15"),
            ("DK 750k DKK from 2026-12", 75_000_000, "DKK", "2026-12-01"),
            ("JP 1000000 JPY from 2027-01", 1_000_000, "JPY", "2027-01-01"),
        ] {
            let read: Addition = text.parse().expect(text);
            assert_eq!(
                (read.amount.minor, read.amount.currency.to_string()),
                (minor, code.to_owned())
            );
            assert_eq!(read.from.to_string(), day);
        }
        for wrong in [
            "",
            "LU 5M EUR",
            "LU 5M EUR until 2027-01",
            "LU five EUR from 2027-01",
            "LU 5M XXX from 2027-01",
            "LU -5M EUR from 2027-01",
            "LU 0 EUR from 2027-01",
            "LU 99999999999999M EUR from 2027-01",
            "LU 5M EUR from January",
        ] {
            assert_eq!(wrong.parse::<Addition>(), Err(WhatIfError::Addition(wrong.to_owned())));
        }
    }
}
