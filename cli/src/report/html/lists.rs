//! Lists what did not go as requested: lots that are unfunded, declined, late or short, and open
//! incidents; and how long each step took.

use maud::{Markup, html};
use waybill_api::lead_times::LeadTime;
use waybill_api::run_report::{ListedLot, Reason, Report};

use super::chart::{self, Part, percent};
use super::{Kind, counted, grouped, none, section, spoken, table};

/// Facts, each with the envelopes that it is about.
type Facts<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// Parses `EUR 5.00 missing: DK-1 has lapsed; NL-1 has lapsed` into the missing amount and the
/// facts, each with the envelopes that it is about. `None` if the text has another form.
fn facts(reason: &str) -> Option<(&str, Facts<'_>)> {
    let (what, rest) = reason.split_once(" missing: ")?;
    let mut facts: Facts<'_> = Vec::new();
    for clause in rest.split("; ") {
        let (who, fact) = clause.split_once(' ')?;
        let fact = fact.strip_prefix("is ").unwrap_or(fact);
        match facts.iter_mut().find(|(known, _)| *known == fact) {
            Some((_, whom)) => whom.push(who),
            None => facts.push((fact, vec![who])),
        }
    }
    Some((what, facts))
}

/// Why a lot is listed: the text as it is, or as a list if it has several facts.
fn why(reason: &str) -> Markup {
    let Some((what, facts)) = facts(reason) else { return html! { (reason) } };
    html! {
        b { (what) " missing" }
        ul.facts {
            @for (fact, whom) in facts { li { (whom.join(", ")) ": " (fact) } }
        }
    }
}

/// A quantity. Countable things without a unit need no unit.
fn quantity(lot: &ListedLot) -> &str {
    lot.quantity.strip_suffix(" one").unwrap_or(&lot.quantity)
}

/// A table of lots with the reasons under the heading `why_label`. `all` is the number of lots, of
/// which some may not be listed.
fn lots(caption: &str, order: &str, why_label: &str, lots: &[ListedLot], all: usize) -> Markup {
    let rows: Vec<Vec<Markup>> = lots
        .iter()
        .map(|lot| {
            vec![
                html! { (lot.lot) " " span.aside { (lot.external_id) } },
                html! { (lot.item) },
                html! { (quantity(lot)) },
                why(&lot.reason),
            ]
        })
        .collect();
    let columns = [
        ("Lot and request", Kind::Name),
        ("Item", Kind::Text),
        ("Quantity", Kind::Brief),
        (why_label, Kind::Long),
    ];
    let caption = if all > lots.len() {
        format!("{caption}: the first {} of {}, {order}", lots.len(), grouped(all as u64))
    } else {
        format!("{caption}: all {}, {order}", grouped(all as u64))
    };
    table(&caption, &columns, &rows, &[])
}

/// Reasons, with the number of lots that each holds back.
fn reasons(caption: &str, class: &'static str, reasons: &[Reason], all: usize) -> Markup {
    let rows: Vec<Vec<Markup>> = reasons
        .iter()
        .map(|reason| {
            let name = spoken(&reason.code);
            let name = if name.is_empty() { "No reason given".to_owned() } else { name };
            let share = percent(reason.lots as i128, all as i128);
            let title = format!("{name}: {} of {all} lots, {share}", reason.lots);
            let part = Part { class, size: reason.lots as i128, title: title.clone() };
            vec![
                html! { (name) },
                chart::bar(&[part], all as i128, None, &title),
                html! { (grouped(reason.lots as u64)) },
                html! { (share) },
            ]
        })
        .collect();
    let columns = [
        ("Reason", Kind::Name),
        ("Share", Kind::Bar),
        ("Lots", Kind::Number),
        ("Percent", Kind::Number),
    ];
    table(caption, &columns, &rows, &[])
}

/// The number of lots with this end, or the number that their reasons hold back if it is greater.
fn ended(report: &Report, end: &str, reasons: &[Reason]) -> usize {
    let counted = report.lots.get(end).copied().unwrap_or_default();
    counted.max(reasons.iter().map(|reason| reason.lots).sum())
}

pub(super) fn unfunded(report: &Report) -> Markup {
    let all = ended(report, "unfunded", &report.unfunded_reasons).max(report.unfunded.len());
    let body = html! {
        @if all == 0 { (none("None: no lot waits for money.")) }
        @if !report.unfunded_reasons.is_empty() {
            (reasons("Why lots are unfunded", "unfunded", &report.unfunded_reasons, all))
        }
        @if !report.unfunded.is_empty() {
            (lots("Unfunded lots", "most urgent first", "Why", &report.unfunded, all))
        }
    };
    section("unfunded", "Unfunded", &body)
}

/// Lots that no offer fits. Empty if there are none.
pub(super) fn unoffered(report: &Report) -> Markup {
    let all = ended(report, "unoffered", &[]).max(report.unoffered.len());
    if all == 0 {
        return html! {};
    }
    let listed = lots("Lots without an offer", "most urgent first", "Why", &report.unoffered, all);
    section("unoffered", "Without an offer", &listed)
}

/// The reasons why lots were declined.
pub(super) fn declined(report: &Report) -> Markup {
    let all = ended(report, "declined", &report.declined_reasons);
    let body = html! {
        @if all == 0 { (none("None.")) }
        @if !report.declined_reasons.is_empty() {
            (reasons("Why lots were declined", "declined", &report.declined_reasons, all))
        }
    };
    section("declined", "Declined", &body)
}

