//! Parts of several reports: how far lots have come, money, lead times, the roadmap.

use chrono::NaiveDate;
use waybill_api::lead_times::LeadTime;
use waybill_api::{DonorTotal, Few, Funnel, MoneyView, Promise, Stages, Subject, Wait};
use waybill_shared::domain::money::Money;
use waybill_shared::matching::roadmap::Plan;

use super::html::chart::{Part, percent};
use super::html::{Kind, counted, spoken, written};
use super::paper::{Bar, Bars, Block, Cell, Row, Section, Table, digits, quantity};
use crate::output::grouped;

/// The stages of a lot: the API's name, the name for people, and what happens at it next.
const STAGES: [(&str, &str, &str); 6] = [
    ("asked", "Asked for", "to be validated"),
    ("validated", "Validated", "to be funded"),
    ("funded", "Funded", "to be ordered"),
    ("ordered", "Ordered", "to be received"),
    ("received", "Received", "to be paid"),
    ("paid", "Paid", "at their end"),
];

/// A lot as the name of a row, with its line.
pub(super) fn lot(subject: &Subject) -> Cell {
    Cell::from(subject.lot.to_string()).aside(&subject.line)
}

pub(super) fn much(subject: &Subject) -> String {
    quantity(&subject.quantity, &subject.unit)
}

pub(super) fn rank(subject: &Subject) -> String {
    format!("{}/{}", subject.priority.class, subject.priority.rank)
}

pub(super) fn day(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "–".to_owned(), |day| day.to_string())
}

pub(super) fn row(section: &'static str, subject: &Subject) -> Row {
    Row {
        section,
        subject: subject.lot.to_string(),
        line: subject.line.clone(),
        requester: subject.requester.clone(),
        item: subject.item.clone(),
        quantity: subject.quantity.clone(),
        unit: subject.unit.clone(),
        ..Row::default()
    }
}

/// The money that is set aside for a lot that waits.
fn set_aside(wait: &Wait) -> Cell {
    let mut names = wait.money.iter().map(|(envelope, _)| envelope.as_str()).collect::<Vec<_>>();
    names.dedup();
    let sum = wait.money.iter().map(|(_, money)| Ok(*money)).reduce(|a, b| a?.checked_add(b?));
    match sum {
        None => "–".into(),
        Some(Ok(sum)) => Cell::money(sum).aside(names.join(", ")),
        Some(Err(_)) => {
            let each = |(_, money): &(String, Money)| money.to_string();
            let each: Vec<String> = wait.money.iter().map(each).collect();
            Cell::from(each.join(", ")).aside(names.join(", "))
        }
    }
}

/// The decisions that are needed, and who has to make them.
pub(super) fn waits(
    caption: &str,
    whose: &'static str,
    nothing: &'static str,
    waits: &Few<Wait>,
) -> Table {
    let line = |wait: &Wait| {
        let due = match wait.is_overdue {
            true => Cell::from(day(wait.until)).aside("overdue"),
            false => day(wait.until).into(),
        };
        vec![
            lot(&wait.subject),
            wait.subject.item.clone().into(),
            set_aside(wait),
            wait.whose.join(", ").into(),
            day(wait.since).into(),
            due,
        ]
    };
    Table {
        caption: caption.to_owned(),
        columns: vec![
            ("Lot and request", Kind::Name),
            ("Item", Kind::Text),
            ("Money", Kind::Number),
            (whose, Kind::Brief),
            ("Since", Kind::Brief),
            ("Until", Kind::Brief),
        ],
        rows: waits.first.iter().map(line).collect(),
        all: waits.all,
        nothing,
    }
}

/// Does the same for programs.
pub(super) fn wait_rows(section: &'static str, waits: &Few<Wait>) -> Vec<Row> {
    let line = |wait: &Wait| Row {
        day: wait.until.map(|until| until.to_string()).unwrap_or_default(),
        party: wait.whose.join(" "),
        amount: match wait.money.as_slice() {
            [(_, money)] => Some(*money),
            _ => None,
        },
        detail: if wait.is_overdue { "overdue".to_owned() } else { String::new() },
        ..row(section, &wait.subject)
    };
    waits.first.iter().map(line).collect()
}

