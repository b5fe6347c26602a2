//! The weekly report.

use waybill_api::{IncidentView, MoneyMoved, Move, Task, WeeklyReport};
use waybill_shared::domain::money::Money;

use super::html::{Kind, some, spoken, written};
use super::paper::{Block, Cell, Paper, Row, Section, Table};
use super::parts;

pub(crate) fn weekly(report: &WeeklyReport) -> Paper {
    let WeeklyReport { received, ordered, declined, overdue, incidents, .. } = report;
    // What the secretariat has to chase is already listed as overdue for others, so it is counted
    // once.
    let chases = |row: &&Move| matches!(row.task, Task::ChaseReview | Task::ChaseConsent);
    let late = overdue.iter().filter(|row| !chases(row)).map(|row| row.overdue).sum::<u64>();
    let late = usize::try_from(late).unwrap_or(usize::MAX);
    let summary = format!(
        "In this week {} received and {} drawn up; {} declined; {} overdue, and {} open.",
        some(received.all, "lot was", "lots were"),
        some(ordered.all, "order was", "orders were"),
        some(declined.all, "lot was", "lots were"),
        some(late, "lot is", "lots are"),
        some(incidents.len(), "incident is", "incidents are"),
    );
    let section =
        |id: &str, heading: &str, table| Section::new(id, heading, vec![Block::Table(table)]);
    let mut sections = vec![
        section("overdue", "Overdue, and whose move it is", overdue_table(report)),
        section("received", "Received", received_table(report)),
        section("ordered", "Ordered", ordered_table(report)),
        section("declined", "Declined", declined_table(report)),
        section("moved", "How the money moved", moved_table(&report.moved)),
        section("incidents", "Incidents", incident_table(report)),
        parts::funnel(&report.funnel),
        parts::money(&report.money),
    ];
    if !report.lead_times.is_empty() {
        sections.push(parts::lead_times(&report.lead_times));
    }
    sections.push(section("happened", "Everything that happened", happened_table(report)));
    Paper {
        kind: "Weekly report",
        title: report.coalition.clone(),
        day: format!("The week from {} to {}", written(report.from), written(report.day)),
        summary,
        figures: vec![
            ("Received", received.all.to_string()),
            ("Orders", ordered.all.to_string()),
            ("Declined", declined.all.to_string()),
            ("Overdue", late.to_string()),
            ("Incidents", incidents.len().to_string()),
        ],
        sections,
        rows: rows(report),
    }
}

fn received_table(report: &WeeklyReport) -> Table {
    let line = |received: &waybill_api::Received| {
        let late = received.days_late.map_or_else(
            || "in time".to_owned(),
            |days| format!("{} late", some(days.unsigned_abs() as usize, "day", "days")),
        );
        vec![
            parts::lot(&received.subject),
            received.day.to_string().into(),
            received.subject.item.clone().into(),
            parts::much(&received.subject).into(),
            received.consignee.clone().into(),
            late.into(),
        ]
    };
    Table {
        caption: "What was received, activated or accepted, the latest first".to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Day", Kind::Brief),
            ("Item", Kind::Text),
            ("Quantity", Kind::Brief),
            ("Consignee", Kind::Brief),
            ("When", Kind::Brief),
        ],
        rows: report.received.first.iter().map(line).collect(),
        all: report.received.all,
        nothing: "Nothing was received.",
    }
}

fn ordered_table(report: &WeeklyReport) -> Table {
    let line = |order: &waybill_api::DrawnUp| {
        vec![
            order.number.clone().into(),
            order.day.to_string().into(),
            order.supplier.clone().into(),
            order.channel.clone().into(),
            order.lots.to_string().into(),
            order.total.map_or_else(|| Cell::from("in kind"), Cell::money),
        ]
    };
    Table {
        caption: "Orders that were drawn up, the latest first".to_owned(),
        columns: vec![
            ("Order", Kind::Name),
            ("Day", Kind::Brief),
            ("Supplier", Kind::Brief),
            ("Bought by", Kind::Brief),
            ("Lots", Kind::Number),
            ("Total", Kind::Number),
        ],
        rows: report.ordered.first.iter().map(line).collect(),
        all: report.ordered.all,
        nothing: "No order was drawn up.",
    }
}

fn declined_table(report: &WeeklyReport) -> Table {
    let line = |declined: &waybill_api::Declined| {
        vec![
            parts::lot(&declined.subject),
            declined.day.to_string().into(),
            declined.subject.item.clone().into(),
            Cell::from(declined.reason.clone()).aside(spoken(&declined.code)),
        ]
    };
    Table {
        caption: "What was declined, the latest first".to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Day", Kind::Brief),
            ("Item", Kind::Text),
            ("Why", Kind::Long),
        ],
        rows: report.declined.first.iter().map(line).collect(),
        all: report.declined.all,
        nothing: "Nothing was declined.",
    }
}