/// Deliveries after the day on which they were needed.
pub(super) fn late(report: &Report) -> Markup {
    let all = report.late_lots.max(report.late.len());
    let body = html! {
        @if all == 0 { (none("None: nothing came after the day it was needed.")) }
        @if !report.late.is_empty() {
            (lots(
                "Deliveries after the day they were needed",
                "most overdue first",
                "When",
                &report.late,
                all,
            ))
        }
    };
    section("late", "Late", &body)
}

/// Deliveries that were short or rejected, and what became of them.
pub(super) fn short(report: &Report) -> Markup {
    let all = report.short_lots.max(report.short.len());
    let body = html! {
        @if all == 0 { (none("None: all that came was complete and accepted.")) }
        @if !report.short.is_empty() {
            (lots(
                "Short or rejected deliveries",
                "by lot",
                "What became of it",
                &report.short,
                all,
            ))
        }
    };
    section("short", "Short or rejected", &body)
}

/// What happened to orders on their way, one sentence each.
pub(super) fn happened(report: &Report) -> Markup {
    if report.happened.is_empty() {
        return html! {};
    }
    let list = html! {
        ul { @for one in &report.happened { li { (one.sentence()) } } }
    };
    section("happened", "On the way", &list)
}

/// Open incidents, grouped by kind.
pub(super) fn incidents(report: &Report) -> Markup {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for incident in &report.incidents {
        let (kind, subject) = incident.split_once(':').unwrap_or((incident, ""));
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, subjects)) => subjects.push(subject),
            None => kinds.push((kind, vec![subject])),
        }
    }
    let rows: Vec<Vec<Markup>> = kinds
        .iter()
        .map(|(kind, subjects)| {
            vec![
                html! { (spoken(kind)) },
                html! { (grouped(subjects.len() as u64)) },
                html! {
                    ul.subjects {
                        @for subject in subjects {
                            li { @if subject.is_empty() { "–" } (subject.replace(':', ", ")) }
                        }
                    }
                },
            ]
        })
        .collect();
    let columns = [("Kind", Kind::Name), ("Open", Kind::Number), ("Subjects", Kind::Long)];
    let body = if rows.is_empty() {
        none("None is open.")
    } else {
        let all = counted(report.incidents.len() as u64, "incident is", "incidents are");
        table(&format!("{all} open, by kind"), &columns, &rows, &[])
    };
    section("incidents", "Incidents", &body)
}

pub(super) fn step_times(report: &Report) -> Markup {
    if report.step_times.is_empty() {
        return html! {};
    }
    let body = lead_times("Days that lots stayed at each step", "Step", &report.step_times);
    section("times", "Time per step", &body)
}

/// How long each took: the median, and the 90th percentile.
fn lead_times(caption: &str, what: &str, times: &[LeadTime]) -> Markup {
    let whole =
        i128::from(times.iter().map(|time| time.p90_days.0).max().unwrap_or_default()).max(1);
    let row = |time: &LeadTime| {
        let name = spoken(&time.name);
        let median = format!("half within {} days", time.median_days);
        let p90 = format!("nine in ten within {} days", time.p90_days);
        let (half, most) = (i128::from(time.median_days.0), i128::from(time.p90_days.0));
        let title = format!("{name}: {median}, {p90}");
        let parts = [
            Part { class: "paid", size: half, title: median },
            Part { class: "contracted", size: most - half, title: p90 },
        ];
        vec![
            html! { (name) },
            chart::bar(&parts, whole, None, &title),
            html! { (grouped(time.lots)) },
            html! { (time.median_days) },
            html! { (time.p90_days) },
        ]
    };
    let rows: Vec<Vec<Markup>> = times.iter().map(row).collect();
    let columns = [
        (what, Kind::Name),
        ("Duration", Kind::Bar),
        ("Lots", Kind::Number),
        ("Median, days", Kind::Number),
        ("9 in 10 within, days", Kind::Number),
    ];
    html! {
        ul.legend {
            li {
                (chart::swatch("paid"))
                span { b { "Half of the lots" } " took at most this long (median)" }
            }
            li {
                (chart::swatch("contracted"))
                span { b { "Nine in ten" } " took at most this long" }
            }
        }
        (table(caption, &columns, &rows, &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_about_several_envelopes_are_told_once() {
        let reason =
            "EUR 5.00 missing: A-1 is only a pledge; B-1 has EUR 1.00 left; C-1 is only a pledge";
        let told = facts(reason);
        let expected =
            vec![("only a pledge", vec!["A-1", "C-1"]), ("has EUR 1.00 left", vec!["B-1"])];
        assert_eq!(told, Some(("EUR 5.00", expected)));
        for other in ["", "waits for its rank", "EUR 5.00 missing: "] {
            assert_eq!(facts(other), None, "{other}");
            assert_eq!(why(other).into_string(), other);
        }
    }

    #[test]
    fn incidents_of_one_kind_stand_together() {
        let incidents = ["overrun:PO-1:LOT-1", "lease lost at match_donor", "overrun:PO-2:LOT-2"];
        let incidents = incidents.map(ToOwned::to_owned).to_vec();
        let report = Report { incidents, ..super::super::tests::empty() };
        let page = super::incidents(&report).into_string();
        assert!(page.contains("<li>PO-1, LOT-1</li><li>PO-2, LOT-2</li>"), "{page}");
        assert!(page.contains("3 incidents are open, by kind"), "{page}");
    }
}
