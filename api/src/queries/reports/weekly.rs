//! The weekly report: what happened in seven days, what is overdue and whose move it is, and where
//! everything stands at their end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::event::Event;
use waybill_shared::domain::funding::{Movement, movements};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, RecordEvent};
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::money::{Currency, Money};
use waybill_shared::domain::order::Order;
use waybill_shared::engine::Engine;
use waybill_shared::intake::start_of;
use waybill_shared::store::body::of_event;
use waybill_shared::store::{Store, StoreError};
use waybill_shared::visibility::Visibility;

use super::funnel::Funnel;
use super::words::name;
use crate::queries::error::QueryError;
use crate::queries::few::{Few, MOST};
use crate::queries::log::lead_times::LeadTime;
use crate::queries::lots::incidents::{IncidentView, incidents};
use crate::queries::lots::subject::Subject;
use crate::queries::money::envelopes::{MoneyView, money};
use crate::queries::past::AsOf;
use crate::queries::todo::{Move, todo};

/// Events read at once.
const PAGE: i64 = 10_000;

/// What happened in a week, and where things stand at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WeeklyReport {
    /// The coalition.
    pub coalition: String,
    /// The first day of the seven.
    pub from: NaiveDate,
    /// The last; where things stand is told as of its end, or of now.
    pub day: NaiveDate,
    /// What happened, by kind of event.
    pub happened: Vec<Count>,
    /// What was received, the latest first.
    pub received: Few<Received>,
    /// Orders that were drawn up, the latest first.
    pub ordered: Few<DrawnUp>,
    /// What was declined and why, the latest first.
    pub declined: Few<Declined>,
    /// How the money has moved, by envelope.
    pub moved: Vec<MoneyMoved>,
    /// What is overdue, and whose move it is.
    pub overdue: Vec<Move>,
    /// What an operator has to look at, by cause.
    pub incidents: Vec<IncidentView>,
    /// How far lots have come.
    pub funnel: Funnel,
    /// The money.
    pub money: MoneyView,
    /// How long lots stayed at each step, over the whole history.
    pub lead_times: Vec<LeadTime>,
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EventCount)]
pub struct Count {
    /// The kind of event, such as `lot.matched`.
    pub kind: String,
    /// How often.
    pub events: u64,
}

/// Something that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceivedLot)]
pub struct Received {
    /// The day.
    pub day: NaiveDate,
    /// The lot, with the quantity that was accepted.
    #[serde(flatten)]
    pub subject: Subject,
    /// The order it travelled under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The public code of the consignee.
    pub consignee: String,
    /// Days after the day it was due; none: in time, or no day was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_late: Option<i64>,
}

/// An order that was drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderDrawnUp)]
pub struct DrawnUp {
    /// The day.
    pub day: NaiveDate,
    /// Its number.
    pub number: String,
    /// The supplier; the donor, for goods in kind.
    pub supplier: String,
    /// Who buys.
    pub channel: String,
    /// How many lots.
    pub lots: usize,
    /// What it costs; none: in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// Something that was declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeclinedLot)]
pub struct Declined {
    /// The day.
    pub day: NaiveDate,
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why, as a stable code.
    pub code: String,
    /// Why, in words.
    pub reason: String,
}

/// How the money of an envelope has moved: what each of its parts is more, or below zero less, than
/// before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyMoved {
    /// The envelope.
    pub envelope: String,
    /// Who gives it.
    pub donors: Vec<String>,
    /// The ceiling.
    pub committed: Money,
    /// Set aside.
    pub allocated: Money,
    /// Bound by orders.
    pub obligated: Money,
    /// Paid.
    pub disbursed: Money,
    /// No longer available.
    pub expired: Money,
}

/// What the week's events tell.
#[derive(Default)]
struct Week {
    happened: BTreeMap<String, u64>,
    received: Vec<(Lot, Timestamp)>,
    declined: Vec<(Lot, Timestamp)>,
    ordered: Few<(Order, Timestamp)>,
    all: (usize, usize),
    lots: BTreeSet<LotId>,
    envelopes: BTreeSet<String>,
}

