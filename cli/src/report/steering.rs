//! The report for a steering group: first the decisions, then the facts behind them.

use waybill_api::{LateSupplier, Must, Promise, Short, SteeringReport, Unoffered};

use super::html::{Kind, counted, some, written};
use super::paper::{Block, Cell, Paper, Row, Section, Table};
use super::parts;

pub(crate) fn steering(report: &SteeringReport) -> Paper {
    let SteeringReport { reviews, consents, approvals, unfunded, lapsing, late, .. } = report;
    let overdue = |waits: &[waybill_api::Wait]| {
        let overdue = waits.iter().filter(|wait| wait.is_overdue).count();
        if overdue > 0 { format!(" ({overdue} overdue)") } else { String::new() }
    };
    let summary = format!(
        "To be decided: {}{}, {}{} and {} to be approved. Without money: {}; without an offer: {}. Within 90 days, {} in part; {} late.",
        some(reviews.all, "review", "reviews"),
        overdue(&reviews.first),
        some(consents.all, "consent", "consents"),
        overdue(&consents.first),
        some(approvals.all, "lot", "lots"),
        some(unfunded.all, "lot", "lots"),
        some(report.unoffered.all, "lot", "lots"),
        some(lapsing.len(), "envelope lapses", "envelopes lapse"),
        some(late.len(), "supplier is", "suppliers are"),
    );
    let section =
        |id: &str, heading: &str, table| Section::new(id, heading, vec![Block::Table(table)]);
    let sections = vec![
        section("unfunded", "What the most urgent lots are short of", unfunded_table(report)),
        section("unoffered", "What no offer fits", unoffered_table(report)),
        section(
            "reviews",
            "Reviews to be given",
            parts::waits(
                "Lots that an expert group has to review",
                "Whose move",
                "No review is asked for.",
                reviews,
            ),
        ),
        section(
            "consents",
            "Consents to be given",
            parts::waits(
                "Lots to whose cost a donor has to agree",
                "Whose move",
                "No consent is asked for.",
                consents,
            ),
        ),
        section(
            "approvals",
            "Orders to be approved",
            parts::waits(
                "Lots under orders above the limit, which are sent once they are approved",
                "Order",
                "No order is to be approved.",
                approvals,
            ),
        ),
        section("lapsing", "Money that lapses within 90 days", lapsing_table(lapsing)),
        section("late", "Late suppliers", late_table(late)),
        parts::funnel(&report.funnel),
        parts::money(&report.money),
        parts::roadmap(&report.plan),
    ];
    Paper {
        kind: "Steering report",
        title: report.coalition.clone(),
        day: format!("As of {}", written(report.day)),
        summary,
        figures: vec![
            ("Reviews", reviews.all.to_string()),
            ("Consents", consents.all.to_string()),
            ("Approvals", approvals.all.to_string()),
            ("Unfunded", unfunded.all.to_string()),
            ("Lapsing", lapsing.len().to_string()),
            ("Late", late.len().to_string()),
        ],
        sections,
        rows: rows(report),
    }
}

/// Explains the amounts that would fund lots.
const UNFUNDED: &str = "By priority. What is missing, added to any one of the envelopes, funds \
                        this lot alone, while all lots funded ahead of it keep their money";

fn unfunded_table(report: &SteeringReport) -> Table {
    let line = |short: &Short| {
        let missing = match (&short.missing, &short.cost) {
            (Some(missing), _) => Cell::money(*missing),
            (None, Some(_)) => "by the next round".into(),
            (None, None) => "nobody offers it".into(),
        };
        let from = match (short.from.as_slice(), short.would_unfund) {
            ([], _) => Cell::from("a new contribution"),
            (from, 0) => from.join(", ").into(),
            (from, lots) => Cell::from(from.join(", "))
                .aside(format!("would unfund {}", counted(lots as u64, "lot", "lots"))),
        };
        vec![
            parts::lot(&short.subject),
            parts::rank(&short.subject).into(),
            Cell::from(short.subject.item.clone()).aside(parts::much(&short.subject)),
            short.cost.map_or_else(|| Cell::from("–"), Cell::money),
            missing,
            from,
        ]
    };
    Table {
        caption: UNFUNDED.to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Rank", Kind::Brief),
            ("Item", Kind::Text),
            ("Cost", Kind::Number),
            ("Missing", Kind::Number),
            ("Added to", Kind::Text),
        ],
        rows: report.unfunded.first.iter().map(line).collect(),
        all: report.unfunded.all,
        nothing: "No lot waits for money.",
    }
}

