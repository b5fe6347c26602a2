//! How long looking takes where there are 1,000,000 lots.
//!
//! `cargo bench -p waybill --bench look -- [LOTS] [FOLDER]` makes such a data folder, if it is not there,
//! and runs commands on it. What is made is a coalition as any other: `waybill check` finds nothing.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{SubsecRound as _, TimeDelta, Utc};
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent, RecordKind};
use waybill_shared::domain::lot::{
    Awaited, Decline, Lot, LotState, Outcome, Priority, StepName, Timestamp,
};
use waybill_shared::domain::money::{Currency, Money, Rate};
use waybill_shared::domain::order::{Order, OrderLine, OrderStatus};
use waybill_shared::domain::price::Price;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, Fate, LineChange, LotChange, RecordChange, Store};

/// Lots committed together, and lines of an order.
const BATCH: i64 = 200;

/// Orders of lots committed together.
const TOGETHER: usize = 10;

/// Times that a command is run.
const TIMES: usize = 5;

/// What lots cost, in cents.
const COST: i64 = 12_000;

/// Of 1,000 batches of lots, how many are where.
const PLACES: [(u64, Place); 13] = [
    (700, Place::Delivered),
    (25, Place::Declined),
    (110, Place::Waits("delivery")),
    (25, Place::Waits("payment")),
    (20, Place::Waits("response")),
    (60, Place::Waits("funding")),
    (12, Place::Waits("consent")),
    (20, Place::Waits("review")),
    (8, Place::Waits("gathering")),
    (5, Place::Waits("acceptance")),
    (4, Place::Waits("release")),
    (3, Place::Parked),
    (8, Place::Short),
];

