//! What a run comes to: lots by end, money by donor, what is unfunded and why, what was late or
//! short, and how long each step took.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::coalition::Coalition;
use crate::domain::ids::LotId;
use crate::domain::kinds::{LotEvent, RecordKind};
use crate::domain::lot::{Awaited, Lot, LotState, Timestamp};
use crate::domain::order::Order;
use crate::domain::requisition::Line;
use crate::domain::spread::{Days, Spread};
use crate::engine::Engine;
use crate::happened::{Happened, Happening};
use crate::lead_times::{LeadTime, Stays};
use crate::store::body::of_event;
use crate::store::chain::archived;
use crate::store::{LotFilter, StoreError};

/// Events and lots read at once.
const PAGE: i64 = 10_000;

/// Rows of the lists of single lots.
const LISTED: usize = 20;

/// The money of one donor (or of donors that give jointly) in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DonorMoney {
    /// The donor's id; joint donors joined by `+`.
    pub donor: String,
    /// The currency.
    pub currency: String,
    /// The ceilings of its envelopes.
    pub committed: i64,
    /// Set aside.
    pub allocated: i64,
    /// Bound by orders.
    pub obligated: i64,
    /// Paid.
    pub disbursed: i64,
    /// No longer available.
    pub expired: i64,
    /// By how much outside facts exceed it.
    pub overrun: i64,
    /// What is left of the ceilings.
    pub left: i64,
}

/// A reason and how many lots it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: String,
    /// Lots.
    pub lots: usize,
}

/// A lot worth a line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLot {
    /// The lot.
    pub lot: String,
    /// Its line's id.
    pub external_id: String,
    /// What it is.
    pub item: String,
    /// How much, with its unit.
    pub quantity: String,
    /// Why it is listed, for people.
    pub reason: String,
}

/// The report. The first five fields are a contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Lots by where they ended.
    pub lots: BTreeMap<String, usize>,
    /// Lines.
    pub lines: usize,
    /// The money by donor.
    pub money: Vec<DonorMoney>,
    /// Orders issued.
    pub orders: usize,
    /// Changes of lots that steps and acts made.
    pub steps: i64,
    /// Real seconds it took.
    pub wall_s: f64,
    /// The coalition.
    pub coalition: String,
    /// The day it ends.
    pub day: Option<NaiveDate>,
    /// Why lots are unfunded, the most frequent first.
    pub unfunded_reasons: Vec<Reason>,
    /// Lots that are unfunded, by priority.
    pub unfunded: Vec<ListedLot>,
    /// Lots that no offer fits, by priority.
    #[serde(default)]
    pub unoffered: Vec<ListedLot>,
    /// Why lots were declined, the most frequent first.
    pub declined_reasons: Vec<Reason>,
    /// Deliveries after the day they were needed.
    pub late: Vec<ListedLot>,
    /// How many there are.
    pub late_lots: usize,
    /// Deliveries short or rejected, and what became of them.
    pub short: Vec<ListedLot>,
    /// How many there are.
    pub short_lots: usize,
    /// What happened to orders on their way.
    #[serde(default)]
    pub happened: Vec<Happening>,
    /// Incidents that are open.
    pub incidents: Vec<String>,
    /// Lots delivered by month, for the timeline.
    pub delivered_by_month: BTreeMap<String, usize>,
    /// Time per step.
    pub step_times: Vec<LeadTime>,
}

/// Where a lot ended, as counted: `unfunded` is what waits for money, `unoffered` what no offer fits.
#[must_use]
pub fn ending(lot: &Lot) -> &'static str {
    match lot.state() {
        LotState::Waiting { awaits: Awaited::Funding, .. } => "unfunded",
        LotState::Waiting { awaits: Awaited::Offer, .. } => "unoffered",
        other => other.name(),
    }
}

/// What the log adds to the lots' own states.
#[derive(Default)]
struct History {
    steps: i64,
    stays: Stays,
    spreads: BTreeMap<String, Spread>,
    received: HashMap<LotId, Timestamp>,
    short: BTreeMap<LotId, String>,
    delivered: BTreeMap<String, usize>,
    happened: Happened,
}

impl History {
    async fn read(engine: &Engine) -> Result<Self, StoreError> {
        let mut history = Self::default();
        let mut position = 0;
        loop {
            let page = engine.store.events_after(position, PAGE).await?;
            let Some(last) = page.last() else { return Ok(history) };
            position = last.position;
            for event in &page {
                if !event.subject.starts_with("LOT-") {
                    history.happened.event(event);
                    continue;
                }
                // Of what is in an archive the report tells no more.
                if archived(&event.body).is_some() {
                    continue;
                }
                let lot: Lot = of_event(event)?;
                history.add(&lot, &event.kind, event.at);
            }
        }
    }

    fn add(&mut self, lot: &Lot, kind: &str, at: Timestamp) {
        if kind != LotEvent::Submitted.name() {
            self.steps += 1;
        }
        let step = lot.state().step().map(|step| &step.0);
        if let Some((before, since)) = self.stays.moved(lot.id.0, step, at) {
            self.spreads.entry(before.to_string()).or_default().add(Days::of(at - since));
        }
        self.happened.lot(lot, kind);
        match LotEvent::named(kind) {
            Some(event) if event.is_receipt() => drop(self.received.insert(lot.id, at)),
            Some(LotEvent::Short | LotEvent::Rejected) => {
                self.short.insert(lot.id, lot.reason.clone());
            }
            _ => {}
        }
        if lot.state().name() == "delivered" {
            *self.delivered.entry(at.format("%Y-%m").to_string()).or_default() += 1;
        }
    }