fn unoffered_table(report: &SteeringReport) -> Table {
    let line = |lot: &Unoffered| {
        vec![
            parts::lot(&lot.subject),
            parts::rank(&lot.subject).into(),
            Cell::from(lot.subject.item.clone()).aside(parts::much(&lot.subject)),
            lot.reason.clone().into(),
        ]
    };
    Table {
        caption:
            "By priority. The secretariat finds an offer, or mends what keeps the nearest away"
                .to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Rank", Kind::Brief),
            ("Item", Kind::Text),
            ("Why", Kind::Text),
        ],
        rows: report.unoffered.first.iter().map(line).collect(),
        all: report.unoffered.all,
        nothing: "An offer fits every lot.",
    }
}

fn lapsing_table(lapsing: &[Promise]) -> Table {
    let line = |given: &Promise| {
        let lapse = given.lapses?;
        let what = match lapse.must {
            Must::Bind => "unless orders bind it",
            Must::Pay => "unless it is paid",
        };
        let when = match lapse.days {
            ..0 => format!("{} ago", counted(lapse.days.unsigned_abs(), "day", "days")),
            days => format!("in {}", counted(days.unsigned_abs(), "day", "days")),
        };
        Some(vec![
            Cell::from(given.id.clone()).aside(given.donors.join(", ")),
            Cell::money(lapse.amount),
            Cell::from(lapse.by.to_string()).aside(when),
            what.into(),
        ])
    };
    Table {
        caption: "By day; what is not used by then lapses".to_owned(),
        columns: vec![
            ("Envelope", Kind::Name),
            ("Amount", Kind::Number),
            ("By", Kind::Text),
            ("What", Kind::Text),
        ],
        rows: lapsing.iter().filter_map(line).collect(),
        all: lapsing.len(),
        nothing: "No money lapses in that time.",
    }
}

fn late_table(late: &[LateSupplier]) -> Table {
    let line = |late: &LateSupplier| {
        vec![
            Cell::from(late.name.clone()).aside(&late.supplier),
            late.lots.to_string().into(),
            late.orders.to_string().into(),
            late.days.to_string().into(),
            Cell::from(late.item.clone()).aside(late.first.to_string()),
        ]
    };
    Table {
        caption: "Suppliers with deliveries that are overdue, the longest first".to_owned(),
        columns: vec![
            ("Supplier", Kind::Name),
            ("Lots late", Kind::Number),
            ("Orders", Kind::Number),
            ("Days", Kind::Number),
            ("The first", Kind::Text),
        ],
        rows: late.iter().map(line).collect(),
        all: late.len(),
        nothing: "No delivery is late.",
    }
}

fn rows(report: &SteeringReport) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(report.unfunded.first.iter().map(|short| Row {
        party: short.from.join(" "),
        amount: short.missing,
        detail: short.reason.clone(),
        ..parts::row("unfunded", &short.subject)
    }));
    rows.extend(report.unoffered.first.iter().map(|lot| Row {
        party: "secretariat".to_owned(),
        detail: lot.reason.clone(),
        ..parts::row("unoffered", &lot.subject)
    }));
    rows.extend(parts::wait_rows("review", &report.reviews));
    rows.extend(parts::wait_rows("consent", &report.consents));
    rows.extend(parts::wait_rows("approval", &report.approvals));
    rows.extend(report.lapsing.iter().filter_map(|given| {
        let lapse = given.lapses?;
        Some(Row {
            section: "lapsing",
            day: lapse.by.to_string(),
            subject: given.id.clone(),
            party: given.donors.join(" "),
            amount: Some(lapse.amount),
            ..Row::default()
        })
    }));
    rows.extend(report.late.iter().map(|late| Row {
        section: "late",
        subject: late.first.to_string(),
        item: late.item.clone(),
        quantity: late.lots.to_string(),
        party: late.supplier.clone(),
        detail: format!("{} days", late.days),
        ..Row::default()
    }));
    for quarter in &report.plan.quarters {
        rows.push(Row {
            section: "roadmap",
            day: quarter.ends.to_string(),
            subject: quarter.name.clone(),
            quantity: quarter.funded.len().to_string(),
            amount: Some(quarter.cost),
            detail: format!("{} lots open", quarter.open_lots),
            ..Row::default()
        });
    }
    rows
}