#[derive(Debug, Clone, Copy)]
enum Place {
    Delivered,
    Declined,
    Short,
    Parked,
    Waits(&'static str),
}

/// A number that looks random, the same for each `n`.
fn draw(n: i64) -> u64 {
    let mixed = (n as u64).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 20
}

fn place(batch: i64) -> Place {
    let mut drawn = draw(batch) % 1000;
    for (parts, place) in PLACES {
        if drawn < parts {
            return place;
        }
        drawn -= parts;
    }
    Place::Delivered
}

fn coalition(folder: &Path) -> Result<()> {
    let offers: String = (0..8)
        .map(|n| format!("O{n},SUP{n},item {n},H87,100.00,EUR,1,1,{},2025-01-01,,AGENT\n", 5 + n))
        .collect();
    let suppliers: String = (0..8).map(|n| format!("SUP{n},Supplier {n},,,,\n")).collect();
    let donors: String =
        (0..4).map(|n| format!("N{n},Nation {n},member,2024-01-01,,invented\n")).collect();
    let money: String = (0..4)
        .map(|n| format!("N{n}-1,N{n},commitment,2025-01-01,9000000000.00,EUR,each_line,2099-12-31,invented\n"))
        .collect();
    for (name, text) in [
        (
            "coalition.toml",
            "name = \"Many\"\ncurrency = \"EUR\"\nzone = \"UTC\"\nstart = \"2025-02-01\"\n"
                .to_owned(),
        ),
        (
            "offers.csv",
            format!(
                "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel\n{offers}"
            ),
        ),
        (
            "parties.csv",
            format!(
                "id,name,role,from,to,evidence\n{donors}MINISTRY,Ministry,beneficiary,2024-01-01,,invented\nOTHER,Other ministry,beneficiary,2024-01-01,,invented\nAGENT,Agent,buying_agent,2024-01-01,,invented\n{suppliers}"
            ),
        ),
        (
            "groups.csv",
            "id,name,prefixes,review_from,review_currency,review_days\nit,IT,324,,,10\n".to_owned(),
        ),
        (
            "contributions.csv",
            format!(
                "id,donors,firmness,stated,amount,currency,consent,obligate_by,source\n{money}"
            ),
        ),
        ("codes.csv", "scheme,code,name\nCPV,32413100-2,Network routers\n".to_owned()),
        ("consignees.csv", "code,requester,address\nC1,MINISTRY,somewhere\n".to_owned()),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// A line as number `n`.
fn line(n: i64) -> Result<Line> {
    let today = Utc::now().date_naive();
    let drawn = draw(n);
    Ok(Line {
        external_id: format!("REQ-{}/{}", 1 + n / 1000, 1 + n % 1000),
        requester: if drawn.is_multiple_of(3) { "OTHER" } else { "MINISTRY" }.to_owned(),
        item: format!("item {}", n % 8),
        description: String::new(),
        kind: Kind::Goods,
        classification: "32413100-2".to_owned(),
        scheme: "CPV".to_owned(),
        quantity: Quantity::whole(1 + n % 500),
        unit: "H87".parse()?,
        unit_estimate: Price::new(10_000, Currency::EUR),
        priority: Priority { class: 1 + (drawn % 4) as u8, rank: 1 + (drawn / 4 % 250_000) as u32 },
        requested: today - TimeDelta::days(400 + n % 300),
        needed_by: Some(today + TimeDelta::days((drawn % 700) as i64 - 200)),
        consignee: "C1".to_owned(),
        smallest_lot: None,
        together: None,
        tolerance_per_mille: 0,
        source: "invented".to_owned(),
    })
}

/// How a lot stands at `place`.
fn state(place: Place, order: &str, n: i64) -> (LotState, Option<ShareState>) {
    let waits = |step: &str, awaits| {
        let until = Some(Utc::now() + TimeDelta::days(n % 40 - 5));
        LotState::Waiting { step: StepName::new(step), awaits, until }
    };
    let order = order.to_owned();
    match place {
        Place::Delivered => (LotState::Closed(Outcome::Delivered), Some(ShareState::Disbursed)),
        Place::Declined => {
            let decline = Decline { code: "invented".to_owned(), text: "invented".to_owned() };
            (LotState::Closed(Outcome::Declined(decline)), None)
        }
        Place::Short => (LotState::Closed(Outcome::Short), None),
        Place::Parked => {
            let incident = format!("cause {}", n % 3);
            (LotState::Parked { step: StepName::new("issue_order"), incident }, None)
        }
        Place::Waits("delivery") => {
            (waits("confirm_delivery", Awaited::Delivery { order }), Some(ShareState::Obligated))
        }
        Place::Waits("payment") => {
            (waits("confirm_delivery", Awaited::Payment { order }), Some(ShareState::Obligated))
        }
        Place::Waits("response") => {
            (waits("issue_order", Awaited::Response { order }), Some(ShareState::Obligated))
        }
        Place::Waits("consent") => {
            let donors = vec![format!("N{}", n % 4)];
            (waits("match_donor", Awaited::Consent { donors }), Some(ShareState::Proposed))
        }
        Place::Waits("review") => (
            waits("validate_priority", Awaited::Review { group: "it".to_owned(), twin: None }),
            None,
        ),
        Place::Waits("gathering") => {
            (waits("issue_order", Awaited::Gathering), Some(ShareState::Agreed))
        }
        Place::Waits("acceptance") => {
            let contribution = "N0-1".to_owned();
            (waits("match_donor", Awaited::Acceptance { contribution }), None)
        }
        Place::Waits("release") => (waits("match_donor", Awaited::Release), None),
        Place::Waits(_) => (waits("match_donor", Awaited::Funding), None),
    }
}

/// The lots `first..first + BATCH`, at one place, under one order where that place has one.
fn batch(first: i64, last: i64) -> Result<ChangeSet> {
    let place = place(first / BATCH);
    let number = format!("PO-{first:07}");
    let since = Utc::now().trunc_subsecs(0) - TimeDelta::minutes((draw(-first) % 130_000) as i64);
    let mut change_set = ChangeSet::new("bench", since);
    let mut lines = Vec::new();
    for n in first..=last {
        let line = line(n)?;
        let id = LotId::of(LineId(n), 0).context("a lot's id")?;
        let mut lot = Lot::new(id, line.quantity, line.priority, StepName::new("match_donor"));
        let (state, share) = state(place, &number, n);
        let mut body = serde_json::to_value(&lot)?;
        body["state"] = serde_json::to_value(&state)?;
        lot = serde_json::from_value(body)?;
        lot.since = Some(since + TimeDelta::seconds(n % 60));
        let has_order = matches!(place, Place::Waits("delivery" | "payment" | "response"));
        let due = (since + TimeDelta::days(90)).date_naive();
        if has_order {
            lot.order = Some(number.clone());
            lot.due = Some(due);
            lines.push(ordered(&lot, &line, due));
        }
        let amount = Money::new(COST, Currency::EUR);
        let envelope = format!("N{}-1", n % 4);
        lot.funding.extend(share.map(|state| Share {
            envelope,
            amount,
            covers: amount,
            rate: Rate::ONE,
            state,
            covers_rate: None,
            consents: Vec::new(),
        }));
        lot.because(
            ReasonCode::NoEligibleEnvelope,
            "as a thousand others, to see how long it takes to look at it",
        );
        change_set.lines.push(LineChange::created(LineId(n), line));
        change_set.lots.push(LotChange::created(lot, LotEvent::Submitted));
    }
    if !lines.is_empty() {
        change_set.records.extend(order(number, lines, since, first)?);
    }
    Ok(change_set)
}

fn ordered(lot: &Lot, line: &Line, due: chrono::NaiveDate) -> OrderLine {
    OrderLine {
        lot: lot.id,
        item: line.item.clone(),
        quantity: lot.quantity,
        packs: None,
        surplus: Quantity::ZERO,
        surplus_payer: None,
        surplus_owner: None,
        unit: line.unit,
        unit_price: Price::new(10_000, Currency::EUR),
        amount: Money::new(COST, Currency::EUR),
        charges: Vec::new(),
        offer: "O0".to_owned(),
        framework: None,
        consignee: "C1".to_owned(),
        due,
        shares: Vec::new(),
        ordered_at: None,
        asked: None,
    }
}

fn order(
    number: String,
    lines: Vec<OrderLine>,
    created: Timestamp,
    first: i64,
) -> Result<[RecordChange; 2]> {
    let order = Order {
        number: number.clone(),
        supplier: format!("SUP{}", first / BATCH % 8),
        channel: "AGENT".to_owned(),
        currency: Some(Currency::EUR),
        author: "bench".to_owned(),
        created,
        lines,
        in_kind: None,
        cancelled: Vec::new(),
        approval: Vec::new(),
    };
    let record =
        |kind, body, event| RecordChange { kind, id: number.clone(), expected: 0, body, event };
    Ok([
        record(RecordKind::Order, serde_json::to_string(&order)?, RecordEvent::OrderDrawnUp),
        record(
            RecordKind::OrderStatus,
            serde_json::to_string(&OrderStatus::Accepted)?,
            RecordEvent::OrderAccepted,
        ),
    ])
}

async fn make(data: &Path, lots: i64) -> Result<()> {
    let began = Instant::now();
    let store = SqliteStore::open(&data.join("waybill.sqlite")).await?;
    let mut first = 1;
    while first <= lots {
        let mut change_sets = Vec::with_capacity(TOGETHER);
        while change_sets.len() < TOGETHER && first <= lots {
            let last = lots.min(first + BATCH - 1);
            change_sets.push(batch(first, last)?);
            first = last + 1;
        }
        for fate in store.commit(change_sets).await? {
            ensure!(fate == Fate::Committed, "{fate:?}");
        }
    }
    store.close().await;
    println!("{lots} lots made in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a command some times; gives the median time and how much it said.
fn time(data: &Path, arguments: &[&str]) -> Result<(Duration, usize)> {
    let mut times = Vec::with_capacity(TIMES);
    let mut said = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        command.args(arguments).stderr(Stdio::null());
        if arguments != ["--version"] {
            command.arg("--data").arg(data);
        }
        let output = command.output()?;
        times.push(began.elapsed());
        ensure!(output.status.success(), "{arguments:?}");
        said = output.stdout.len();
    }
    times.sort_unstable();
    Ok((times[TIMES / 2], said))
}

fn main() -> Result<()> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let lots = arguments.first().map_or(Ok(1_000_000), |lots| lots.parse::<i64>())?;
    let made = tempfile::tempdir()?;
    let folder = arguments.get(1).map_or(made.path().to_owned(), PathBuf::from);
    let data = folder.join("data");
    if !data.join("waybill.sqlite").exists() {
        let dir = folder.join("coalition");
        std::fs::create_dir_all(&dir)?;
        coalition(&dir)?;
        let mut import = Command::new(env!("CARGO_BIN_EXE_waybill"));
        let import = import.arg("import").arg(&dir).arg("--data").arg(&data).output()?;
        ensure!(import.status.success(), "{import:?}");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(make(&data, lots))?;
    }
    println!("{:>9}  {:>9}  command", "ms", "bytes");
    for arguments in [
        &["--version"][..],
        &["status"],
        &["lots"],
        &["lots", "--sort", "-id"],
        &["lots", "--sort", "priority"],
        &["lots", "--state", "declined"],
        &["lots", "--state", "parked"],
        &["lots", "--awaits", "delivery"],
        &["lots", "--awaits", "funding", "--sort", "priority"],
        &["lots", "--awaits", "review", "--sort", "age"],
        &["lots", "--awaits", "consent", "--donor", "N1", "--ids"],
        &["lines", "--limit", "20"],
        &["lines", "--requester", "MINISTRY", "--sort", "priority", "--limit", "20"],
        &["lines", "--open", "--sort", "priority", "--limit", "20"],
        &["incidents"],
        &["todo"],
        &["todo", "--waiting-on", "N1"],
    ] {
        let (took, bytes) = time(&data, arguments)?;
        println!("{:>9.1}  {bytes:>9}  {}", took.as_secs_f64() * 1000.0, arguments.join(" "));
    }
    Ok(())
}