    fn step_times(&self, order: &[String]) -> Vec<LeadTime> {
        let of = |step: &String| LeadTime::of(step, None, self.spreads.get(step)?);
        order.iter().filter_map(of).collect()
    }
}

/// Builds the report of everything in the store.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub async fn build(engine: &Engine, wall_s: f64) -> Result<Report, StoreError> {
    let coalition = engine.coalition().await?;
    let mut lots: Vec<Lot> = Vec::new();
    loop {
        let after = lots.last().map(|lot| lot.id);
        let page =
            engine.store.lots(&LotFilter { after, limit: PAGE, ..LotFilter::default() }).await?;
        if page.is_empty() {
            break;
        }
        lots.extend(page);
    }
    let lines: HashMap<i64, Line> =
        engine.store.all_lines().await?.into_iter().map(|(id, s)| (id.0, s.line)).collect();
    let history = History::read(engine).await?;
    let listed = |lot: &Lot, reason: String| {
        let line = lines.get(&lot.line().0)?;
        Some(ListedLot {
            lot: lot.id.to_string(),
            external_id: line.external_id.clone(),
            item: line.item.clone(),
            quantity: format!("{} {}", lot.quantity, line.unit.name()),
            reason,
        })
    };
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let (mut unfunded, mut declined) = (BTreeMap::new(), BTreeMap::new());
    let (mut waiting, mut unoffered): (Vec<&Lot>, Vec<&Lot>) = Default::default();
    let (mut late, mut short) = (Vec::new(), Vec::new());
    let (mut late_lots, mut short_lots) = (0, 0);
    for lot in &lots {
        let end = ending(lot);
        *ends.entry(end.to_owned()).or_default() += 1;
        match end {
            "unfunded" => {
                *unfunded.entry(lot.code.clone()).or_insert(0_usize) += 1;
                waiting.push(lot);
            }
            "unoffered" => unoffered.push(lot),
            "declined" => *declined.entry(lot.code.clone()).or_insert(0_usize) += 1,
            _ => {}
        }
        let needed = lines.get(&lot.line().0).and_then(|line| line.needed_by);
        if let (Some(received), Some(needed)) = (history.received.get(&lot.id), needed) {
            let day = received.date_naive();
            if day > needed {
                late_lots += 1;
                late.push((day - needed, lot, format!("received {day}, needed by {needed}")));
            }
        }
        if let Some(reason) = history.short.get(&lot.id) {
            short_lots += 1;
            short.extend(listed(lot, format!("{reason}; now {end}")));
        }
    }
    waiting.sort_by_key(|lot| (lot.priority, lot.id));
    unoffered.sort_by_key(|lot| (lot.priority, lot.id));
    late.sort_by_key(|(by, lot, _)| (std::cmp::Reverse(*by), lot.id));
    short.truncate(LISTED);
    let names: Vec<String> = engine.pipeline().steps.iter().map(|s| s.name.to_string()).collect();
    let incidents = engine.store.records(RecordKind::Incident).await?;
    let step_times = history.step_times(&names);
    let mut orders: Vec<Order> = Vec::new();
    for record in engine.store.records(RecordKind::Order).await? {
        let corrupt =
            |source| StoreError::Corrupt { subject: format!("order:{}", record.id), source };
        orders.push(serde_json::from_str(&record.body).map_err(corrupt)?);
    }
    Ok(Report {
        lots: ends,
        lines: lines.len(),
        money: money(engine, &coalition).await?,
        orders: orders.len(),
        steps: history.steps,
        wall_s,
        coalition: coalition.settings.as_ref().map(|s| s.name.clone()).unwrap_or_default(),
        day: coalition.settings.as_ref().map(|_| engine.today(&coalition)),
        unfunded_reasons: reasons(unfunded),
        unfunded: waiting
            .into_iter()
            .take(LISTED)
            .filter_map(|lot| listed(lot, lot.reason.clone()))
            .collect(),
        unoffered: unoffered
            .into_iter()
            .take(LISTED)
            .filter_map(|lot| listed(lot, lot.reason.clone()))
            .collect(),
        declined_reasons: reasons(declined),
        late: late
            .into_iter()
            .take(LISTED)
            .filter_map(|(_, lot, reason)| listed(lot, reason))
            .collect(),
        late_lots,
        short,
        short_lots,
        happened: history.happened.all(&coalition, &orders),
        incidents: incidents.into_iter().map(|record| record.id).collect(),
        step_times,
        delivered_by_month: history.delivered,
    })
}

fn reasons(counts: BTreeMap<String, usize>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> =
        counts.into_iter().map(|(code, lots)| Reason { code, lots }).collect();
    reasons.sort_by(|a, b| b.lots.cmp(&a.lots).then_with(|| a.code.cmp(&b.code)));
    reasons
}

async fn money(engine: &Engine, coalition: &Coalition) -> Result<Vec<DonorMoney>, StoreError> {
    let mut donors: BTreeMap<(String, String), DonorMoney> = BTreeMap::new();
    for row in engine.store.envelopes().await? {
        let contribution = coalition.contributions.get(&row.id);
        let donor = contribution.map_or_else(|| row.id.clone(), |c| c.donors.join("+"));
        let key = (donor.clone(), row.currency.clone());
        let money = donors.entry(key).or_insert_with(|| DonorMoney {
            donor,
            currency: row.currency.clone(),
            committed: 0,
            allocated: 0,
            obligated: 0,
            disbursed: 0,
            expired: 0,
            overrun: 0,
            left: 0,
        });
        money.committed += row.committed;
        money.allocated += row.allocated;
        money.obligated += row.obligated;
        money.disbursed += row.disbursed;
        money.expired += row.expired;
        money.overrun += row.overrun;
        money.left += row.committed - row.used();
    }
    Ok(donors.into_values().collect())
}
