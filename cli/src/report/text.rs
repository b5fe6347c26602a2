//! The report for a terminal.

use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::report::{ListedLot, Reason, Report};

use crate::output::{cut, table, width};

/// Rows of a list of lots.
const LISTED: usize = 8;

fn amount(minor: i64, currency: &str) -> String {
    match currency.parse::<Currency>() {
        // The currency stands in its own column.
        Ok(known) => Money::new(minor, known).to_string().split_off(4),
        Err(_) => minor.to_string(),
    }
}

/// The whole report.
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
    lots(&mut text, "UNFUNDED, BY PRIORITY", &report.unfunded, report.unfunded.len());
    reasons(&mut text, "DECLINED BECAUSE", &report.declined_reasons);
    lots(&mut text, "LATE", &report.late, report.late_lots);
    lots(&mut text, "SHORT OR REJECTED", &report.short, report.short_lots);
    if !report.incidents.is_empty() {
        text.push_str(&format!("\nINCIDENTS  {}\n", report.incidents.len()));
        for incident in report.incidents.iter().take(LISTED) {
            text.push_str(&format!("  {}\n", cut(incident, width().saturating_sub(2))));
        }
    }
    let row = |time: &waybill_shared::report::StepTime| {
        vec![
            time.step.clone(),
            time.lots.to_string(),
            format!("{:.1}", time.median_days),
            format!("{:.1}", time.p90_days),
        ]
    };
    let rows: Vec<Vec<String>> = report.step_times.iter().map(row).collect();
    text.push('\n');
    text.push_str(&table(&["TIME PER STEP", "LOTS", "MEDIAN DAYS", "9 IN 10 WITHIN"], &rows));
    text
}

fn money(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .money
        .iter()
        .map(|money| {
            let amount = |minor| amount(minor, &money.currency);
            let bound = money.allocated + money.obligated;
            let overrun = if money.overrun > 0 { amount(money.overrun) } else { String::new() };
            vec![
                cut(&money.donor, 14),
                money.currency.clone(),
                amount(money.committed),
                amount(bound),
                amount(money.disbursed),
                amount(money.left),
                overrun,
            ]
        })
        .collect();
    let head = ["DONOR", "", "COMMITTED", "BOUND", "PAID", "LEFT", "OVERRUN"];
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
    text.push_str(&table(&["  LOT", "ITEM", "QUANTITY", "WHY"], &rows));
}
