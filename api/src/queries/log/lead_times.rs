//! Lead times, from the log: how long lots stayed at each step, how long each category took from request to receipt, and
//! how long each supplier took from order to receipt.
//!
//! The log is read once, in order. The result keeps the log position that it has reached, the step of each lot under way
//! and since when, and counts of durations, so that it can later read on from that position.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::event::Event;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, RecordKind, StepKind};
use waybill_shared::domain::lot::{LotState, Timestamp};
use waybill_shared::domain::order::Order;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::spread::{Days, Spread};
use waybill_shared::engine::Engine;
use waybill_shared::openings::start_of;
use waybill_shared::store::StoreError;
use waybill_shared::store::body::of_event;
use waybill_shared::store::chain::archived;

/// The number of events read at once.
const PAGE: i64 = 10_000;

/// The number of orders kept in memory.
const ORDERS: usize = 65_536;

/// How lead times are grouped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LeadTimesBy)]
pub enum By {
    /// By step: how long lots stayed at it.
    Step,
    /// By category: from the day a line was requested to the receipt of its lot.
    Category,
    /// By supplier: from the day its order was drawn up to the receipt of the lot.
    Supplier,
}

/// How long something took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadTime {
    /// The step, the expert group (or the CPV division that no group owns), or the supplier.
    pub name: String,
    /// The month in which it ended, such as `2024-06`. If it is left out, all months together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// The number of lots.
    pub lots: u64,
    /// The median, in days.
    pub median_days: Days,
    /// The 90th percentile, in days.
    pub p90_days: Days,
}

impl LeadTime {
    /// The lead time of a spread. `None` if the spread is empty.
    #[must_use]
    pub fn of(name: &str, month: Option<&str>, spread: &Spread) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            month: month.map(str::to_owned),
            lots: spread.count(),
            median_days: spread.percentile(50)?,
            p90_days: spread.percentile(90)?,
        })
    }
}

/// The step of each lot under way, and since when it is there.
#[derive(Debug, Default)]
pub struct Stays {
    at: HashMap<i64, (Arc<str>, Timestamp)>,
}

impl Stays {
    /// Records that the lot is at `step` after an event at `now`. If the lot was at another step before, returns that
    /// step, and since when the lot was there.
    pub fn moved(
        &mut self,
        lot: i64,
        step: Option<&Arc<str>>,
        now: Timestamp,
    ) -> Option<(Arc<str>, Timestamp)> {
        if let (Some((before, _)), Some(step)) = (self.at.get(&lot), step)
            && before == step
        {
            return None;
        }
        match step {
            Some(step) => self.at.insert(lot, (step.clone(), now)),
            None => self.at.remove(&lot),
        }
    }
}

/// The fields that are read from a lot's event.
#[derive(Deserialize)]
struct Told {
    state: LotState,
    #[serde(default)]
    order: Option<String>,
}

struct Receipt {
    lot: LotId,
    order: Option<String>,
    at: Timestamp,
}

/// The lead times in the log up to a position.
#[derive(Debug, Default)]
pub struct LeadTimes {
    position: i64,
    stays: Stays,
    months: BTreeMap<(By, String), BTreeMap<String, Spread>>,
    orders: HashMap<String, Option<(String, Timestamp)>>,
}

