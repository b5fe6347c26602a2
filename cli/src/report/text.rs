//! The report of a run for a terminal.

use waybill_api::happened::Happening;
use waybill_api::run_report::{DonorMoney, ListedLot, Reason, Report};
use waybill_shared::domain::money::{Currency, Money};

use crate::output::{brief_table, cut, table, width, wrap};

/// The most sentences about one kind of event.
const OF_A_KIND: usize = 2;

/// The most rows of a list of lots.
const LISTED: usize = 8;

fn amount(minor: i64, currency: &str) -> String {
    match currency.parse::<Currency>() {
        // The currency has its own column.
        Ok(known) => Money::new(minor, known).to_string().split_off(4),
        Err(_) => minor.to_string(),
    }
}

pub(crate) fn page(report: &Report) -> String {
    let total: usize = report.lots.values().sum();
    let day = report.day.map(|day| day.to_string()).unwrap_or_default();
    let mut text = format!("{}, to {day}\n", report.coalition);
    text.push_str(&format!(
        "{} lines in {total} lots, {} orders, {} steps, {:.1} s\n\n",
        report.lines, report.orders, report.steps, report.wall_s
    ));
    let row = |(end, lots): (&String, &usize)| {
        let filled = lots * 40 / total.max(1);
        vec![end.clone(), lots.to_string(), "#".repeat(filled)]
    };
    text.push_str(&table(&["LOTS", "", ""], &report.lots.iter().map(row).collect::<Vec<_>>()));
    text.push('\n');
    text.push_str(&money(report));
    reasons(&mut text, "UNFUNDED BECAUSE", &report.unfunded_reasons);
    let unfunded = report.lots.get("unfunded").copied().unwrap_or(0);
    lots(&mut text, "UNFUNDED, BY PRIORITY", &report.unfunded, unfunded);
    let unoffered = report.lots.get("unoffered").copied().unwrap_or(0);
    lots(&mut text, "WITHOUT AN OFFER, BY PRIORITY", &report.unoffered, unoffered);
    reasons(&mut text, "DECLINED BECAUSE", &report.declined_reasons);
    lots(&mut text, "LATE", &report.late, report.late_lots);
    lots(&mut text, "SHORT OR REJECTED", &report.short, report.short_lots);
    text.push_str(&happened(&report.happened));
    if !report.incidents.is_empty() {
        text.push_str(&format!("\nINCIDENTS  {}\n", report.incidents.len()));
        for incident in report.incidents.iter().take(LISTED) {
            text.push_str(&format!("  {}\n", cut(incident, width().saturating_sub(2))));
        }
        more(&mut text, report.incidents.len());
    }
    let row = |time: &waybill_api::lead_times::LeadTime| {
        vec![
            time.name.clone(),
            time.lots.to_string(),
            time.median_days.to_string(),
            time.p90_days.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = report.step_times.iter().map(row).collect();
    text.push('\n');
    text.push_str(&table(&["TIME PER STEP", "LOTS", "MEDIAN DAYS", "9 IN 10 WITHIN"], &rows));
    text
}

/// The first few events of each kind, one sentence each.
fn happened(all: &[Happening]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\nON THE WAY  {}\n", all.len());
    for of in all.chunk_by(|one, other| one.what == other.what) {
        for one in of.iter().take(OF_A_KIND) {
            let parts = wrap(&one.sentence(), width().saturating_sub(4));
            for (row, part) in parts.iter().enumerate() {
                let indent = if row == 0 { "  " } else { "    " };
                text.push_str(&format!("{indent}{part}\n"));
            }
        }
        if of.len() > OF_A_KIND {
            text.push_str(&format!("    … and {} more like it\n", of.len() - OF_A_KIND));
        }
    }
    text
}

/// Picks an amount of a donor, in minor units.
type Amount = fn(&DonorMoney) -> i64;

/// The table of money. Columns without any amount are left out.
fn money(report: &Report) -> String {
    let columns: [(&str, Amount); 6] = [
        ("COMMITTED", |money| money.committed),
        ("BOUND", |money| money.allocated + money.obligated),
        ("PAID", |money| money.disbursed),
        ("LAPSED", |money| money.expired),
        ("LEFT", |money| money.left),
        ("OVERRUN", |money| money.overrun),
    ];
    let has_any = |of: &Amount| report.money.iter().any(|money| of(money) != 0);
    let columns: Vec<_> = columns.into_iter().filter(|(_, of)| has_any(of)).collect();
    let row = |money: &DonorMoney| {
        let mut row = vec![cut(&money.donor, 14), money.currency.clone()];
        row.extend(columns.iter().map(|(_, of)| amount(of(money), &money.currency)));
        row
    };
    let rows: Vec<Vec<String>> = report.money.iter().map(row).collect();
    let mut head = vec!["DONOR", ""];
    head.extend(columns.iter().map(|(name, _)| *name));
    table(&head, &rows)
}

fn reasons(text: &mut String, title: &str, reasons: &[Reason]) {
    if reasons.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    for reason in reasons.iter().take(LISTED) {
        text.push_str(&format!("  {:>6}  {}\n", reason.lots, reason.code.replace('_', " ")));
    }
}

fn lots(text: &mut String, title: &str, lots: &[ListedLot], all: usize) {
    if lots.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}  {all}\n"));
    let row = |lot: &ListedLot| {
        vec![
            format!("  {}", lot.lot),
            cut(&lot.item, 24),
            cut(&lot.quantity, 14),
            lot.reason.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = lots.iter().take(LISTED).map(row).collect();
    text.push_str(&brief_table(&["  LOT", "ITEM", "QUANTITY", "WHY"], &rows));
    more(text, all);
}

/// Says how many lots the list leaves out.
fn more(text: &mut String, all: usize) {
    if all > LISTED {
        text.push_str(&format!("  … and {} more\n", all - LISTED));
    }
}
