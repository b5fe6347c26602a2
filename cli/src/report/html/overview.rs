//! The run at a glance: in a sentence, in figures, by how lots ended, and by month.

use maud::{Markup, html};
use waybill_api::run_report::Report;

use super::chart::{self, Column, Part, percent};
use super::{Kind, counted, grouped, joined, none, section, table};

/// The ends of lots in display order, with name, class and meaning.
const ENDS: [(&str, &str, &str, &str); 11] = [
    ("delivered", "Delivered", "delivered", "received, accepted and paid"),
    ("unfunded", "Unfunded", "unfunded", "wait for money"),
    ("unoffered", "Without offer", "unfunded", "no offer fits: the secretariat has to act"),
    ("declined", "Declined", "declined", "turned down by validation or review"),
    ("merged", "Merged", "other", "continued by another lot"),
    ("short", "Short", "declined", "not delivered, their money went back"),
    ("cancelled", "Cancelled", "other", "given up by their requester"),
    ("parked", "Parked", "declined", "failed, an operator has to act"),
    ("waiting", "Waiting", "other", "waiting for somebody to act"),
    ("retry_at", "Retrying", "other", "an attempt failed and will be repeated"),
    ("ready", "Ready", "other", "to be worked on next"),
];

/// The most months in a timeline. In a longer one, months without deliveries are left out.
const MONTHS: usize = 240;

const NAMES: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An end of lots, with its texts and count.
struct End {
    name: String,
    class: &'static str,
    meaning: &'static str,
    lots: usize,
}

/// The ends that occurred. Unknown ends come last.
fn met(report: &Report) -> Vec<End> {
    let known = ENDS.iter().filter_map(|(code, name, class, meaning)| {
        let lots = report.lots.get(*code).copied().filter(|lots| *lots > 0)?;
        Some(End { name: (*name).to_owned(), class, meaning, lots })
    });
    let other = report.lots.iter().filter_map(|(code, lots)| {
        let is_new = *lots > 0 && ENDS.iter().all(|end| end.0 != code);
        is_new.then(|| End { name: super::spoken(code), class: "other", meaning: "", lots: *lots })
    });
    known.chain(other).collect()
}

fn total(report: &Report) -> usize {
    report.lots.values().sum()
}

pub(super) fn sentence(report: &Report) -> Markup {
    let all = total(report);
    if all == 0 {
        return html! { "There are no lots yet." };
    }
    let delivered = report.lots.get("delivered").copied().unwrap_or_default();
    let others: Vec<String> = met(report)
        .iter()
        .filter(|end| end.name != "Delivered")
        .map(|end| format!("{} {}", grouped(end.lots as u64), end.name.to_lowercase()))
        .collect();
    let orders = counted(report.orders as u64, "order", "orders");
    let lines = counted(report.lines as u64, "line", "lines");
    let mut troubles = Vec::new();
    for (number, one, many) in [
        (report.late_lots, "delivery was late", "deliveries were late"),
        (report.short_lots, "was short or rejected", "were short or rejected"),
        (report.incidents.len(), "incident is open", "incidents are open"),
    ] {
        if number > 0 {
            troubles.push(counted(number as u64, one, many));
        }
    }
    let passed = report.money.iter().filter(|money| money.overrun > 0).count();
    if passed > 0 {
        troubles.push(format!(
            "the money of {} was overrun",
            counted(passed as u64, "donor", "donors")
        ));
    }
    html! {
        strong {
            (grouped(delivered as u64)) " of " (counted(all as u64, "lot", "lots")) " delivered"
        }
        @if !others.is_empty() { ", " (joined(&others, "and")) }
        ", with " (orders) " issued for " (lines)
        @if !troubles.is_empty() { "; " (joined(&troubles, "and")) }
        "."
    }
}

