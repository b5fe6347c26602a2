//! Incidents that are not opened by a failed job: something happened that somebody has to look at.

use std::collections::BTreeSet;

use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::job::Incident;
use crate::store::{RecordChange, Store, StoreError};

/// Prefix of incidents about contributions of which more is bound than they state.
pub const OVERDRAWN: &str = "overdrawn:";

/// Prefix of incidents about orders for which more was paid than was bound.
pub const OVERRUN: &str = "overrun:";

/// Prefix of incidents about what was given out before a restore.
pub const RESTORED: &str = "restored:";

/// Prefix of incidents about what is affected when a donor's role ends.
pub const ROLE: &str = "role:";

fn parsed(id: &str, body: &str) -> Result<Incident, StoreError> {
    let corrupt =
        |source| StoreError::Corrupt { subject: RecordKind::Incident.subject(id), source };
    serde_json::from_str(body).map_err(corrupt)
}

fn written(
    id: &str,
    expected: i64,
    incident: &Incident,
    event: RecordEvent,
) -> Result<RecordChange, StoreError> {
    let corrupt =
        |source| StoreError::Corrupt { subject: RecordKind::Incident.subject(id), source };
    let body = serde_json::to_string(incident).map_err(corrupt)?;
    Ok(RecordChange { kind: RecordKind::Incident, id: id.to_owned(), expected, body, event })
}

/// The envelopes from which more was paid than was bound, according to incidents.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn overrun_envelopes(store: &dyn Store) -> Result<BTreeSet<String>, StoreError> {
    let mut envelopes = BTreeSet::new();
    for record in store.records_of(RecordKind::Incident, OVERRUN).await? {
        for subject in parsed(&record.id, &record.body)?.subjects {
            // `LOT-7K2: LU-1 EUR 12.00, EE-1 EUR 3.00`
            let Some((_, shares)) = subject.split_once(": ") else { continue };
            let named = shares.split(", ").filter_map(|share| share.split(' ').next());
            envelopes.extend(named.map(str::to_owned));
        }
    }
    Ok(envelopes)
}

/// Opens the incident `id`, or adds `subjects` to it. A closed incident is opened again.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub async fn opened(
    store: &dyn Store,
    id: &str,
    cause: &str,
    subjects: Vec<String>,
) -> Result<RecordChange, StoreError> {
    let found = store.record(RecordKind::Incident, id).await?;
    let (expected, event, mut incident) = match &found {
        None => {
            let (cause, subjects) = (cause.to_owned(), Vec::new());
            (0, RecordEvent::IncidentOpened, Incident { cause, subjects, job: None, closed: None })
        }
        Some(record) => (record.version, RecordEvent::IncidentGrew, parsed(id, &record.body)?),
    };
    cause.clone_into(&mut incident.cause);
    let is_new = |subject: &String| !incident.subjects.contains(subject);
    let subjects: Vec<String> = subjects.into_iter().filter(is_new).collect();
    incident.subjects.extend(subjects);
    incident.closed = None;
    written(id, expected, &incident, event)
}

/// Whether the incident `id` is open with this cause.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub async fn is_open(store: &dyn Store, id: &str, cause: &str) -> Result<bool, StoreError> {
    let Some(record) = store.record(RecordKind::Incident, id).await? else { return Ok(false) };
    let incident = parsed(id, &record.body)?;
    Ok(incident.closed.is_none() && incident.cause == cause)
}

/// The changes that close all open incidents whose ids begin with `prefix`. `how` says what was done.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn mended(
    store: &dyn Store,
    prefix: &str,
    how: &str,
) -> Result<Vec<RecordChange>, StoreError> {
    let mut changes = Vec::new();
    for record in store.records_of(RecordKind::Incident, prefix).await? {
        let mut incident = parsed(&record.id, &record.body)?;
        if incident.closed.is_none() {
            incident.closed = Some(how.to_owned());
            changes.push(written(
                &record.id,
                record.version,
                &incident,
                RecordEvent::IncidentClosed,
            )?);
        }
    }
    Ok(changes)
}