fn moved_table(moved: &[MoneyMoved]) -> Table {
    let amount = |money: Money| match money.minor.signum() {
        1 => Cell::from(format!("+{money}")),
        -1 => Cell::from(format!("−{}", Money::new(-money.minor, money.currency))),
        _ => Cell::money(money),
    };
    let line = |moved: &MoneyMoved| {
        let MoneyMoved { committed, allocated, obligated, disbursed, expired, .. } = moved;
        let mut cells = vec![Cell::from(moved.envelope.clone()).aside(moved.donors.join(", "))];
        cells.extend([committed, allocated, obligated, disbursed, expired].map(|m| amount(*m)));
        cells
    };
    Table {
        caption: "What of each envelope is more, or less, than a week before".to_owned(),
        columns: vec![
            ("Envelope", Kind::Name),
            ("Committed", Kind::Number),
            ("Set aside", Kind::Number),
            ("Contracted", Kind::Number),
            ("Disbursed", Kind::Number),
            ("Lapsed", Kind::Number),
        ],
        rows: moved.iter().map(line).collect(),
        all: moved.len(),
        nothing: "No money has moved.",
    }
}

fn overdue_table(report: &WeeklyReport) -> Table {
    let line = |row: &Move| {
        let first: Vec<String> = row.first.iter().take(3).map(ToString::to_string).collect();
        let more = if row.first.len() > first.len() { " …" } else { "" };
        vec![
            row.party.clone().into(),
            spoken(row.task.name()).into(),
            row.overdue.to_string().into(),
            parts::day(row.due).into(),
            row.lots.to_string().into(),
            format!("{}{more}", first.join(", ")).into(),
        ]
    };
    Table {
        caption: "What should have been done by now, by whom".to_owned(),
        columns: vec![
            ("Whose move", Kind::Name),
            ("What", Kind::Brief),
            ("Lots overdue", Kind::Number),
            ("Due since", Kind::Brief),
            ("Lots in all", Kind::Number),
            ("The first of them", Kind::Text),
        ],
        rows: report.overdue.iter().map(line).collect(),
        all: report.overdue.len(),
        nothing: "Nothing is overdue.",
    }
}

fn incident_table(report: &WeeklyReport) -> Table {
    let line = |incident: &IncidentView| {
        let first: Vec<String> = incident.first.iter().take(3).map(ToString::to_string).collect();
        let about = if first.is_empty() { &incident.subjects } else { &first };
        vec![
            incident.cause.clone().into(),
            incident.lots.to_string().into(),
            about.join(", ").into(),
        ]
    };
    Table {
        caption: "What an operator has to look at, by cause".to_owned(),
        columns: vec![("Cause", Kind::Name), ("Lots parked", Kind::Number), ("About", Kind::Long)],
        rows: report.incidents.iter().map(line).collect(),
        all: report.incidents.len(),
        nothing: "No incident is open.",
    }
}

fn happened_table(report: &WeeklyReport) -> Table {
    let line = |count: &waybill_api::Count| {
        let (subject, what) = count.kind.split_once('.').unwrap_or(("", &count.kind));
        vec![
            Cell::from(format!("{} {}", spoken(subject), what.replace('_', " "))),
            count.events.to_string().into(),
        ]
    };
    Table {
        caption: "Events of the week, by kind".to_owned(),
        columns: vec![("What", Kind::Name), ("How often", Kind::Number)],
        rows: report.happened.iter().map(line).collect(),
        all: report.happened.len(),
        nothing: "Nothing happened.",
    }
}

fn rows(report: &WeeklyReport) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(report.overdue.iter().map(|row| Row {
        section: "overdue",
        day: row.due.map(|due| due.to_string()).unwrap_or_default(),
        subject: row.first.first().map(ToString::to_string).unwrap_or_default(),
        quantity: row.overdue.to_string(),
        party: row.party.clone(),
        detail: row.task.name().to_owned(),
        ..Row::default()
    }));
    rows.extend(report.received.first.iter().map(|received| Row {
        day: received.day.to_string(),
        party: received.consignee.clone(),
        detail: received.order.clone().unwrap_or_default(),
        ..parts::row("received", &received.subject)
    }));
    rows.extend(report.ordered.first.iter().map(|order| Row {
        section: "ordered",
        day: order.day.to_string(),
        subject: order.number.clone(),
        party: order.supplier.clone(),
        amount: order.total,
        detail: format!("bought by {}", order.channel),
        ..Row::default()
    }));
    rows.extend(report.declined.first.iter().map(|declined| Row {
        day: declined.day.to_string(),
        detail: declined.reason.clone(),
        ..parts::row("declined", &declined.subject)
    }));
    for moved in &report.moved {
        let MoneyMoved { committed, allocated, obligated, disbursed, expired, .. } = moved;
        for (what, amount) in [
            ("committed", committed),
            ("set aside", allocated),
            ("contracted", obligated),
            ("disbursed", disbursed),
            ("lapsed", expired),
        ] {
            rows.push(Row {
                section: "moved",
                subject: moved.envelope.clone(),
                party: moved.donors.join(" "),
                amount: Some(*amount),
                detail: what.to_owned(),
                ..Row::default()
            });
        }
    }
    rows.extend(report.incidents.iter().map(|incident| Row {
        section: "incident",
        subject: incident.first.first().map(ToString::to_string).unwrap_or_default(),
        quantity: incident.lots.to_string(),
        detail: incident.cause.clone(),
        ..Row::default()
    }));
    rows
}