pub(super) fn funnel(funnel: &Funnel) -> Section {
    let whole = funnel.stages.iter().map(|stage| stage.reached).max().unwrap_or(0);
    let bar = |stage: &waybill_api::Stage| {
        let known = STAGES.iter().find(|(name, ..)| *name == stage.name);
        let (name, meaning) = known.map_or((stage.name.as_str(), ""), |(_, n, m)| (*n, *m));
        let further = stage.reached - stage.here;
        let is_end = stage.name == "paid";
        let lots = counted(stage.reached.unsigned_abs(), "lot", "lots");
        let share = percent(i128::from(stage.reached), i128::from(whole));
        Bar {
            name: name.to_owned(),
            value: match stage.here {
                _ if is_end => format!("{lots}, {share}"),
                0 => format!("{lots}, {share}"),
                here => format!("{lots}, {share}; {here} {meaning}"),
            },
            parts: vec![
                Part {
                    class: "delivered",
                    size: i128::from(further),
                    title: format!("{further} have gone further or ended"),
                },
                Part {
                    class: if is_end { "delivered" } else { "allocated" },
                    size: i128::from(stage.here),
                    title: format!("{} {meaning}", stage.here),
                },
            ],
            whole: i128::from(whole),
            limit: None,
        }
    };
    let mut others = Vec::new();
    for (lots, what) in [
        (funnel.declined, "declined"),
        (funnel.merged, "merged into others"),
        (funnel.cancelled, "cancelled"),
        (funnel.short, "not delivered, within the tolerance"),
        (funnel.parked, "parked for an operator"),
    ] {
        if lots > 0 {
            others.push(format!("{lots} {what}"));
        }
    }
    let mut blocks = vec![Block::Bars(Bars {
        caption: "How many lots have come at least so far".to_owned(),
        legend: vec![
            ("delivered", "Further", "gone further, or at their end"),
            ("allocated", "Here", "still there"),
        ],
        bars: funnel.stages.iter().map(bar).collect(),
    })];
    if !others.is_empty() {
        blocks.push(Block::Text(format!("Of all lots, {}.", others.join(", "))));
    }
    Section::new("funnel", "How far lots have come", blocks)
}

/// A part of money: class, name, meaning, and amount.
type Share = (&'static str, &'static str, &'static str, fn(&Stages<Money>) -> Money);

/// The parts of money, from the furthest.
const SHARES: [Share; 7] = [
    ("paid", "Disbursed", "paid", |money| money.disbursed),
    ("contracted", "Contracted", "bound by an order", |money| money.obligated),
    ("allocated", "Set aside", "for a lot", |money| money.agreed),
    ("unfunded", "Proposed", "its donor is asked", |money| money.proposed),
    ("expired", "Lapsed", "no longer available", |money| money.expired),
    ("left", "Left", "free for lots", |money| money.left),
    ("other", "Not open yet", "opens later", |money| money.unopened),
];

/// A bar of money; `whole` is the amount of a full bar.
fn money_bar(name: String, money: &Stages<Money>, whole: i128) -> Bar {
    let part = |(class, name, _, of): &Share| {
        let amount = of(money);
        let size = i128::from(amount.minor).max(0);
        Part { class, size, title: format!("{name} {amount}") }
    };
    let parts: Vec<Part> = SHARES.iter().map(part).collect();
    let used: i128 = parts.iter().map(|part| part.size).sum();
    let committed = i128::from(money.committed.minor);
    let told = SHARES.iter().filter_map(|(_, name, _, of)| {
        let minor = i128::from(of(money).minor);
        let name = name.to_lowercase();
        (minor > 0).then(|| format!("{} {name}", percent(minor, committed)))
    });
    let told: Vec<String> = told.collect();
    let over = if used > committed { ", overrun" } else { "" };
    Bar {
        name,
        value: format!("{}: {}{over}", money.committed, told.join(", ")),
        parts,
        whole: whole.max(used),
        limit: (used > committed).then_some(committed),
    }
}

/// The parts that at least one amount has.
fn money_legend<'a>(
    all: impl Iterator<Item = &'a Stages<Money>> + Clone,
) -> Vec<(&'static str, &'static str, &'static str)> {
    let is_there = |share: &&Share| all.clone().any(|money| share.3(money).minor != 0);
    SHARES.iter().filter(is_there).map(|(class, name, what, _)| (*class, *name, *what)).collect()
}

