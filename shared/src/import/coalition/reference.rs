//! Reads reference data: codes, prohibited goods, consignees, exchange rates.

use std::collections::BTreeMap;

use super::folder::{Folder, Placed};
use crate::domain::coalition::{Code, Consignee, DayRates, Prohibition};
use crate::domain::confidential::Confidential;
use crate::domain::money::{Currency, Rate};
use crate::import::columns::{CODES, CONSIGNEES, PROHIBITED, RATES, Section, optional};
use crate::import::table::error::ImportError;
use crate::import::values::fields::RowFields;
use crate::import::values::parse::{self, Fault};

/// The publisher of rates in this layout.
const RATES_SOURCE: &str = "ECB";

pub(super) fn read_codes(folder: &mut Folder<'_>) -> Result<Vec<Placed<Code>>, ImportError> {
    let codes = folder.optional_rows(CODES, |fields| {
        let (scheme, code) = (fields.id("scheme"), fields.id("code"));
        let name = fields.name("name")?;
        Some(Code { scheme: scheme?, code: code?, name })
    })?;
    folder.unique(&codes, "code", |code| format!("{} {}", code.scheme, code.code));
    Ok(codes)
}

pub(super) fn read_prohibited(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<Prohibition>>, ImportError> {
    let prohibited = folder.optional_rows(PROHIBITED, |fields| {
        let (matches, reason) = (fields.name("matches"), fields.text("reason"));
        Some(Prohibition { matches: matches?, reason: reason? })
    })?;
    folder.unique(&prohibited, "matches", |prohibition| prohibition.matches.clone());
    Ok(prohibited)
}

pub(super) fn read_consignees(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<Consignee>>, ImportError> {
    let consignees = folder.optional_rows(CONSIGNEES, read_consignee)?;
    folder.unique(&consignees, "code", |consignee| consignee.code.clone());
    Ok(consignees)
}

fn read_consignee(fields: &mut RowFields<'_>) -> Option<Consignee> {
    let (code, requester) = (fields.id("code"), fields.id("requester"));
    let address = fields.text("address").map(Confidential::Plain);
    Some(Consignee { code: code?, requester: requester?, address: address? })
}

/// Reads rates.csv: one row a day and one column a currency, as the European Central Bank publishes
/// it. Unknown currencies are skipped.
pub(super) fn read_rates(folder: &mut Folder<'_>) -> Result<Vec<Placed<DayRates>>, ImportError> {
    let Some(table) = folder.table(RATES)? else { return Ok(Vec::new()) };
    let names = table.header.iter().map(String::as_str);
    let currencies: Vec<(&str, Currency)> = names
        .clone()
        .filter_map(|name| Some((name, name.parse().ok()?)))
        .filter(|(_, currency)| *currency != Currency::EUR)
        .collect();
    let mut fields = RATES.fields.to_vec();
    fields.extend(currencies.iter().map(|(name, _)| optional(name)));
    let ignored: Vec<&str> = names.collect();
    let section = Section { fields: &fields, ignored: &ignored, ..RATES };
    let days = folder.rows(&table, section, |row| {
        let date = row.date("Date");
        let mut rates = BTreeMap::new();
        for (name, currency) in &currencies {
            if let Some(rate) = row.optional(name, parse_rate).flatten() {
                rates.insert(*currency, rate);
            }
        }
        Some(DayRates { date: date?, rates, source: RATES_SOURCE.to_owned() })
    })?;
    folder.unique(&days, "Date", |day| day.date.to_string());
    Ok(days)
}

/// Reads a rate. `None` means that no rate was published.
fn parse_rate(text: &str) -> Result<Option<Rate>, Fault> {
    if text == "N/A" {
        return Ok(None);
    }
    parse::rate(text).map(Some)
}
