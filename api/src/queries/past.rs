//! The past: the state at the end of an earlier day. It is rebuilt from the log in a store of its own, so any code that
//! reads a store can be asked about that day.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use waybill_shared::broker::EmbeddedBroker;
use waybill_shared::clock::Clock;
use waybill_shared::domain::event::Event;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::kinds::{LotEvent, RecordEvent, RecordKind};
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::openings::start_of;
use waybill_shared::store::body::of_event;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{
    ChangeSet, EnvelopeChange, Fate, LineChange, LotChange, RecordChange, Store, StoreError,
};

use crate::queries::error::QueryError;

/// The number of lines rebuilt in one commit.
const TOGETHER: i64 = 500;

/// Only one day is rebuilt at a time, because that takes time and disk space.
static ONE: Semaphore = Semaphore::const_new(1);

/// The state now or on a past day. Drop it soon: while a past day is held, no other can be rebuilt.
pub(crate) struct AsOf {
    /// The engine with the store and the clock of that day.
    pub(crate) engine: Engine,
    pub(crate) day: NaiveDate,
    /// The moment after the day. `None` if it is today.
    pub(crate) end: Option<Timestamp>,
    /// The folder of a past day's store. It is declared after the engine, so it is deleted last.
    _folder: Option<TempDir>,
    _turn: Option<SemaphorePermit<'static>>,
}

impl AsOf {
    /// The state on `day`. `None` means today.
    ///
    /// # Errors
    /// A [`QueryError`] if the day is in the future, or the log cannot be read.
    pub(crate) async fn of(engine: &Engine, day: Option<NaiveDate>) -> Result<Self, QueryError> {
        let coalition = engine.coalition().await?;
        let today = engine.today(&coalition);
        let day = day.unwrap_or(today);
        if day > today {
            let detail = format!("{day} is not over yet");
            return Err(QueryError::field("on", detail, &format!("name a day up to {today}")));
        }
        if day == today {
            return Ok(Self { engine: engine.clone(), day, end: None, _folder: None, _turn: None });
        }
        let turn = ONE.try_acquire().map_err(|_| QueryError::DayInUse)?;
        let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
        let end = start_of(day.succ_opt().unwrap_or(day), zone);
        let folder = tempfile::tempdir().map_err(|error| {
            tracing::error!(%error, "there is no folder for the store of a past day");
            QueryError::NoRoom
        })?;
        let store = SqliteStore::open(&folder.path().join("past.sqlite")).await?;
        rebuild(&*engine.store, &store, end).await?;
        let mut pipelines: Vec<(u32, Pipeline)> = Vec::new();
        for record in waybill_shared::store::Reads::records(&store, RecordKind::Pipeline).await? {
            let corrupt = |source| StoreError::Corrupt { subject: record.id.clone(), source };
            let pipeline = serde_json::from_str(&record.body).map_err(corrupt)?;
            pipelines.push((record.id.parse().unwrap_or_default(), pipeline));
        }
        pipelines.sort_by_key(|(version, _)| *version);
        let pipelines = pipelines.into_iter().map(|(_, pipeline)| pipeline).collect();
        let clock = Clock::starting_at(end - TimeDelta::milliseconds(1));
        let (engine, _) =
            Engine::new(Arc::new(store), Arc::new(EmbeddedBroker::default()), clock, pipelines);
        Ok(Self { engine, day, end: Some(end), _folder: Some(folder), _turn: Some(turn) })
    }
}

/// The last event of `subject` before `end`.
async fn last(
    store: &dyn Store,
    subject: &str,
    end: Timestamp,
) -> Result<Option<Event>, StoreError> {
    Ok(store.events_of(subject).await?.into_iter().rfind(|event| event.at < end))
}

/// Stores `change_set`. It states facts of the past, so nothing can conflict with it.
async fn put(past: &SqliteStore, change_set: ChangeSet) -> Result<(), QueryError> {
    for fate in past.commit(vec![change_set]).await? {
        if fate != Fate::Committed {
            tracing::error!(?fate, "the log does not contain the state of that day");
            return Err(QueryError::DayLost);
        }
    }
    Ok(())
}

/// Copies into `past` everything that existed before `end`.
async fn rebuild(store: &dyn Store, past: &SqliteStore, end: Timestamp) -> Result<(), QueryError> {
    for kind in RecordKind::ALL.iter().copied().filter(|kind| kind.is_of_the_past()) {
        let mut change_set = ChangeSet::new("past", end);
        for record in store.records(kind).await? {
            let subject = format!("{kind}:{}", record.id);
            let Some(event) = last(store, &subject, end).await? else { continue };
            let change = RecordChange {
                kind,
                id: record.id,
                expected: 0,
                body: event.body,
                event: RecordEvent::RecordStated,
            };
            change_set.records.push(change);
        }
        put(past, change_set).await?;
    }
    let mut change_set = ChangeSet::new("past", end);
    for row in store.envelopes().await? {
        let Some(event) = last(store, &format!("envelope:{}", row.id), end).await? else {
            continue;
        };
        change_set.envelopes.push(envelope(row.id, &event)?);
    }
    put(past, change_set).await?;
    let newest = store.last_line().await?;
    for first in (1..=newest).step_by(TOGETHER as usize) {
        let ids = (first..first + TOGETHER).map(LineId);
        let mut change_set = ChangeSet::new("past", end);
        // Payments above a ceiling did happen, so the store must not refuse them.
        change_set.is_outside_fact = true;
        for id in ids.take_while(|id| id.0 <= newest) {
            lines(store, id, end, &mut change_set).await?;
        }
        put(past, change_set).await?;
    }
    Ok(())
}

/// The data in an envelope's event. All else is the sum of the lots' shares.
fn envelope(id: String, event: &Event) -> Result<EnvelopeChange, StoreError> {
    #[derive(serde::Deserialize)]
    struct Told {
        currency: String,
        committed: i64,
        opened: i64,
        expired: i64,
    }
    let Told { currency, committed, opened, expired } = of_event(event)?;
    Ok(EnvelopeChange { id, expected: 0, currency, committed, opened, expired })
}

/// Adds the line `id` and its lots as they were.
async fn lines(
    store: &dyn Store,
    id: LineId,
    end: Timestamp,
    change_set: &mut ChangeSet,
) -> Result<(), StoreError> {
    let Some(event) = last(store, &id.to_string(), end).await? else { return Ok(()) };
    let line: Line = of_event(&event)?;
    change_set.lines.push(LineChange::created(id, line));
    for lot in store.lots_of_line(id).await? {
        let Some(event) = last(store, &lot.id.to_string(), end).await? else { continue };
        let then: Lot = of_event(&event)?;
        change_set.lots.push(LotChange::created(then, LotEvent::Submitted));
    }
    Ok(())
}
