//! The history of one subject, in words.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use waybill_shared::domain::event::Event;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::price::Price;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::intake::{Change, difference};
use waybill_shared::store::StoreError;
use waybill_shared::store::chain::archived;
use waybill_shared::visibility::Visibility;

/// Fields of records that are never shown: the bytes of documents, addresses, and the hashes of tokens.
const UNTOLD: [&str; 4] = ["document", "address", "hash", "replaced"];

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct Entry {
    /// When it happened.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// The kind of event, such as `lot.matched`.
    pub kind: String,
    /// The subject's state after it.
    pub state: String,
    /// Why it happened.
    pub reason: String,
}

/// A lot's state, in words.
pub(crate) fn state(lot: &Lot) -> String {
    match lot.state() {
        LotState::Ready { step, attempt: 1 } => format!("ready for {step}"),
        LotState::Ready { step, attempt } => format!("ready for {step}, attempt {attempt}"),
        LotState::Waiting { step, awaits, until } => {
            let until = until.map(|until| format!(" until {}", until.format("%Y-%m-%d %H:%M")));
            format!("{step}: waits for {}{}", awaited(awaits), until.unwrap_or_default())
        }
        LotState::RetryAt { step, attempt, due } => {
            format!("{step}: attempt {attempt} at {}", due.format("%Y-%m-%d %H:%M:%S"))
        }
        LotState::Parked { step, incident } => format!("{step}: parked, {incident}"),
        LotState::Closed(_) => lot.state().name().to_owned(),
    }
}

/// What a lot waits for, in words.
pub(crate) fn awaited(awaits: &Awaited) -> String {
    match awaits {
        Awaited::Review { group, .. } => format!("the review of {group}"),
        Awaited::Funding => "money".to_owned(),
        Awaited::Offer => "an offer".to_owned(),
        Awaited::Consent { donors } => format!("the consent of {}", donors.join(", ")),
        Awaited::Acceptance { contribution } => format!("its requester to accept {contribution}"),
        Awaited::Gathering => "the end of the ordering window".to_owned(),
        Awaited::Approval { order } => format!("the approval of {order}"),
        Awaited::Response { order } => format!("the supplier's response to {order}"),
        Awaited::Terms { order } => format!("a decision on the changed terms of {order}"),
        Awaited::Delivery { order } => format!("delivery under {order}"),
        Awaited::Payment { order } => format!("payment of {order}"),
        Awaited::Amendment { requester } => format!("{requester} to change the line"),
        Awaited::Release => "an operator to resume it".to_owned(),
    }
}

/// The fields of a record that may be shown.
pub(crate) fn fields(body: &str) -> Option<Vec<(String, String)>> {
    let Ok(Value::Object(fields)) = serde_json::from_str(body) else { return None };
    let told = fields.into_iter().filter(|(name, _)| !UNTOLD.contains(&name.as_str()));
    Some(told.map(|(name, value)| (name.replace('_', " "), plain(&value))).collect())
}

/// A record's value as people write it: amounts with their currency, lists with commas.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            if let Ok(price) = serde_json::from_value::<Price>(value.clone()) {
                return price.to_string();
            }
            let field = |(name, value): (&String, &Value)| {
                format!("{} {}", name.replace('_', " "), plain(value))
            };
            fields.iter().map(field).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The history of `subject`, oldest first.
pub(crate) async fn timeline(engine: &Engine, subject: &str) -> Result<Vec<Entry>, StoreError> {
    let mut before: Option<String> = None;
    let events = engine.store.events_of(subject).await?;
    let told = |event| {
        let (entry, body) = entry(event, before.as_deref());
        before = Some(body);
        entry
    };
    Ok(events.into_iter().map(told).collect())
}

/// The history of several subjects together, oldest first.
pub(crate) async fn timelines(
    engine: &Engine,
    subjects: &[String],
) -> Result<Vec<Entry>, StoreError> {
    let mut all = Vec::new();
    for subject in subjects {
        all.extend(timeline(engine, subject).await?);
    }
    all.sort_by_key(|entry| entry.at);
    Ok(all)
}

/// The events of a lot while it belonged to the caller, and the event by which it stopped doing so.
pub(crate) async fn of_lot(
    engine: &Engine,
    lot: &Lot,
    line: &Line,
    visibility: &mut Visibility,
) -> Result<Vec<Entry>, StoreError> {
    let (mut entries, mut was_own) = (Vec::new(), false);
    for event in engine.store.events_of(&lot.id.to_string()).await? {
        let then: Option<Lot> = serde_json::from_str(&event.body).ok();
        let is_own = match &then {
            _ if !visibility.looks_at_lots() => true,
            Some(then) => visibility.lot(then, line).await?,
            None => false,
        };
        if is_own || was_own {
            let mut entry = entry(event, None).0;
            if let Some(then) = &then {
                entry.reason = visibility.told(&visibility.reason(then));
            }
            entry.actor = visibility.actor(&entry.actor);
            entry.state = visibility.told(&entry.state);
            entries.push(entry);
        }
        was_own = is_own;
    }
    Ok(entries)
}

/// The timeline entry of an event, and the subject's body after it.
fn entry(event: Event, before: Option<&str>) -> (Entry, String) {
    let Event { at, actor, kind, body, .. } = event;
    let lot: Option<Lot> = serde_json::from_str(&body).ok();
    let state = lot.as_ref().map(state).unwrap_or_default();
    let reason = match (lot, archived(&body)) {
        (Some(lot), _) => lot.reason,
        (None, Some((number, _))) => format!("in archive {number}"),
        (None, None) => {
            Some(changed(before, &body)).filter(|word| !kind.ends_with(word)).unwrap_or_default()
        }
    };
    (Entry { at, actor, kind, state, reason }, body)
}

/// How a line or a record differs from its earlier content. If the content is a single word, that word.
fn changed(before: Option<&str>, after: &str) -> String {
    if let Ok(Value::String(word)) = serde_json::from_str(after) {
        return word.replace('_', " ");
    }
    let Some(before) = before else { return String::new() };
    let line = |text: &str| serde_json::from_str::<Line>(text).ok();
    if let (Some(old), Some(new)) = (line(before), line(after)) {
        let told = |change: Change| format!("{}: {} -> {}", change.field, change.from, change.to);
        return difference(&old, &new).into_iter().map(told).collect::<Vec<_>>().join("; ");
    }
    let (Some(old), Some(new)) = (fields(before), fields(after)) else { return String::new() };
    let told = |(name, value): &(String, String)| {
        let was = old.iter().find(|(other, _)| other == name).map_or("", |(_, was)| was.as_str());
        (was != value).then(|| match was {
            "" => format!("{name}: {value}"),
            was => format!("{name}: {was} -> {value}"),
        })
    };
    new.iter().filter_map(told).collect::<Vec<_>>().join("; ")
}
