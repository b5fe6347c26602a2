//! The report as one self-contained web page: no script, no font, no request. The same report gives
//! the same bytes, so the page does not show how long the run took.

pub(crate) mod chart;
mod lists;
mod money;
mod overview;
mod roadmap;
mod style;

use chrono::NaiveDate;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use waybill_api::run_report::Report;

use crate::output::grouped;

pub(crate) use roadmap::roadmap;

/// Forbids every request, in case a text is ever not escaped.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

pub(crate) fn page(report: &Report) -> String {
    let coalition =
        if report.coalition.is_empty() { "Coalition" } else { report.coalition.as_str() };
    let title = html! {
        (coalition)
        @if let Some(day) = report.day { ", to " (written(day)) }
    };
    let body = html! {
        (chart::patterns())
        header {
            p.kind { "Delivery report" }
            h1 { (coalition) }
            @if let Some(day) = report.day {
                p.day { "As of " time datetime=(day) { (written(day)) } }
            }
        }
        main {
            p.summary { (overview::sentence(report)) }
            (overview::headline(report))
            (overview::ends(report))
            (money::by_donor(report))
            (overview::timeline(report))
            (lists::unfunded(report))
            (lists::unoffered(report))
            (lists::declined(report))
            (lists::late(report))
            (lists::short(report))
            (lists::happened(report))
            (lists::incidents(report))
            (lists::step_times(report))
        }
        footer {
            p {
                "Made by Waybill from the coalition’s event log: "
                (counted(report.steps.unsigned_abs(), "change", "changes"))
                " of lots recorded."
            }
        }
    };
    document(&title, &body)
}

/// A self-contained HTML document.
pub(super) fn document(title: &Markup, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                // Without this a browser asks the server for /favicon.ico.
                link rel="icon" href="data:,";
                style { (PreEscaped(style::SHEET)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

pub(super) fn written(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

pub(super) fn section(id: &str, heading: &str, body: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (heading) }
            (body)
        }
    }
}

/// The text of an empty list.
pub(super) fn none(text: &str) -> Markup {
    html! { p.none { (text) } }
}

/// A number with its noun.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its noun for use in a sentence, where 0 is `no`.
pub(super) fn some(number: usize, one: &str, many: &str) -> String {
    if number == 0 { format!("no {many}") } else { counted(number as u64, one, many) }
}

/// Formats a stable code such as `money_exhausted` for people.
pub(super) fn spoken(code: &str) -> String {
    let text = code.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Joins words as in a sentence: `a, b and c`.
pub(super) fn joined(words: &[String], last_by: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {last_by} {last}", first.join(", ")),
    }
}

/// The content of a table's column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The name of the row.
    Name,
    Text,
    /// A number, aligned right.
    Number,
    /// Text that takes the remaining width.
    Long,
    /// A short text that does not wrap.
    Brief,
    Bar,
}

impl Kind {
    pub(super) fn is_number(self) -> bool {
        self == Self::Number
    }

    fn class(self) -> &'static str {
        match self {
            Self::Name => "key",
            Self::Text => "text",
            Self::Number => "number",
            Self::Long => "long",
            Self::Brief => "brief",
            Self::Bar => "drawn",
        }
    }
}

