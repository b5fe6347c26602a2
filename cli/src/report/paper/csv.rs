//! A report for spreadsheets, with one row for each thing that it lists.

use waybill_shared::import::{defused, defused_number};

use super::{Paper, Row};
use crate::failure::Failure;

/// The columns. They are the same for every report.
const COLUMNS: [&str; 12] = [
    "section",
    "day",
    "subject",
    "line",
    "requester",
    "item",
    "quantity",
    "unit",
    "party",
    "amount",
    "currency",
    "detail",
];

pub(crate) fn csv(paper: &Paper) -> Result<String, Failure> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(Failure::ours)?;
    for row in &paper.rows {
        let Row { section, day, subject, line, requester, item, .. } = row;
        let Row { quantity, unit, party, amount, detail, .. } = row;
        let plain = amount.map(|money| money.to_string().split_off(4).replace(',', ""));
        let currency = amount.map(|money| money.currency.to_string());
        let (plain, currency) = (plain.unwrap_or_default(), currency.unwrap_or_default());
        let before = [*section, day, subject, line, requester, item].map(defused);
        // A negative number stays a number.
        let numbers =
            [defused_number(quantity), defused(unit), defused(party), defused_number(&plain)];
        let after = [defused(&currency), defused(detail)];
        let cells = before.iter().chain(&numbers).chain(&after);
        writer.write_record(cells.map(|cell| cell.as_bytes())).map_err(Failure::ours)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::ours(error.into_error()))?;
    String::from_utf8(bytes).map_err(Failure::ours)
}
