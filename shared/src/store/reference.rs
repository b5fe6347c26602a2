//! What steps look up, read from the records that hold it.

use super::{Record, StoreError};
use crate::domain::coalition::{
    Coalition, Code, Consignee, DayRates, Prohibition, Renamed, Settings,
};
use crate::domain::contribution::Contribution;
use crate::domain::party::{ExpertGroup, Party};
use crate::domain::supplier::{ChargeRule, Offer};

/// The kinds of records that make up a [`Coalition`].
pub const REFERENCE_KINDS: [&str; 11] = [
    "setting",
    "party",
    "group",
    "contribution",
    "offer",
    "charge",
    "code",
    "prohibition",
    "consignee",
    "rates",
    RENAMED,
];

/// The kind of record that keeps what a requester is called now, by its old id.
pub const RENAMED: &str = "renamed";

fn parse<T: serde::de::DeserializeOwned>(kind: &str, record: &Record) -> Result<T, StoreError> {
    serde_json::from_str(&record.body)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{}", record.id), source })
}

/// Adds one record of `kind` to `coalition`; other kinds are left out.
///
/// # Errors
/// [`StoreError::Corrupt`] if the record does not hold what its kind promises.
pub fn add(coalition: &mut Coalition, kind: &str, record: &Record) -> Result<(), StoreError> {
    let id = record.id.clone();
    match kind {
        "setting" => coalition.settings = Some(parse::<Settings>(kind, record)?),
        "party" => drop(coalition.parties.insert(id, parse::<Party>(kind, record)?)),
        "group" => drop(coalition.groups.insert(id, parse::<ExpertGroup>(kind, record)?)),
        "contribution" => {
            coalition.contributions.insert(id, parse::<Contribution>(kind, record)?);
        }
        "offer" => drop(coalition.offers.insert(id, parse::<Offer>(kind, record)?)),
        "charge" => drop(coalition.charges.insert(id, parse::<ChargeRule>(kind, record)?)),
        "code" => {
            let code: Code = parse(kind, record)?;
            coalition.codes.insert((code.scheme, code.code), code.name);
        }
        "prohibition" => coalition.prohibited.push(parse::<Prohibition>(kind, record)?),
        "consignee" => drop(coalition.consignees.insert(id, parse::<Consignee>(kind, record)?)),
        RENAMED => {
            let renamed: Renamed = parse(kind, record)?;
            coalition.renamed.insert(id, renamed.to);
        }
        "rates" => {
            let rates: DayRates = parse(kind, record)?;
            coalition.rates.insert(rates.date, rates);
        }
        _ => {}
    }
    Ok(())
}