/// The money of all donors, in the coalition's currency.
pub(super) fn money(view: &MoneyView) -> Section {
    let donors: Vec<&DonorTotal> =
        view.donors.iter().filter(|donor| donor.money.committed.minor > 0).collect();
    let full = |money: &Stages<Money>| {
        let used: i128 = SHARES.iter().map(|share| i128::from(share.3(money).minor).max(0)).sum();
        used.max(i128::from(money.committed.minor))
    };
    let whole = donors.iter().map(|donor| full(&donor.money)).max().unwrap_or(0);
    let name = |donor: &DonorTotal| donor.name.clone();
    let bars = donors.iter().map(|donor| money_bar(name(donor), &donor.money, whole));
    let bars: Vec<Bar> = bars.collect();
    let line = |donor: &DonorTotal| {
        let DonorTotal { pledged, money, .. } = donor;
        let pledged = match (pledged.minor, donor.unquantified) {
            (0, 0) => Cell::from("–"),
            (0, _) => Cell::from("no amount"),
            (_, 0) => Cell::from(digits(*pledged)),
            (_, _) => Cell::from(digits(*pledged)).aside("and more"),
        };
        let aside = Money::new(money.agreed.minor + money.proposed.minor, money.agreed.currency);
        let left = money.left.minor + money.unopened.minor - money.overrun.minor;
        let left = Money::new(left, money.left.currency);
        let mut cells = vec![name(donor).into(), pledged];
        let amounts =
            [money.committed, money.disbursed, money.obligated, aside, money.expired, left];
        cells.extend(amounts.map(|amount| Cell::from(digits(amount))));
        cells
    };
    let mut rows: Vec<Vec<Cell>> = view.donors.iter().map(line).collect();
    if view.donors.len() > 1 {
        rows.push(line(&DonorTotal { name: "All".to_owned(), ..view.total.clone() }));
    }
    let rates: Vec<String> = view
        .rates
        .iter()
        .map(|rate| {
            format!("{} {} for one EUR ({}, {})", rate.rate, rate.currency, rate.source, rate.date)
        })
        .collect();
    let base = view.total.pledged.currency;
    let at = match rates.as_slice() {
        [] => String::new(),
        rates => format!(" Other currencies are converted at {}.", rates.join("; ")),
    };
    let table = Table {
        caption: format!("In {base}; pledges in their own currency"),
        columns: vec![
            ("Donor", Kind::Name),
            ("Pledged", Kind::Number),
            ("Committed", Kind::Number),
            ("Disbursed", Kind::Number),
            ("Contracted", Kind::Number),
            ("Set aside", Kind::Number),
            ("Lapsed", Kind::Number),
            ("Left", Kind::Number),
        ],
        all: rows.len(),
        rows,
        nothing: "Nobody has promised money.",
    };
    let mut blocks = Vec::new();
    if !bars.is_empty() {
        blocks.push(Block::Bars(Bars {
            caption: format!(
                "What became of each donor’s commitments, in {base}. Bars compare in amount.{at}"
            ),
            legend: money_legend(donors.iter().map(|donor| &donor.money)),
            bars,
        }));
    }
    blocks.push(Block::Table(table));
    Section::new("money", "The money, by donor", blocks)
}

