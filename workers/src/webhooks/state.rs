//! The state of an endpoint: its settings, its progress and what waits for it.

use std::collections::BTreeMap;

use waybill_shared::domain::kinds::{JobKind, NoteKind, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::{
    Delivery, Endpoint, Progress, Secrets, delivery_key, position_of,
};
use waybill_shared::engine::Engine;
use waybill_shared::feed::Reader;
use waybill_shared::store::{ChangeSet, NewJob, NoteChange, NoteRange, StoreError};

/// How many deliveries may wait for one endpoint before it stops reading new events.
pub(super) const WAITING: usize = 500;

/// The most deliveries of one endpoint that are read: those that wait and those that have failed or
/// were replayed.
const READ: i64 = 100_000;

#[derive(Debug)]
pub struct State {
    pub endpoint: Endpoint,
    /// The version of the endpoint's record.
    pub version: i64,
    pub progress: Progress,
    /// The secrets that its deliveries are signed with, sealed.
    pub secrets: Secrets,
    /// Deliveries that have not arrived, by position.
    pub deliveries: BTreeMap<i64, Delivery>,
}

pub(super) fn corrupt(subject: &str) -> impl FnOnce(serde_json::Error) -> StoreError {
    let subject = subject.to_owned();
    move |source| StoreError::Corrupt { subject, source }
}

impl State {
    /// The endpoint `id`, or `None` if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn read(engine: &Engine, id: &str) -> Result<Option<Self>, StoreError> {
        let store = &engine.store;
        let Some(record) = store.record(RecordKind::Webhook, id).await? else { return Ok(None) };
        let endpoint: Endpoint = serde_json::from_str(&record.body).map_err(corrupt(id))?;
        let Some(secrets) = store.note(NoteKind::WebhookSecrets, id).await? else {
            return Ok(None);
        };
        let secrets = serde_json::from_str(&secrets).map_err(corrupt(id))?;
        let progress = store.note(NoteKind::WebhookProgress, id).await?;
        let progress = progress.map(|text| serde_json::from_str(&text).map_err(corrupt(id)));
        let mut deliveries = BTreeMap::new();
        for (key, body) in
            store.notes(NoteKind::WebhookDelivery, &NoteRange::under(id, READ)).await?
        {
            let Some(position) = position_of(&key) else { continue };
            deliveries.insert(position, serde_json::from_str(&body).map_err(corrupt(&key))?);
        }
        let progress = progress.transpose()?.unwrap_or_default();
        Ok(Some(Self { endpoint, version: record.version, progress, secrets, deliveries }))
    }

    /// Deliveries that were given up.
    pub fn failed(&self) -> impl Iterator<Item = (&i64, &Delivery)> {
        self.deliveries.iter().filter(|(_, delivery)| delivery.is_failed)
    }

    /// Deliveries that still wait.
    pub fn waiting(&self) -> impl Iterator<Item = (&i64, &Delivery)> {
        self.deliveries.iter().filter(|(_, delivery)| !delivery.is_failed)
    }
}

/// The note of a delivery. `None` deletes it.
pub(super) fn note(id: &str, position: i64, delivery: Option<&Delivery>) -> NoteChange {
    let body = delivery.and_then(|delivery| serde_json::to_string(delivery).ok());
    NoteChange { kind: NoteKind::WebhookDelivery, key: delivery_key(id, position), body }
}

/// The job that delivers to the endpoint `id`.
pub(super) fn job(id: &str, due: Timestamp) -> NewJob {
    NewJob { kind: JobKind::Webhook, key: id.to_owned(), due, body: String::new() }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Everything that has not arrived: what was given up and what still waits.
    All,
    /// Events from the first position to the second, as far as the endpoint subscribes to them.
    Range(i64, i64),
}

/// Makes deliveries due again. Returns how many.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or written.
pub async fn replay(
    engine: &Engine,
    state: &State,
    reader: &mut Reader,
    what: &Failed,
    actor: &str,
) -> Result<usize, StoreError> {
    let (id, now) = (&state.endpoint.id, engine.clock.now());
    let mut change_set = ChangeSet::new(actor, now);
    let again = |subject: &str| Delivery {
        subject: subject.to_owned(),
        attempts: 0,
        due: Some(now),
        is_unreachable: false,
        is_failed: false,
        why: String::new(),
    };
    match *what {
        Failed::All => {
            for (position, delivery) in &state.deliveries {
                change_set.notes.push(note(id, *position, Some(&again(&delivery.subject))));
            }
        }
        Failed::Range(from, to) => {
            // Later events arrive without being replayed.
            let to = to.min(state.progress.position);
            let mut position = from - 1;
            while position < to {
                let read = reader.read(position, (to - position).min(1000)).await?;
                if read.position == position {
                    break;
                }
                position = read.position;
                for event in read.events {
                    change_set.notes.push(note(id, event.position, Some(&again(&event.subject))));
                }
            }
        }
    }
    let count = change_set.notes.len();
    if count > 0 {
        change_set.jobs.push(job(id, now));
        engine.commit(vec![change_set], None).await?;
    }
    Ok(count)
}
