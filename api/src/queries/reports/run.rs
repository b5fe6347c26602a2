//! The results of a run: how lots ended, money by donor, what is unfunded and why, what was late or short, and how long
//! each step took.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, RecordKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::order::Order;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::spread::{Days, Spread};
use waybill_shared::engine::Engine;
use waybill_shared::store::body::of_event;
use waybill_shared::store::chain::archived;
use waybill_shared::store::{LotFilter, StoreError};

use crate::queries::log::happened::{Happened, Happening};
use crate::queries::log::lead_times::{LeadTime, Stays};

/// The number of events and lots read at once.
const PAGE: i64 = 10_000;

/// The length of the lists of single lots.
const LISTED: usize = 20;

/// The money of one donor (or of joint donors) in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DonorMoney {
    /// The donor's id. Joint donors are joined by `+`.
    pub donor: String,
    pub currency: String,
    /// The sum of the envelopes' ceilings.
    pub committed: i64,
    /// Money that is set aside.
    pub allocated: i64,
    /// Money that orders have bound.
    pub obligated: i64,
    /// Money that has been paid.
    pub disbursed: i64,
    /// Money that is no longer available.
    pub expired: i64,
    /// The amount by which facts from outside exceed the envelopes.
    pub overrun: i64,
    /// What is left of the ceilings.
    pub left: i64,
}

/// A reason, and the number of lots that it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code of the reason.
    pub code: String,
    pub lots: usize,
}

/// A lot in one of the report's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLot {
    pub lot: String,
    /// The requester's id of the lot's line.
    pub external_id: String,
    pub item: String,
    /// The quantity with its unit.
    pub quantity: String,
    /// Why the lot is listed, for people.
    pub reason: String,
}

/// The report. Scripts rely on the first five fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The number of lots by how they ended, as [`ending`] names it.
    pub lots: BTreeMap<String, usize>,
    pub lines: usize,
    pub money: Vec<DonorMoney>,
    /// The number of orders issued.
    pub orders: usize,
    /// The number of changes of lots, not counting their submission.
    pub steps: i64,
    /// How long the run took, in seconds of real time.
    pub wall_s: f64,
    pub coalition: String,
    /// The last day of the run.
    pub day: Option<NaiveDate>,
    /// Why lots are unfunded, most frequent first.
    pub unfunded_reasons: Vec<Reason>,
    /// Unfunded lots, by priority.
    pub unfunded: Vec<ListedLot>,
    /// Lots that no offer fits, by priority.
    #[serde(default)]
    pub unoffered: Vec<ListedLot>,
    /// Why lots were declined, most frequent first.
    pub declined_reasons: Vec<Reason>,
    /// Deliveries after the day of need. At most 20 are listed.
    pub late: Vec<ListedLot>,
    /// The number of all late deliveries.
    pub late_lots: usize,
    /// Short or rejected deliveries, and what became of them. At most 20 are listed.
    pub short: Vec<ListedLot>,
    /// The number of all short or rejected deliveries.
    pub short_lots: usize,
    /// What happened to orders between drawing up and end.
    #[serde(default)]
    pub happened: Vec<Happening>,
    /// The ids of open incidents.
    pub incidents: Vec<String>,
    /// The number of lots delivered in each month.
    pub delivered_by_month: BTreeMap<String, usize>,
    pub step_times: Vec<LeadTime>,
}

/// How a lot ended. `unfunded` means that it waits for money, `unoffered` that no offer fits.
#[must_use]
pub fn ending(lot: &Lot) -> &'static str {
    match lot.state() {
        LotState::Waiting { awaits: Awaited::Funding, .. } => "unfunded",
        LotState::Waiting { awaits: Awaited::Offer, .. } => "unoffered",
        other => other.name(),
    }
}

/// What the log adds to the state of the lots.
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
                // The report leaves out archived events.
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

/// Builds the report about everything in the store.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
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
