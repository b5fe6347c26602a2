//! An endpoint as it stands: what it is, how far it has come, what waits for it.

use std::collections::BTreeMap;

use waybill_shared::domain::kinds::{JobKind, NoteKind, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::{
    Delivery, Endpoint, Progress, Secrets, delivery_key, position_of,
};
use waybill_shared::engine::Engine;
use waybill_shared::feed::Reader;
use waybill_shared::store::{ChangeSet, NewJob, NoteChange, NoteRange, StoreError};

/// Deliveries that may wait for one endpoint while it goes on reading.
pub(super) const WAITING: usize = 500;

/// Deliveries of one endpoint read at most: those that wait, and those that were replayed.
const READ: i64 = 100_000;

/// An endpoint as it stands.
#[derive(Debug)]
pub struct State {
    /// What it is.
    pub endpoint: Endpoint,
    /// The number of events of its record.
    pub version: i64,
    /// How far it has come.
    pub progress: Progress,
    /// What its deliveries are signed with.
    pub secrets: Secrets,
    /// What has not arrived, by position.
    pub deliveries: BTreeMap<i64, Delivery>,
}

pub(super) fn corrupt(subject: &str) -> impl FnOnce(serde_json::Error) -> StoreError {
    let subject = subject.to_owned();
    move |source| StoreError::Corrupt { subject, source }
}

impl State {
    /// The endpoint `id`; none if there is none.
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

    /// Those that were given up.
    pub fn failed(&self) -> impl Iterator<Item = (&i64, &Delivery)> {
        self.deliveries.iter().filter(|(_, delivery)| delivery.is_failed)
    }

    /// Those that wait.
    pub fn waiting(&self) -> impl Iterator<Item = (&i64, &Delivery)> {
        self.deliveries.iter().filter(|(_, delivery)| !delivery.is_failed)
    }
}

/// The note of a delivery; none: it goes.
pub(super) fn note(id: &str, position: i64, delivery: Option<&Delivery>) -> NoteChange {
    let body = delivery.and_then(|delivery| serde_json::to_string(delivery).ok());
    NoteChange { kind: NoteKind::WebhookDelivery, key: delivery_key(id, position), body }
}

/// The job that delivers to an endpoint.
pub(super) fn job(id: &str, due: Timestamp) -> NewJob {
    NewJob { kind: JobKind::Webhook, key: id.to_owned(), due, body: String::new() }
}

/// What to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Everything that has not arrived: what was given up, and what waits.
    All,
    /// Events from one position to another, as far as the endpoint asks for them.
    Range(i64, i64),
}

/// Sends again, with their first positions; returns how many.
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
            // What is still to come arrives by itself.
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
