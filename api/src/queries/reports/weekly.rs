//! The weekly report: what happened in seven days, what is overdue and who must act, and the state at their end.

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
use waybill_shared::openings::start_of;
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

/// The number of events read at once.
const PAGE: i64 = 10_000;

/// What happened in a week, and the state at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WeeklyReport {
    /// The coalition's name.
    pub coalition: String,
    /// The first of the seven days.
    pub from: NaiveDate,
    /// The last of the seven days. The state is that of its end or, for today, that of now.
    pub day: NaiveDate,
    /// What happened, by kind of event.
    pub happened: Vec<Count>,
    /// What was received, latest first.
    pub received: Few<Received>,
    /// Orders that were drawn up, latest first.
    pub ordered: Few<DrawnUp>,
    /// Lots that were declined and why, latest first.
    pub declined: Few<Declined>,
    /// How the money has moved, by envelope.
    pub moved: Vec<MoneyMoved>,
    /// What is overdue, and who must act.
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
    /// The number of events.
    pub events: u64,
}

/// A lot that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceivedLot)]
pub struct Received {
    /// The day of the receipt.
    pub day: NaiveDate,
    /// The lot, with the quantity that was accepted.
    #[serde(flatten)]
    pub subject: Subject,
    /// The order that the lot belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The consignee's public code.
    pub consignee: String,
    /// The number of days after the due day. Left out if the lot came in time, or if no day was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_late: Option<i64>,
}

/// An order that was drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderDrawnUp)]
pub struct DrawnUp {
    /// The day on which the order was drawn up.
    pub day: NaiveDate,
    /// The order's number.
    pub number: String,
    /// The supplier. For goods in kind, the donor.
    pub supplier: String,
    /// The buying agent.
    pub channel: String,
    /// The number of lots.
    pub lots: usize,
    /// The order's cost. Left out for goods in kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// A lot that was declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeclinedLot)]
pub struct Declined {
    /// The day on which the lot was declined.
    pub day: NaiveDate,
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// The reason, as a stable code.
    pub code: String,
    /// The reason, in words.
    pub reason: String,
}

/// How the money of an envelope has moved: the change of each amount. A negative number means that it has shrunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoneyMoved {
    /// The envelope.
    pub envelope: String,
    /// The donors.
    pub donors: Vec<String>,
    /// The ceiling.
    pub committed: Money,
    /// Money that is set aside.
    pub allocated: Money,
    /// Money that orders have bound.
    pub obligated: Money,
    /// Money that has been paid.
    pub disbursed: Money,
    /// Money that is no longer available.
    pub expired: Money,
}

/// The content of the week's events.
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
        // Events that the calendar and the engine record about themselves are not counted.
        let is_news = ["lot.", "line.", "order.", "envelope.", "incident."];
        if is_news.iter().any(|start| kind.starts_with(start)) {
            *self.happened.entry(kind.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Reads the events from `start` to just before `end`, backwards from the end of the log. The clocks of several
    /// processes may differ, so it reads on until a whole page is more than a day older than `start`.
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

/// The report of the seven days up to the day of `then`. The events are those of `live`.
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

/// How the money has moved since `start`, from a comparison of then and now.
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