impl LeadTimes {
    /// Reads on to the end of the log. If `end` is given, only events before it are counted.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read.
    pub async fn read_on(
        &mut self,
        engine: &Engine,
        end: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let coalition = engine.coalition().await?;
        let zone = coalition.settings.as_ref().map_or(Tz::UTC, |settings| settings.zone);
        loop {
            let page = engine.store.events_after(self.position, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let position = last.position;
            let mut receipts = Vec::new();
            let is_before = |event: &&Event| end.is_none_or(|end| event.at < end);
            for event in page.iter().filter(is_before) {
                self.add(event, zone, &mut receipts)?;
            }
            self.receive(engine, &coalition, zone, receipts).await?;
            self.position = position;
        }
    }

    /// Counts the durations that an event completes. Receipts need their line and order, so they are only collected.
    fn add(
        &mut self,
        event: &Event,
        zone: Tz,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), StoreError> {
        let Ok(lot) = event.subject.parse::<LotId>() else { return Ok(()) };
        // If a lot is archived, its remaining events say nothing about lead times.
        if archived(&event.body).is_some() {
            return Ok(());
        }
        let told: Told = of_event(event)?;
        let step = told.state.step().map(|step| &step.0);
        if let Some((before, since)) = self.stays.moved(lot.0, step, event.at) {
            self.count(By::Step, &before, event.at, zone, Days::of(event.at - since));
        }
        if LotEvent::named(&event.kind).is_some_and(LotEvent::is_receipt) {
            receipts.push(Receipt { lot, order: told.order, at: event.at });
        }
        Ok(())
    }

    fn count(&mut self, by: By, name: &str, at: Timestamp, zone: Tz, took: Days) {
        let month = at.with_timezone(&zone).format("%Y-%m").to_string();
        let months = self.months.entry((by, name.to_owned())).or_default();
        months.entry(month).or_default().add(took);
    }

    async fn receive(
        &mut self,
        engine: &Engine,
        coalition: &Coalition,
        zone: Tz,
        receipts: Vec<Receipt>,
    ) -> Result<(), StoreError> {
        let mut ids: Vec<LineId> = receipts.iter().map(|receipt| receipt.lot.line()).collect();
        ids.sort_unstable();
        ids.dedup();
        let lines: HashMap<LineId, Line> =
            engine.store.lines(&ids).await?.into_iter().map(|(id, s)| (id, s.line)).collect();
        for Receipt { lot, order, at } in receipts {
            if let Some(line) = lines.get(&lot.line()) {
                let took = Days::of(at - start_of(line.requested, zone));
                self.count(By::Category, &category(coalition, line), at, zone, took);
            }
            let Some(number) = order else { continue };
            if let Some((supplier, created)) = self.order(engine, number).await? {
                self.count(By::Supplier, &supplier, at, zone, Days::of(at - created));
            }
        }
        Ok(())
    }

    /// The supplier of an order, and when it was drawn up.
    async fn order(
        &mut self,
        engine: &Engine,
        number: String,
    ) -> Result<Option<(String, Timestamp)>, StoreError> {
        if let Some(known) = self.orders.get(&number) {
            return Ok(known.clone());
        }
        let record = engine.store.record(RecordKind::Order, &number).await?;
        let order = record.and_then(|record| serde_json::from_str::<Order>(&record.body).ok());
        let found = order.map(|order| (order.supplier, order.created));
        if self.orders.len() >= ORDERS {
            self.orders.clear();
        }
        self.orders.insert(number, found.clone());
        Ok(found)
    }

    /// The lead times grouped by `by`, and with `monthly` also for each month.
    #[must_use]
    pub fn told(&self, by: By, monthly: bool) -> Vec<LeadTime> {
        let mut told = Vec::new();
        let mut names: Vec<_> = self.months.iter().filter(|((of, _), _)| *of == by).collect();
        // Steps come in their order, everything else by name.
        names.sort_by_key(|((_, name), _)| {
            StepKind::named(name).map_or(usize::MAX, |step| step as usize)
        });
        for ((_, name), months) in names {
            let mut all = Spread::default();
            months.values().for_each(|spread| all.merge(spread));
            told.extend(LeadTime::of(name, None, &all));
            if monthly {
                let of = |(month, spread): (&String, _)| LeadTime::of(name, Some(month), spread);
                told.extend(months.iter().filter_map(of));
            }
        }
        told
    }
}

/// The expert group that owns the line's category. If there is none, the division of the line's code.
fn category(coalition: &Coalition, line: &Line) -> String {
    if let Some(group) = coalition.group_of(&line.classification) {
        return group.id.clone();
    }
    let division: String = line.classification.chars().take(2).collect();
    format!("{} {division}", line.scheme)
}
