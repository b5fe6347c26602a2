//! The answer of `show` about one subject: its state, the reason, who must act next, its money, and its history.

mod framework;
mod kept;
mod lot;
mod money;
mod order;
mod party;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{EventSubject, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::line_name::{NamedLine, named_among};
use waybill_shared::store::Record;
use waybill_shared::views::{ContributionView, OrderView};
use waybill_shared::visibility::Visibility;

use crate::queries::error::QueryError;
use crate::queries::lots::timeline::{Entry, fields, timeline};
use crate::queries::near::unknown;

/// A subject with its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shown {
    /// The subject's id.
    pub id: String,
    /// The kind of subject: `lot`, `line`, `order`, `contribution`, `party` or another kind of record.
    pub kind: String,
    /// The facts about the subject, by name and value, in order. Moments are in RFC 3339, days in YYYY-MM-DD.
    #[schema(value_type = Vec<Vec<String>>)]
    pub facts: Vec<(String, String)>,
    /// What a donor gives, with what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub envelopes: Vec<ContributionView>,
    /// What was ordered from a supplier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderView>,
    /// The history of the subject, oldest first.
    pub timeline: Vec<Entry>,
}

impl Shown {
    fn new(kind: &str, id: String, facts: Facts, timeline: Vec<Entry>) -> Self {
        let (kind, facts) = (kind.to_owned(), facts.0);
        Self { id, kind, facts, envelopes: Vec::new(), orders: Vec::new(), timeline }
    }

    /// Limits the answer to what the caller may see.
    #[must_use]
    pub(crate) fn seen(mut self, visibility: &Visibility) -> Self {
        for (_, value) in &mut self.facts {
            *value = visibility.told(value);
        }
        for entry in &mut self.timeline {
            entry.actor = visibility.actor(&entry.actor);
            entry.state = visibility.told(&entry.state);
            entry.reason = visibility.told(&entry.reason);
        }
        self
    }
}

/// The facts about a subject, in order. Empty values are left out.
#[derive(Debug, Default)]
struct Facts(Vec<(String, String)>);

impl Facts {
    fn add(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push((name.to_owned(), value));
        }
    }

    /// Adds a value that may be missing.
    fn may(&mut self, name: &str, value: Option<impl ToString>) {
        self.add(name, value.map(|value| value.to_string()).unwrap_or_default());
    }

    /// Adds a moment, to the second.
    fn at(&mut self, name: &str, at: Option<Timestamp>) {
        self.add(name, at.map(moment).unwrap_or_default());
    }
}

fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The kinds of records that are found by their id alone, in the order of the search.
const KINDS: [RecordKind; 9] = [
    RecordKind::Order,
    RecordKind::OrderChange,
    RecordKind::Contribution,
    RecordKind::Party,
    RecordKind::Offer,
    RecordKind::Group,
    RecordKind::Incident,
    RecordKind::Amendment,
    RecordKind::Webhook,
];

/// Shows `id`: a lot, a line (by its number or its requester's id), an order, a contribution, a party, or any other
/// record as `kind:id`. Attached notes, claims and files are shown only to callers who see everything.
pub(crate) async fn show(engine: &Engine, id: &str, is_whole: bool) -> Result<Shown, QueryError> {
    let mut shown = subject(engine, id).await?;
    if is_whole {
        kept::add(engine, &mut shown).await?;
    }
    Ok(shown)
}

async fn subject(engine: &Engine, id: &str) -> Result<Shown, QueryError> {
    if let Ok(id) = id.parse::<LotId>() {
        return lot::lot(engine, id).await;
    }
    if let Ok(id) = id.parse::<LineId>() {
        return lot::line(engine, id).await;
    }
    match named_among(&*engine.store, id, &KINDS).await?.0 {
        NamedLine::One(line, _) => return lot::line(engine, line).await,
        NamedLine::Several(name) => return Err(QueryError::Ambiguous(name)),
        NamedLine::Unknown => {}
    }
    let named = match EventSubject::of(id) {
        EventSubject::Record(kind, id) => Some((kind, id)),
        EventSubject::Lot
        | EventSubject::Line
        | EventSubject::Envelope(_)
        | EventSubject::Unknown => None,
    };
    let by_id = KINDS.map(|kind| (kind, id));
    for (kind, id) in named.into_iter().chain(by_id) {
        if let Some(record) = engine.store.record(kind, id).await? {
            return of_record(engine, kind, record).await;
        }
    }
    if let Some(shown) = party::supplier(engine, id).await? {
        return Ok(shown);
    }
    if let Some(shown) = framework::framework(engine, id).await? {
        return Ok(shown);
    }
    Err(unknown(engine, "lot, line or record", id).await)
}

async fn of_record(engine: &Engine, kind: RecordKind, record: Record) -> Result<Shown, QueryError> {
    match kind {
        RecordKind::Order => order::order(engine, &record).await,
        RecordKind::Contribution => money::contribution(engine, &record).await,
        RecordKind::Party => party::party(engine, &record).await,
        // The content of files is not printed.
        RecordKind::Content => Err(unknown(engine, "lot, line or record", &record.id).await),
        RecordKind::Webhook => party::webhook(engine, &record.id).await,
        _ => {
            let mut facts = Facts::default();
            match fields(&record.body) {
                Some(fields) => {
                    fields.into_iter().for_each(|(name, value)| facts.add(&name, value))
                }
                None => facts.add("body", record.body),
            }
            let id = format!("{kind}:{}", record.id);
            let timeline = timeline(engine, &id).await?;
            Ok(Shown::new(kind.name(), id, facts, timeline))
        }
    }
}

/// Parses a record's body.
fn read<T: serde::de::DeserializeOwned>(
    kind: RecordKind,
    record: &Record,
) -> Result<T, QueryError> {
    serde_json::from_str(&record.body).map_err(|source| {
        let subject = format!("{kind}:{}", record.id);
        waybill_shared::store::StoreError::Corrupt { subject, source }.into()
    })
}
