//! Submits the lots of a benchmark, all at once or at a rate.

use std::time::Duration;

use waybill_shared::domain::coalition::{Code, Settings};
use waybill_shared::domain::contribution::{Consent, Contribution, Earmark, Firmness};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::LotEvent;
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::domain::lot::{Lot, Priority, StepName};
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::domain::party::{Party, Role, RoleSpan};
use waybill_shared::domain::price::Price;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::domain::supplier::Offer;
use waybill_shared::engine::Engine;
use waybill_shared::import::CoalitionFiles;
use waybill_shared::store::{ChangeSet, Fate, LineChange, LotChange};

use crate::args::{Bench, Workload};
use crate::failure::Failure;

/// How many lots are submitted in one commit.
const BATCH: i64 = 1000;

/// The number of suppliers for the real pipeline.
const SUPPLIERS: i64 = 8;

/// Called with the number of each lot just before it is submitted.
pub(super) type Submits<'a> = dyn FnMut(i64) -> Result<(), Failure> + Send + 'a;

fn unit_code() -> Result<waybill_shared::domain::quantity::Unit, Failure> {
    "H87".parse().map_err(Failure::ours)
}

/// Creates a coalition with enough money and offers for all lots.
pub(super) async fn coalition(engine: &Engine) -> Result<(), Failure> {
    let day = engine.clock.now().date_naive() - chrono::TimeDelta::days(30);
    let span = |role| RoleSpan { role, from: day, to: None, evidence: "invented".to_owned() };
    let party = |id: String, role| Party { name: id.clone(), id, roles: vec![span(role)] };
    let mut parties: Vec<Party> = (1..=4).map(|n| party(format!("N{n}"), Role::Member)).collect();
    parties.push(party("R".to_owned(), Role::Beneficiary));
    let contributions = (1..=4).map(|n| Contribution {
        id: format!("N{n}-1"),
        donors: vec![format!("N{n}")],
        firmness: Firmness::Commitment,
        stated: day,
        amount: Some(Money::new(1_000_000_000_000_000, Currency::EUR)),
        in_kind: Vec::new(),
        converts: None,
        earmark: Earmark::default(),
        tranches: Vec::new(),
        obligate_by: None,
        pay_by: None,
        consent: Consent::None,
        source: "invented".to_owned(),
    });
    let unit = unit_code()?;
    let offers = (0..SUPPLIERS).map(|n| Offer {
        id: format!("O-{n}"),
        supplier: format!("S{n}"),
        item: format!("item {n}"),
        unit,
        pack_of: None,
        unit_price: Price::new(10_000, Currency::EUR),
        minimum: Quantity::whole(1),
        increment: Quantity::whole(1),
        lead_days: 10,
        from: day,
        to: None,
        channel: "AGENT".to_owned(),
        framework: None,
        is_suspended: false,
    });
    let files = CoalitionFiles {
        settings: Settings {
            name: "bench".to_owned(),
            currency: Currency::EUR,
            zone: chrono_tz::UTC,
            start: day,
            any_requester: false,
        },
        parties,
        groups: Vec::new(),
        contributions: contributions.collect(),
        later_contributions: Vec::new(),
        offers: offers.collect(),
        charges: Vec::new(),
        codes: vec![Code {
            scheme: "CPV".to_owned(),
            code: "32413100-2".to_owned(),
            name: "Network routers".to_owned(),
        }],
        prohibited: Vec::new(),
        consignees: Vec::new(),
        rates: Vec::new(),
        requisitions: Vec::new(),
    };
    waybill_shared::intake::load(engine, &files)
        .await
        .map(drop)
        .map_err(|error| Failure::ours(anyhow::Error::new(error)))
}

/// Which lots are submitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    workload: Workload,
    first: i64,
    class: u8,
}

impl Offered {
    pub(super) fn of(arguments: &Bench) -> Self {
        Self { workload: arguments.workload, first: arguments.first, class: arguments.class }
    }
}

/// The change set that submits one lot.
fn submission(engine: &Engine, number: i64, offered: Offered) -> Result<ChangeSet, Failure> {
    let Offered { workload, class, .. } = offered;
    let now = engine.clock.now();
    let priority = Priority { class, rank: u32::try_from(number).unwrap_or(u32::MAX) };
    let line = Line {
        external_id: format!("B/{number}"),
        requester: "R".to_owned(),
        item: format!("item {}", number % SUPPLIERS),
        description: String::new(),
        kind: Kind::Goods,
        classification: "32413100-2".to_owned(),
        scheme: "CPV".to_owned(),
        // Quantities differ, so that lines do not count as duplicates.
        quantity: Quantity::whole(if workload == Workload::W4 { 1 } else { number }),
        unit: unit_code()?,
        unit_estimate: Price::new(10_000, Currency::EUR),
        priority,
        requested: now.date_naive(),
        needed_by: None,
        consignee: "C".to_owned(),
        smallest_lot: None,
        together: None,
        tolerance_per_mille: 0,
        source: String::new(),
    };
    let id = LotId::of(LineId(number), 0);
    let id = id.ok_or_else(|| Failure::ours(anyhow::anyhow!("no lot id for {number}")))?;
    let lot = Lot::new(id, line.quantity, priority, StepName::from(StepKind::ValidatePriority));
    let mut change_set = ChangeSet::new("bench", now);
    change_set.lines.push(LineChange::created(LineId(number), line));
    Ok(change_set.lot(LotChange::created(lot, LotEvent::Submitted)))
}

async fn submit(
    engine: &Engine,
    offered: Offered,
    numbers: std::ops::RangeInclusive<i64>,
    submits: &mut Submits<'_>,
) -> Result<(), Failure> {
    let mut change_sets = Vec::new();
    for number in numbers {
        let change_set = submission(engine, number, offered)?;
        submits(change_set.lots[0].after.id.0)?;
        change_sets.push(change_set);
    }
    let fates = engine.commit(change_sets, None).await?;
    if fates.iter().any(|fate| *fate != Fate::Committed) {
        return Err(Failure::ours(anyhow::anyhow!("a submission was refused")));
    }
    Ok(())
}

/// Submits all lots at once.
pub(super) async fn burst(
    engine: &Engine,
    offered: Offered,
    lots: i64,
    submits: &mut Submits<'_>,
) -> Result<i64, Failure> {
    let (mut first, end) = (offered.first, offered.first + lots);
    while first < end {
        let last = (first + BATCH).min(end) - 1;
        submit(engine, offered, first..=last, submits).await?;
        first = last + 1;
    }
    Ok(lots)
}

/// Submits `rate` lots a second for `seconds`, however fast they are processed.
pub(super) async fn rate(
    engine: &Engine,
    offered: Offered,
    rate: f64,
    seconds: f64,
    submits: &mut Submits<'_>,
) -> Result<i64, Failure> {
    let lots = (rate * seconds).round() as i64;
    let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / rate.max(0.001)));
    for number in offered.first..offered.first + lots {
        tick.tick().await;
        submit(engine, offered, number..=number, submits).await?;
    }
    Ok(lots)
}