impl Week {
    fn add(&mut self, event: &Event) -> Result<(), StoreError> {
        let (subject, kind) = (event.subject.as_str(), event.kind.as_str());
        if let Ok(lot) = subject.parse::<LotId>() {
            self.lots.insert(lot);
            let list = match LotEvent::named(kind) {
                Some(event) if event.is_receipt() => Some((&mut self.received, &mut self.all.0)),
                Some(LotEvent::Declined) => Some((&mut self.declined, &mut self.all.1)),
                _ => None,
            };
            if let Some((list, all)) = list {
                *all += 1;
                if list.len() < MOST {
                    list.push((of_event(event)?, event.at));
                }
            }
        } else if let Some(envelope) = subject.strip_prefix("envelope:") {
            self.envelopes.insert(envelope.to_owned());
        } else if kind == RecordEvent::OrderDrawnUp.name() {
            self.ordered.push((of_event(event)?, event.at));
        }
        // What the calendar and the engine note for themselves is no news.
        let is_news = ["lot.", "line.", "order.", "envelope.", "incident."];
        if is_news.iter().any(|start| kind.starts_with(start)) {
            *self.happened.entry(kind.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// What happened from `start` to before `end`, read backwards from the end of the log. Clocks of
    /// several processes may differ: a page more is read than seems to be needed.
    async fn read(
        store: &dyn Store,
        start: Timestamp,
        end: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let mut week = Self::default();
        let mut last = store.last_position().await?;
        while last > 0 {
            let before = (last - PAGE).max(0);
            let page = store.events_after(before, last - before).await?;
            let is_within =
                |event: &&Event| event.at >= start && end.is_none_or(|end| event.at < end);
            for event in page.iter().rev().filter(is_within) {
                week.add(event)?;
            }
            if page.iter().all(|event| event.at < start - TimeDelta::days(1)) {
                break;
            }
            last = before;
        }
        Ok(week)
    }
}

/// The report of the seven days that end with the day of `then`; events are those of `live`.
pub(crate) async fn weekly(
    live: &Engine,
    then: &AsOf,
    visibility: &Visibility,
    lead_times: Vec<LeadTime>,
) -> Result<WeeklyReport, QueryError> {
    let coalition = &visibility.coalition;
    let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
    let from = then.day.checked_sub_days(Days::new(6)).unwrap_or(then.day);
    let start = start_of(from, zone);
    let week = Week::read(&*live.store, start, then.end).await?;
    let moved = moved(live, then, visibility, &week, start).await?;
    let on = |at: Timestamp| at.with_timezone(&zone).date_naive();
    let engine = &then.engine;
    let of = week.received.iter().chain(&week.declined).map(|(lot, _)| lot);
    let lines: HashMap<_, _> = engine.lines_of(of).await?;
    let received = week.received.iter().filter_map(|(lot, at)| {
        let line = lines.get(&lot.line())?;
        let late = lot.due.map(|due| (on(*at) - due).num_days()).filter(|days| *days > 0);
        Some(Received {
            day: on(*at),
            subject: Subject::of(lot, line),
            order: lot.order.clone(),
            consignee: lot.consignee(line).to_owned(),
            days_late: late,
        })
    });
    let received = Few { first: received.collect(), all: week.all.0 };
    let declined = week.declined.iter().filter_map(|(lot, at)| {
        let subject = Subject::of(lot, lines.get(&lot.line())?);
        let (code, reason) = (lot.code.clone(), lot.reason.clone());
        Some(Declined { day: on(*at), subject, code, reason })
    });
    let declined = Few { first: declined.collect(), all: week.all.1 };
    let ordered = week.ordered.first.into_iter().map(|(order, at)| DrawnUp {
        day: on(at),
        lots: order.lines.len(),
        total: order.total(),
        number: order.number,
        supplier: order.supplier,
        channel: order.channel,
    });
    let ordered = Few { first: ordered.collect(), all: week.ordered.all };
    let mut overdue = todo(engine, visibility, None).await?;
    overdue.retain(|row| row.overdue > 0);
    let happened = week.happened.into_iter().map(|(kind, events)| Count { kind, events });
    Ok(WeeklyReport {
        coalition: name(coalition),
        from,
        day: then.day,
        happened: happened.collect(),
        received,
        ordered,
        declined,
        moved,
        overdue,
        incidents: match visibility.role() {
            Role::Observer => Vec::new(),
            _ => incidents(engine, usize::MAX).await?,
        },
        funnel: Funnel::of(&engine.store.lot_counts().await?, engine.pipeline()),
        money: money(engine, visibility, None).await?,
        lead_times,
    })
}

/// How the money has moved since `start`, by what it was then and what it is.
async fn moved(
    live: &Engine,
    then: &AsOf,
    visibility: &Visibility,
    week: &Week,
    start: Timestamp,
) -> Result<Vec<MoneyMoved>, StoreError> {
    let is_over = |event: &Event| then.end.is_some_and(|end| event.at >= end);
    let mut moved: BTreeMap<String, Movement> = BTreeMap::new();
    for id in &week.lots {
        let events = live.store.events_of(&id.to_string()).await?;
        let read = of_event::<Lot>;
        let before = events.iter().rfind(|event| event.at < start).map(read).transpose()?;
        let after = events.iter().rfind(|event| !is_over(event)).map(read).transpose()?;
        if let Some(after) = after {
            movements(before.as_ref(), &after, &mut moved);
        }
    }
    moved.retain(|_, movement| !movement.is_zero());
    let mut ceilings: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for id in &week.envelopes {
        let events = live.store.events_of(&format!("envelope:{id}")).await?;
        let read = |event: Option<&Event>| {
            let body =
                event.and_then(|event| serde_json::from_str::<serde_json::Value>(&event.body).ok());
            let part = |name: &str| body.as_ref().and_then(|body| body[name].as_i64()).unwrap_or(0);
            (part("committed"), part("expired"))
        };
        let before = read(events.iter().rfind(|event| event.at < start));
        let after = read(events.iter().rfind(|event| !is_over(event)));
        let change = (after.0 - before.0, after.1 - before.1);
        if change != (0, 0) {
            ceilings.insert(id.clone(), change);
            moved.entry(id.clone()).or_default();
        }
    }
    let told = moved.into_iter().filter_map(|(envelope, movement)| {
        let given = visibility.coalition.contributions.get(&envelope)?;
        let currency: Currency = given.currency()?;
        let money = |minor: i64| Money::new(minor, currency);
        let (committed, expired) = ceilings.get(&envelope).copied().unwrap_or_default();
        Some(MoneyMoved {
            donors: given.donors.clone(),
            committed: money(committed),
            allocated: money(movement.allocated),
            obligated: money(movement.obligated),
            disbursed: money(movement.disbursed),
            expired: money(expired),
            envelope,
        })
    });
    Ok(told.collect())
}