/// The money of single envelopes, each in its own currency.
pub(super) fn envelopes(view: &MoneyView) -> Section {
    let firm: Vec<(&Promise, &Stages<Money>)> =
        view.envelopes.iter().filter_map(|given| Some((given, given.money.as_ref()?))).collect();
    let bars = firm.iter().map(|(given, money)| {
        money_bar(given.id.clone(), money, i128::from(money.committed.minor))
    });
    let line = |given: &Promise| {
        let what = match (&given.money, &given.amount, given.in_kind.as_slice()) {
            (Some(money), ..) => money.committed.to_string(),
            (None, Some(amount), _) => format!("{amount}, pledged"),
            (None, None, []) => "pledged without an amount".to_owned(),
            (None, None, gifts) => {
                gifts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
        };
        let lapses = given.lapses.map_or_else(
            || Cell::from("nothing"),
            |lapse| Cell::from(lapse.amount.to_string()).aside(format!("by {}", lapse.by)),
        );
        vec![
            Cell::from(given.id.clone()).aside(given.donors.join(", ")),
            what.into(),
            given.stated.to_string().into(),
            day(given.obligate_by).into(),
            day(given.pay_by).into(),
            lapses,
        ]
    };
    let rows: Vec<Vec<Cell>> = view.envelopes.iter().map(line).collect();
    let table = Table {
        caption: "Contributions and their deadlines; what is not used by then lapses".to_owned(),
        columns: vec![
            ("Contribution", Kind::Name),
            ("What", Kind::Text),
            ("Stated", Kind::Brief),
            ("To be bound by", Kind::Brief),
            ("To be paid by", Kind::Brief),
            ("Would lapse", Kind::Number),
        ],
        all: rows.len(),
        rows,
        nothing: "Nothing is promised.",
    };
    let mut blocks = vec![Block::Table(table)];
    if !firm.is_empty() {
        let bars = Bars {
            caption: "What became of each commitment. A full bar is all of it, in its currency."
                .to_owned(),
            legend: money_legend(firm.iter().map(|(_, money)| *money)),
            bars: bars.collect(),
        };
        blocks.insert(0, Block::Bars(bars));
    }
    Section::new("money", "The money, by contribution", blocks)
}

pub(super) fn lead_times(times: &[LeadTime]) -> Section {
    let whole = times.iter().map(|time| time.p90_days.0).max().unwrap_or(0);
    let bar = |time: &LeadTime| {
        let (half, most) = (i128::from(time.median_days.0), i128::from(time.p90_days.0));
        Bar {
            name: spoken(&time.name),
            value: format!(
                "{}, half within {} days, nine in ten within {}",
                counted(time.lots, "lot", "lots"),
                time.median_days,
                time.p90_days
            ),
            parts: vec![
                Part { class: "paid", size: half, title: format!("{} days", time.median_days) },
                Part {
                    class: "contracted",
                    size: most - half,
                    title: format!("{} days", time.p90_days),
                },
            ],
            whole: i128::from(whole).max(1),
            limit: None,
        }
    };
    let bars = Bars {
        caption: "Days that lots stayed at each step, over the whole history".to_owned(),
        legend: vec![
            ("paid", "Half of the lots", "took at most this long"),
            ("contracted", "Nine in ten", "took at most this long"),
        ],
        bars: times.iter().map(bar).collect(),
    };
    Section::new("times", "Time per step", vec![Block::Bars(bars)])
}

pub(super) fn roadmap(plan: &Plan) -> Section {
    let minor = |money: &Money| i128::from(money.minor);
    let whole =
        plan.quarters.iter().map(|quarter| minor(&quarter.cost) + minor(&quarter.open_cost));
    let whole = whole.max().unwrap_or(0).max(1);
    let bars = plan.quarters.iter().map(|quarter| Bar {
        name: quarter.name.clone(),
        value: format!(
            "{} for {}; {} open, {}",
            counted(quarter.funded.len() as u64, "lot", "lots"),
            quarter.cost,
            grouped(quarter.open_lots as u64),
            quarter.open_cost
        ),
        parts: vec![
            Part { class: "paid", size: minor(&quarter.cost), title: quarter.cost.to_string() },
            Part {
                class: "unfunded",
                size: minor(&quarter.open_cost),
                title: quarter.open_cost.to_string(),
            },
        ],
        whole,
        limit: None,
    });
    let bars = Bars {
        caption: format!(
            "What gets its money by quarter, from {} to {}, if nothing changes. Offers that hold now \
             are taken to be renewed at their prices.",
            written(plan.from),
            written(plan.to)
        ),
        legend: vec![
            ("paid", "Funded", "gets its money in the quarter"),
            ("unfunded", "Open", "still without money at its end"),
        ],
        bars: bars.collect(),
    };
    let list = |money: &[(String, Money)]| {
        let money: Vec<String> = money.iter().map(|(id, money)| format!("{id} {money}")).collect();
        if money.is_empty() { "–".to_owned() } else { money.join(", ") }
    };
    let line = |quarter: &waybill_shared::matching::roadmap::Quarter| {
        vec![
            quarter.name.clone().into(),
            list(&quarter.opens).into(),
            Cell::from(list(&quarter.lapses)),
        ]
    };
    let moves = plan.quarters.iter().filter(|q| !q.opens.is_empty() || !q.lapses.is_empty());
    let rows: Vec<Vec<Cell>> = moves.map(line).collect();
    let table = Table {
        caption: "Money that opens, and money that would lapse unused".to_owned(),
        columns: vec![("Quarter", Kind::Name), ("Opens", Kind::Text), ("Would lapse", Kind::Text)],
        all: rows.len(),
        rows,
        nothing: "No money opens or lapses in that time.",
    };
    Section::new("roadmap", "The roadmap", vec![Block::Bars(bars), Block::Table(table)])
}