/// The figures that people look for first.
pub(super) fn headline(report: &Report) -> Markup {
    let all = total(report);
    let volumes = [("Lines", report.lines), ("Lots", all), ("Orders", report.orders)];
    html! {
        dl.figures {
            @for (name, number) in volumes {
                div { dt { (name) } dd { (grouped(number as u64)) } }
            }
            @for end in met(report) {
                div {
                    dt { (chart::swatch(end.class)) (end.name) }
                    dd { (grouped(end.lots as u64)) }
                }
            }
        }
    }
}

/// How many lots ended in which way.
pub(super) fn ends(report: &Report) -> Markup {
    let all = total(report);
    if all == 0 {
        return html! {};
    }
    let rows: Vec<Vec<Markup>> = met(report)
        .iter()
        .map(|end| {
            let share = percent(end.lots as i128, all as i128);
            let title = format!("{}: {} of {all} lots, {share}", end.name, end.lots);
            let part = Part { class: end.class, size: end.lots as i128, title: title.clone() };
            vec![
                html! {
                    (end.name)
                    @if !end.meaning.is_empty() { " " span.aside { (end.meaning) } }
                },
                chart::bar(&[part], all as i128, None, &title),
                html! { (grouped(end.lots as u64)) },
                html! { (share) },
            ]
        })
        .collect();
    let columns = [
        ("State", Kind::Name),
        ("Share of all lots", Kind::Bar),
        ("Lots", Kind::Number),
        ("Percent", Kind::Number),
    ];
    let caption = format!("All {} by the state they are in", counted(all as u64, "lot", "lots"));
    section("ends", "Where the lots ended", &table(&caption, &columns, &rows, &[]))
}

/// Converts a month such as `2024-06` into the number of months since year 0.
fn month(key: &str) -> Option<usize> {
    let (year, month) = key.split_once('-')?;
    let (year, month): (usize, usize) = (year.parse().ok()?, month.parse().ok()?);
    (year < 10_000 && (1..=12).contains(&month)).then_some(year * 12 + month - 1)
}

fn column(month: usize, size: usize) -> Column {
    Column { name: (NAMES[month % 12].to_owned(), (month / 12).to_string()), size }
}

/// Delivered lots by month. Months without deliveries are shown as empty.
pub(super) fn timeline(report: &Report) -> Markup {
    let counts = &report.delivered_by_month;
    let mut months: Option<Vec<(usize, usize)>> =
        counts.iter().map(|(key, lots)| Some((month(key)?, *lots))).collect();
    months.iter_mut().for_each(|months| months.sort_unstable());
    let columns: Vec<Column> = match months.as_deref() {
        Some([(first, _), .., (last, _)]) if last - first < MONTHS => (*first..=*last)
            .map(|at| {
                let key = format!("{:04}-{:02}", at / 12, at % 12 + 1);
                column(at, counts.get(&key).copied().unwrap_or_default())
            })
            .collect(),
        Some(months) => months.iter().map(|(at, lots)| column(*at, *lots)).collect(),
        None => counts
            .iter()
            .map(|(key, lots)| Column { name: (key.clone(), String::new()), size: *lots })
            .collect(),
    };
    let lots: usize = counts.values().sum();
    let body = if columns.is_empty() {
        none("Nothing was delivered.")
    } else {
        let title = format!("{} delivered, by month", counted(lots as u64, "lot", "lots"));
        html! {
            figure {
                figcaption { (title) }
                (chart::columns(&columns, &title))
            }
        }
    };
    section("timeline", "Deliveries over time", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_people_do() {
        let words = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let told: Vec<String> = (0..=3).map(|n| joined(&words[..n], "and")).collect();
        assert_eq!(told, ["", "a", "a and b", "a, b and c"]);
    }

    #[test]
    fn only_months_of_the_calendar_are_read() {
        assert_eq!(month("2024-01").map(|at| at + 1), month("2024-02"));
        assert_eq!(month("2023-12").map(|at| at + 1), month("2024-01"));
        for key in ["", "2024", "2024-00", "2024-13", "x-01", "99999-01"] {
            assert_eq!(month(key), None, "{key}");
        }
    }
}
