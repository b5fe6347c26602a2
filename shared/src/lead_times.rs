//! Lead times, from the log: how long lots stayed at each step, how long each category took from the
//! day it was asked for to its receipt, and each supplier from order to receipt.
//!
//! The log is read once, by position. What is kept is where the lots under way are, and counts of how
//! long things took; whoever keeps it goes on from there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::coalition::Coalition;
use crate::domain::event::Event;
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::StepKind;
use crate::domain::kinds::{LotEvent, RecordKind};
use crate::domain::lot::{LotState, Timestamp};
use crate::domain::order::Order;
use crate::domain::requisition::Line;
use crate::domain::spread::{Days, Spread};
use crate::engine::Engine;
use crate::intake::start_of;
use crate::store::StoreError;
use crate::store::body::of_event;
use crate::store::chain::archived;

/// Events read at once.
const PAGE: i64 = 10_000;

/// Orders kept in memory.
const ORDERS: usize = 65_536;

/// By what lead times are told apart.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LeadTimesBy)]
pub enum By {
    /// The step: how long lots stayed at it.
    Step,
    /// The category: from the day a line was asked for to the receipt of its lot.
    Category,
    /// The supplier: from the day its order was drawn up to the receipt of the lot.
    Supplier,
}

/// How long it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadTime {
    /// The step, the expert group (or the CPV division that no group owns), or the supplier.
    pub name: String,
    /// The month in which it was complete, such as `2024-06`; none: all months together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// How many lots.
    pub lots: u64,
    /// Half of them took at most so many days.
    pub median_days: Days,
    /// Nine in ten took at most so many days.
    pub p90_days: Days,
}

impl LeadTime {
    /// What a spread says; none of nothing.
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

/// Where the lots under way are, and since when.
#[derive(Debug, Default)]
pub struct Stays {
    at: HashMap<i64, (Arc<str>, Timestamp)>,
}

impl Stays {
    /// The lot is at `step` after something happened to it at `now`; gives the step it has left, if
    /// it has, and since when it was there.
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

/// What is read of a lot's event.
#[derive(Deserialize)]
struct Told {
    state: LotState,
    #[serde(default)]
    order: Option<String>,
}

/// A receipt of a lot.
struct Receipt {
    lot: LotId,
    order: Option<String>,
    at: Timestamp,
}

/// What the log says of lead times, up to a position.
#[derive(Debug, Default)]
pub struct LeadTimes {
    position: i64,
    stays: Stays,
    months: BTreeMap<(By, String), BTreeMap<String, Spread>>,
    orders: HashMap<String, Option<(String, Timestamp)>>,
}

impl LeadTimes {
    /// Reads on to the end of the log, or to the end of the last day before `end`.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
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

    /// Counts what an event completes, but for receipts, which need their line and order.
    fn add(
        &mut self,
        event: &Event,
        zone: Tz,
        receipts: &mut Vec<Receipt>,
    ) -> Result<(), StoreError> {
        let Ok(lot) = event.subject.parse::<LotId>() else { return Ok(()) };
        // Of lots that are in an archive nothing is learned from the rest.
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

    /// What is known of `by`, by name; with `monthly`, for each month, too.
    #[must_use]
    pub fn told(&self, by: By, monthly: bool) -> Vec<LeadTime> {
        let mut told = Vec::new();
        let mut names: Vec<_> = self.months.iter().filter(|((of, _), _)| *of == by).collect();
        // Steps in their order, all else by name.
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

/// The expert group that owns what is asked for; where none does, the division of its code.
fn category(coalition: &Coalition, line: &Line) -> String {
    if let Some(group) = coalition.group_of(&line.classification) {
        return group.id.clone();
    }
    let division: String = line.classification.chars().take(2).collect();
    format!("{} {division}", line.scheme)
}
