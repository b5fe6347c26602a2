//! The reference data that steps look up, read from its records.

use super::{Record, StoreError};
use crate::domain::coalition::{
    Coalition, Code, Consignee, DayRates, Prohibition, Renamed, Settings,
};
use crate::domain::contribution::Contribution;
use crate::domain::kinds::RecordKind;
use crate::domain::party::{ExpertGroup, Party};
use crate::domain::supplier::{ChargeRule, Offer};

fn parse<T: serde::de::DeserializeOwned>(
    kind: RecordKind,
    record: &Record,
) -> Result<T, StoreError> {
    serde_json::from_str(&record.body)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{}", record.id), source })
}

/// Adds one record to `coalition`. Records of kinds that steps do not look up are ignored.
///
/// # Errors
/// [`StoreError::Corrupt`] if the body is not valid for its kind.
pub fn add(coalition: &mut Coalition, kind: RecordKind, record: &Record) -> Result<(), StoreError> {
    let id = record.id.clone();
    match kind {
        RecordKind::Setting => coalition.settings = Some(parse::<Settings>(kind, record)?),
        RecordKind::Party => drop(coalition.parties.insert(id, parse::<Party>(kind, record)?)),
        RecordKind::Group => drop(coalition.groups.insert(id, parse::<ExpertGroup>(kind, record)?)),
        RecordKind::Contribution => {
            coalition.contributions.insert(id, parse::<Contribution>(kind, record)?);
        }
        RecordKind::Offer => drop(coalition.offers.insert(id, parse::<Offer>(kind, record)?)),
        RecordKind::Charge => {
            drop(coalition.charges.insert(id, parse::<ChargeRule>(kind, record)?))
        }
        RecordKind::Code => {
            let code: Code = parse(kind, record)?;
            coalition.codes.insert((code.scheme, code.code), code.name);
        }
        RecordKind::Prohibition => coalition.prohibited.push(parse::<Prohibition>(kind, record)?),
        RecordKind::Consignee => {
            drop(coalition.consignees.insert(id, parse::<Consignee>(kind, record)?))
        }
        RecordKind::Renamed => {
            let renamed: Renamed = parse(kind, record)?;
            coalition.renamed.insert(id, renamed.to);
        }
        RecordKind::Rates => {
            let rates: DayRates = parse(kind, record)?;
            coalition.rates.insert(rates.date, rates);
        }
        _ => {}
    }
    Ok(())
}
