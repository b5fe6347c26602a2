//! A requester's report.

use waybill_api::{Basis, Request, RequesterReport};

use super::html::{Kind, counted, written};
use super::paper::{Block, Cell, Paper, Row, Section, Table};
use super::parts;

pub(crate) fn requester(report: &RequesterReport) -> Paper {
    let here = |name: &str| {
        let stage = report.funnel.stages.iter().find(|stage| stage.name == name);
        stage.map_or(0, |stage| stage.here)
    };
    let there = here("received") + here("paid");
    let is_unapproved =
        |lot: &&Request| lot.expected.is_some_and(|expected| expected.by == Basis::Approval);
    let unapproved = match report.lots.first.iter().filter(is_unapproved).count() {
        0 => String::new(),
        lots => format!(" ({lots} of them not approved yet)"),
    };
    let summary = format!(
        "Of {}, {there} are there and {} are on order{unapproved}; {} wait for money or a consent. {} cannot be there in \
         time, or nobody can say when.",
        counted(report.lots.all as u64, "lot", "lots"),
        here("ordered"),
        here("validated"),
        counted(report.late as u64, "open lot", "open lots"),
    );
    let list = Section::new("list", "The list, by rank", vec![Block::Table(table(report))]);
    Paper {
        kind: "Requester report",
        title: report.name.clone(),
        day: format!("{}, as of {}", report.coalition, written(report.day)),
        summary,
        figures: vec![
            ("Lots", report.lots.all.to_string()),
            ("There", there.to_string()),
            ("On order", here("ordered").to_string()),
            ("Waiting", here("validated").to_string()),
            ("Later than needed", report.late.to_string()),
        ],
        sections: vec![list, parts::funnel(&report.funnel)],
        rows: report.lots.first.iter().map(row).collect(),
    }
}

fn basis(by: Basis) -> &'static str {
    match by {
        Basis::Received => "received",
        Basis::Order => "as ordered",
        Basis::Asked => "as asked of the supplier",
        Basis::Approval => "once approved",
        Basis::Offer => "if ordered now",
        Basis::Plan => "by the roadmap",
    }
}

/// The missing amount, without the reasons for each donor.
fn brief(reason: &str) -> String {
    let what = reason.split_once(" missing: ").map(|(what, _)| format!("{what} missing"));
    what.unwrap_or_else(|| reason.to_owned())
}

fn table(report: &RequesterReport) -> Table {
    let line = |lot: &Request| {
        // The lot is not ordered, and the roadmap does not fund it.
        let is_out_of_sight = ["ready", "waiting"].contains(&lot.state.as_str())
            && lot.place.starts_with("waits for money");
        let expected = lot.expected.map_or_else(
            || Cell::from(if is_out_of_sight { "not in the roadmap" } else { "–" }),
            |expected| Cell::from(expected.day.to_string()).aside(basis(expected.by)),
        );
        vec![
            parts::lot(&lot.subject),
            parts::rank(&lot.subject).into(),
            Cell::from(lot.subject.item.clone()).aside(parts::much(&lot.subject)),
            Cell::from(lot.place.clone()).aside(brief(&lot.reason)),
            parts::day(lot.needed_by).into(),
            expected,
        ]
    };
    Table {
        caption: "Every lot, by class and rank".to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Rank", Kind::Brief),
            ("Item", Kind::Text),
            ("Where it is, and why", Kind::Text),
            ("Needed by", Kind::Brief),
            ("Expected", Kind::Text),
        ],
        rows: report.lots.first.iter().map(line).collect(),
        all: report.lots.all,
        nothing: "Nothing is asked for.",
    }
}

fn row(lot: &Request) -> Row {
    let why = match lot.reason.as_str() {
        "" => lot.place.clone(),
        reason => format!("{}: {reason}", lot.place),
    };
    let by = lot.expected.map(|expected| match expected.by {
        Basis::Received => "; received".to_owned(),
        by => format!("; expected {}", basis(by)),
    });
    Row {
        day: lot.expected.map(|expected| expected.day.to_string()).unwrap_or_default(),
        detail: format!("{why}{}", by.unwrap_or_default()),
        ..parts::row("lot", &lot.subject)
    }
}
