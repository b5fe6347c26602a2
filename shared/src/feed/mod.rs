//! The feed: positioned events as others may see them, one by one as `CloudEvents` 1.0, for the route
//! that gives them out and for webhooks.

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

/// One reader of the feed: what it may see, and what it asks for.
#[derive(Debug)]
pub struct Reader {
    engine: Engine,
    visibility: Visibility,
    filter: Filter,
    source: String,
}

/// What was read: events, and the position up to which there is nothing else for this reader.
#[derive(Debug, Default)]
pub struct Read {
    /// The events, in order of positions.
    pub events: Vec<CloudEvent>,
    /// The last position that was looked at.
    pub position: i64,
}

impl Reader {
    /// A reader with these eyes.
    #[must_use]
    pub fn new(engine: &Engine, visibility: Visibility, filter: Filter) -> Self {
        let source = cloud_event::source(&visibility.coalition);
        Self { engine: engine.clone(), visibility, filter, source }
    }

    /// Looks at the `window` events after `position`.
    ///
    /// # Errors
    /// [`StoreError`] if the log, or what events are about, cannot be read.
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

    /// What happened after `position` to the one subject that is asked for, without a walk through the
    /// log; none: no one subject is.
    ///
    /// # Errors
    /// [`StoreError`] if the log, or what events are about, cannot be read.
    pub async fn of_subject(&mut self, position: i64) -> Result<Option<Read>, StoreError> {
        let Some(asked) = self.filter.subject.clone() else { return Ok(None) };
        let mut read = Read { events: Vec::new(), position };
        // Whatever is committed meanwhile is found the next time.
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

    /// The events at these positions that this reader may see, whatever it asks for otherwise.
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
        // Its place was another event's, in a database that was replaced.
        if event.kind == RecordEvent::LogVoid.name() {
            return Ok(None);
        }
        // Whoever reads from before it is told so; a webhook that was off meanwhile goes on behind it.
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

/// The lot as it was before `event`, if it may have lost somebody by it.
async fn before(engine: &Engine, event: &Event) -> Result<Option<Lot>, StoreError> {
    if !LotEvent::named(&event.kind).is_some_and(LotEvent::releases) {
        return Ok(None);
    }
    let events = engine.store.events_of(&event.subject).await?;
    let last = events.into_iter().find(|other| other.number == event.number - 1);
    Ok(last.and_then(|last| serde_json::from_str(&last.body).ok()))
}