/// A table whose rows become cards on a narrow screen. The roles repeat the meaning of the
/// elements, because some browsers lose it once the elements are laid out as cards.
pub(super) fn table(
    caption: &str,
    columns: &[(&str, Kind)],
    rows: &[Vec<Markup>],
    sums: &[Vec<Markup>],
) -> Markup {
    let line = |cells: &[Markup]| {
        html! {
            tr role="row" {
                @for ((label, kind), cell) in columns.iter().zip(cells) {
                    @if *kind == Kind::Name {
                        th.key scope="row" role="rowheader" { (cell) }
                    } @else {
                        td class=(kind.class()) role="cell" data-label=(label) { (cell) }
                    }
                }
            }
        }
    };
    html! {
        table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for (label, kind) in columns {
                        th class=(kind.class()) scope="col" role="columnheader" { (label) }
                    }
                }
            }
            tbody role="rowgroup" { @for cells in rows { (line(cells)) } }
            @if !sums.is_empty() {
                tfoot role="rowgroup" { @for cells in sums { (line(cells)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use waybill_api::happened::{Happening, What};
    use waybill_api::lead_times::LeadTime;
    use waybill_api::run_report::{DonorMoney, ListedLot, Reason};
    use waybill_shared::domain::spread::Days;

    use super::*;

    pub(super) fn empty() -> Report {
        Report {
            lots: BTreeMap::new(),
            lines: 0,
            money: Vec::new(),
            orders: 0,
            steps: 0,
            wall_s: 0.0,
            coalition: String::new(),
            day: None,
            unfunded_reasons: Vec::new(),
            unfunded: Vec::new(),
            unoffered: Vec::new(),
            declined_reasons: Vec::new(),
            late: Vec::new(),
            late_lots: 0,
            short: Vec::new(),
            short_lots: 0,
            happened: Vec::new(),
            incidents: Vec::new(),
            delivered_by_month: BTreeMap::new(),
            step_times: Vec::new(),
        }
    }

    /// A report with `text` in every place for a text.
    fn filled(text: &str) -> Report {
        let text = || text.to_owned();
        let lot = || ListedLot {
            lot: text(),
            external_id: text(),
            item: text(),
            quantity: text(),
            reason: text(),
        };
        let money = DonorMoney {
            donor: text(),
            currency: text(),
            committed: 100,
            allocated: 10,
            obligated: 20,
            disbursed: 90,
            expired: 5,
            overrun: 25,
            left: -25,
        };
        Report {
            lots: BTreeMap::from([(text(), 3), ("delivered".to_owned(), 4)]),
            lines: 7,
            money: vec![money],
            orders: 2,
            steps: 20,
            wall_s: 0.0,
            coalition: text(),
            day: NaiveDate::from_ymd_opt(2024, 6, 3),
            unfunded_reasons: vec![Reason { code: text(), lots: 1 }],
            unfunded: vec![lot()],
            unoffered: Vec::new(),
            declined_reasons: vec![Reason { code: text(), lots: 1 }],
            late: vec![lot()],
            late_lots: 1,
            short: vec![lot()],
            short_lots: 1,
            happened: vec![Happening { what: What::Advance, subject: text(), text: text() }],
            incidents: vec![text()],
            delivered_by_month: BTreeMap::from([(text(), 1)]),
            step_times: vec![LeadTime {
                name: text(),
                month: None,
                lots: 1,
                median_days: Days(5),
                p90_days: Days(20),
            }],
        }
    }

    #[test]
    fn text_is_escaped() {
        for text in ["<script>x</script>", "\"><img src=x>", "a: <b>; c: <i>", "1 missing: <b> <i>"]
        {
            let page = page(&filled(text));
            let body = page.split_once("</style>").map_or("", |(_, body)| body);
            for tag in ["<script", "<img", "<b>; c", "<i>", "\">\""] {
                assert!(!body.contains(tag), "{tag} in {body}");
            }
            assert!(body.contains("&lt;"), "{body}");
        }
    }

    #[test]
    fn the_real_time_it_took_is_not_on_the_page() {
        let page_after = |wall_s| page(&Report { wall_s, ..filled("x") });
        assert_eq!(page_after(0.5), page_after(77.25));
    }

    #[test]
    fn an_empty_report_renders() {
        let page = page(&empty());
        assert!(page.contains("There are no lots yet."), "{page}");
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    }

    #[test]
    fn months_without_deliveries_are_on_the_timeline() {
        let delivered_by_month =
            BTreeMap::from([("2023-11".to_owned(), 2), ("2024-02".to_owned(), 1)]);
        let page = page(&Report { delivered_by_month, ..empty() });
        assert!(page.contains("Nov 2023: 2, Dec 2023: 0, Jan 2024: 0, Feb 2024: 1"), "{page}");
    }

    #[test]
    fn nothing_is_asked_of_another_host() {
        let page = page(&filled("x"));
        for word in ["http:", "https:", "src=", "@import", "<script", "//"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
