//! A donor's report.

use waybill_api::{DonorReport, EnvelopeReport, Filed, Item, Stages};
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::money::Money;

use super::html::{Kind, counted, spoken, written};
use super::paper::{Block, Cell, Paper, Row, Section, Table};
use super::parts;

pub(crate) fn donor(report: &DonorReport) -> Paper {
    let total = &report.money.total;
    let items: usize = report.envelopes.iter().map(|envelope| envelope.items.all).sum();
    let lapses = report.money.envelopes.iter().filter_map(|given| Some((given, given.lapses?)));
    let next = lapses.min_by_key(|(_, lapse)| lapse.by);
    let next = next.map_or_else(
        || "Nothing of it has a day on which it lapses.".to_owned(),
        |(given, lapse)| {
            format!(
                "Of {}, {} lapses unless it is used by {}.",
                given.id,
                lapse.amount,
                written(lapse.by)
            )
        },
    );
    let summary = format!(
        "Of {} committed, {} is paid and {} is bound by orders. It serves {}. {next}",
        total.money.committed,
        total.money.disbursed,
        total.money.obligated,
        counted(items as u64, "lot", "lots"),
    );
    let mut sections = vec![
        parts::envelopes(&report.money),
        Section::new(
            "consents",
            "Consents asked for",
            vec![Block::Table(parts::waits(
                "Lots to whose cost the donor has to agree",
                "Whose move",
                "No consent is asked for.",
                &report.consents,
            ))],
        ),
    ];
    for envelope in report.envelopes.iter().filter(|e| e.items.all > 0) {
        sections.push(Section::new(
            &envelope.id,
            &format!("What {} pays for", envelope.id),
            vec![Block::Table(item_table(envelope)), Block::Table(document_table(envelope))],
        ));
    }
    let money = &total.money;
    Paper {
        kind: "Donor report",
        title: report.name.clone(),
        day: format!("{}, as of {}", report.coalition, written(report.day)),
        summary,
        figures: figures(money),
        sections,
        rows: rows(report),
    }
}

/// The committed amount, and the parts that add up to it.
fn figures(money: &Stages<Money>) -> Vec<(&'static str, String)> {
    let Stages { committed, unopened, left, proposed, agreed, obligated, disbursed, .. } = *money;
    let beyond = Money::new(-money.overrun.minor, committed.currency);
    let aside = Money::new(proposed.minor + agreed.minor, committed.currency);
    let always = [("Committed", committed), ("Disbursed", disbursed), ("Contracted", obligated)];
    let mut shown = Vec::from(always);
    let some = [("Set aside", aside), ("Not open yet", unopened), ("Lapsed", money.expired)];
    shown.extend(some.into_iter().filter(|(_, part)| part.minor != 0));
    shown.push(("Left", left));
    shown.extend((beyond.minor != 0).then_some(("Paid beyond", beyond)));
    shown.into_iter().map(|(name, money)| (name, money.to_string())).collect()
}

fn share(state: Option<ShareState>) -> &'static str {
    match state {
        Some(ShareState::Proposed) => "proposed",
        Some(ShareState::Agreed) => "set aside",
        Some(ShareState::Obligated) => "contracted",
        Some(ShareState::Disbursed) => "paid",
        None => "in kind",
    }
}

/// The order's number, unless the text before contains it.
fn order(item: &Item) -> String {
    item.order.clone().filter(|order| !item.place.contains(order.as_str())).unwrap_or_default()
}

fn item_table(envelope: &EnvelopeReport) -> Table {
    let line = |item: &Item| {
        vec![
            parts::lot(&item.subject),
            Cell::from(item.subject.item.clone()).aside(format!("for {}", item.subject.requester)),
            parts::much(&item.subject).into(),
            item.amount.map_or_else(|| Cell::from("in kind"), Cell::money),
            share(item.share).into(),
            Cell::from(item.place.clone()).aside(order(item)),
            parts::day(item.due).into(),
        ]
    };
    Table {
        caption: "Items by lot: what each costs the envelope, and where it is".to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Item", Kind::Text),
            ("Quantity", Kind::Brief),
            ("Cost", Kind::Number),
            ("Money", Kind::Brief),
            ("Where it is", Kind::Text),
            ("Due", Kind::Brief),
        ],
        rows: envelope.items.first.iter().map(line).collect(),
        all: envelope.items.all,
        nothing: "It pays for nothing yet.",
    }
}

fn document_table(envelope: &EnvelopeReport) -> Table {
    let line = |filed: &Filed| {
        vec![
            filed.day.to_string().into(),
            spoken(&filed.kind).into(),
            filed.number.clone().into(),
            filed.sender.clone().into(),
            filed.about.clone().into(),
        ]
    };
    Table {
        caption: "Documents by day".to_owned(),
        columns: vec![
            ("Day", Kind::Brief),
            ("Document", Kind::Brief),
            ("Number", Kind::Text),
            ("From", Kind::Brief),
            ("About", Kind::Text),
        ],
        rows: envelope.documents.first.iter().map(line).collect(),
        all: envelope.documents.all,
        nothing: "There are no documents yet.",
    }
}

fn rows(report: &DonorReport) -> Vec<Row> {
    let mut rows = Vec::new();
    for given in &report.money.envelopes {
        let Some(money) = &given.money else { continue };
        for (what, amount) in [
            ("committed", money.committed),
            ("not open yet", money.unopened),
            ("left", money.left),
            ("proposed", money.proposed),
            ("set aside", money.agreed),
            ("contracted", money.obligated),
            ("disbursed", money.disbursed),
            ("lapsed", money.expired),
            ("overrun", money.overrun),
        ] {
            rows.push(Row {
                section: "money",
                subject: given.id.clone(),
                party: given.donors.join(" "),
                amount: Some(amount),
                detail: what.to_owned(),
                ..Row::default()
            });
        }
        if let Some(lapse) = given.lapses {
            rows.push(Row {
                section: "deadline",
                day: lapse.by.to_string(),
                subject: given.id.clone(),
                party: given.donors.join(" "),
                amount: Some(lapse.amount),
                detail: "lapses unless it is used".to_owned(),
                ..Row::default()
            });
        }
    }
    for envelope in &report.envelopes {
        rows.extend(envelope.items.first.iter().map(|item| Row {
            day: item.due.map(|due| due.to_string()).unwrap_or_default(),
            party: envelope.id.clone(),
            amount: item.amount,
            detail: format!("{}; {}", share(item.share), item.place),
            ..parts::row("item", &item.subject)
        }));
        rows.extend(envelope.documents.first.iter().map(|filed| Row {
            section: "document",
            day: filed.day.to_string(),
            subject: filed.number.clone(),
            party: filed.sender.clone(),
            detail: format!("{} {}", filed.kind, filed.about),
            ..Row::default()
        }));
    }
    rows.extend(parts::wait_rows("consent", &report.consents));
    rows
}
