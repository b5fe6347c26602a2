//! The feed: events that have a position, as others may see them, one by one as `CloudEvents` 1.0. The feed's route and
//! webhooks use it.

#![deny(clippy::wildcard_enum_match_arm)]

mod cloud_event;

pub use crate::domain::event_filter::Filter;
pub use cloud_event::{CloudEvent, EventData};

use crate::domain::event::Event;
use crate::domain::kinds::{LotEvent, RecordEvent, RecordKind};
use crate::domain::lot::Lot;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::chain::archived;
use crate::visibility::Visibility;

/// A reader of the feed: what it may see, and which events it wants.
#[derive(Debug)]
pub struct Reader {
    engine: Engine,
    visibility: Visibility,
    filter: Filter,
    source: String,
}

/// The result of reading. Up to `position` there are no other events for this reader.
#[derive(Debug, Default)]
pub struct Read {
    /// Ordered by position.
    pub events: Vec<CloudEvent>,
    /// The last position that was examined.
    pub position: i64,
}

impl Reader {
    /// A reader with this visibility and filter.
    #[must_use]
    pub fn new(engine: &Engine, visibility: Visibility, filter: Filter) -> Self {
        let source = cloud_event::source(&visibility.coalition);
        Self { engine: engine.clone(), visibility, filter, source }
    }

    /// Examines the `window` events after `position`.
    ///
    /// # Errors
    /// [`StoreError`] if the log, or what the events are about, cannot be read.
    pub async fn read(&mut self, position: i64, window: i64) -> Result<Read, StoreError> {
        let events = self.engine.store.events_after(position, window).await?;
        let mut read = Read { events: Vec::new(), position };
        for event in events {
            read.position = event.position;
            if let Some(told) = self.tell(&event).await? {
                read.events.push(told);
            }
        }
        Ok(read)
    }

    /// If the filter asks for a single subject, reads its events after `position` without walking through the log.
    /// `None` if the filter does not.
    ///
    /// # Errors
    /// [`StoreError`] if the log, or what the events are about, cannot be read.
    pub async fn of_subject(&mut self, position: i64) -> Result<Option<Read>, StoreError> {
        let Some(asked) = self.filter.subject.clone() else { return Ok(None) };
        let mut read = Read { events: Vec::new(), position };
        // Read the position first: what is committed after that is found the next time.
        read.position = position.max(self.engine.store.last_position().await?);
        let kinds = RecordKind::ALL.iter().filter(|kind| kind.is_named_alone());
        let named = kinds.map(|kind| kind.subject(&asked)).chain([format!("envelope:{asked}")]);
        let mut events = Vec::new();
        for subject in [asked.clone()].into_iter().chain(named) {
            events.extend(self.engine.store.events_of(&subject).await?);
        }
        events.retain(|event| event.position > position && event.position <= read.position);
        events.sort_by_key(|event| event.position);
        for event in events {
            read.events.extend(self.tell(&event).await?);
        }
        Ok(Some(read))
    }

    /// The event at `position`, if this reader may see it and its filter selects it.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read.
    pub async fn at(&mut self, position: i64) -> Result<Option<CloudEvent>, StoreError> {
        match self.engine.store.events_after(position - 1, 1).await?.pop() {
            Some(event) if event.position == position => self.tell(&event).await,
            _ => Ok(None),
        }
    }

    async fn tell(&mut self, event: &Event) -> Result<Option<CloudEvent>, StoreError> {
        // In the replaced database, this position belonged to another event.
        if event.kind == RecordEvent::LogVoid.name() {
            return Ok(None);
        }
        // Readers of an earlier position get an error before this. A webhook that was off meanwhile continues after the
        // archive.
        if archived(&event.body).is_some() {
            return Ok(None);
        }
        if !self.filter.takes_kind(&event.kind) || !self.filter.takes_subject(&event.subject) {
            return Ok(None);
        }
        let Some(data) = EventData::of(&self.engine, &mut self.visibility, event).await? else {
            return Ok(None);
        };
        if !data.is_taken_by(&self.filter) {
            return Ok(None);
        }
        Ok(Some(CloudEvent::new(&self.source, event, data)))
    }
}

/// The lot before `event`, if the event may have hidden the lot from somebody who saw it before.
async fn before(engine: &Engine, event: &Event) -> Result<Option<Lot>, StoreError> {
    if !LotEvent::named(&event.kind).is_some_and(LotEvent::releases) {
        return Ok(None);
    }
    let events = engine.store.events_of(&event.subject).await?;
    let last = events.into_iter().find(|other| other.number == event.number - 1);
    Ok(last.and_then(|last| serde_json::from_str(&last.body).ok()))
}
