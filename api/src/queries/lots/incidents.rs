//! Incidents: what is parked, and what else could not be done, by cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Lot, LotState, Timestamp};
use waybill_shared::engine::Engine;
use waybill_shared::job::Incident;
use waybill_shared::store::{LotFilter, StoreError};

/// Parked lots read at once.
const READ: i64 = 10_000;

/// What has one cause: lots parked at one step, or what else could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentView {
    /// The cause they share.
    pub cause: String,
    /// The step that lots are parked at; none: it is not about lots alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How many lots.
    pub lots: usize,
    /// Since when the first of it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The first of the lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<LotId>,
    /// The first of the incidents that were recorded: jobs that were given up, payments above what
    /// was bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// What those are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// The command that tries it again, once the cause is mended.
    pub how: String,
}

/// Recorded incidents of one cause that are named.
const RECORDS: usize = 1000;

/// Lots and subjects that are named.
const NAMED: usize = 20;

impl IncidentView {
    fn new(cause: &str, step: Option<&str>) -> Self {
        let (first, records, subjects, how) = Default::default();
        let (cause, step) = (cause.to_owned(), step.map(str::to_owned));
        Self { cause, step, lots: 0, since: None, first, records, subjects, how }
    }
}

/// Parked lots, at most so many, each with its cause and step.
pub(crate) async fn parked(
    engine: &Engine,
    at_most: usize,
) -> Result<Vec<(String, String, Lot)>, StoreError> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let state = Some("parked".to_owned());
        let limit = READ.min((at_most - found.len()).try_into().unwrap_or(READ));
        let filter = LotFilter { state, after, limit, ..LotFilter::default() };
        let lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < limit;
        for lot in lots {
            if let LotState::Parked { step, incident } = lot.state() {
                found.push((incident.clone(), step.to_string(), lot));
            }
        }
        if is_last || found.len() >= at_most {
            return Ok(found);
        }
    }
}

/// What is parked, at most so many lots of it, and what else could not be done, by cause.
pub(crate) async fn incidents(
    engine: &Engine,
    at_most: usize,
) -> Result<Vec<IncidentView>, StoreError> {
    let mut by_cause: BTreeMap<(String, Option<String>), IncidentView> = BTreeMap::new();
    for (cause, step, lot) in parked(engine, at_most).await? {
        let view = IncidentView::new(&cause, Some(&step));
        let view = by_cause.entry((cause, Some(step))).or_insert(view);
        view.lots += 1;
        view.since = view.since.into_iter().chain(lot.since).min();
        if view.first.len() < NAMED {
            view.first.push(lot.id);
        }
    }
    for record in engine.store.records(RecordKind::Incident).await? {
        let subject = format!("incident:{}", record.id);
        let corrupt = |source| StoreError::Corrupt { subject: subject.clone(), source };
        let incident: Incident = serde_json::from_str(&record.body).map_err(corrupt)?;
        let Incident { cause, subjects, closed: None, job } = incident else { continue };
        // What differs from one to the other is told by the subjects: `overrun:PO-1`.
        let cause = match record.id.split_once(':') {
            // A number says nothing by itself: others stand in the text, too.
            Some((_, about)) if about.parse::<u64>().is_err() && !about.is_empty() => {
                cause.replace(about, "…")
            }
            _ => cause,
        };
        let view = IncidentView::new(&cause, None);
        let view = by_cause.entry((cause, None)).or_insert(view);
        if view.records.len() < RECORDS {
            let opened = engine.store.events_of(&subject).await?.first().map(|event| event.at);
            view.since = view.since.into_iter().chain(opened).min();
            view.records.push(record.id);
        }
        view.subjects.extend(subjects);
        view.subjects.truncate(NAMED);
        if job.is_none() {
            view.how = how(view, "close");
        }
    }
    let mut views: Vec<IncidentView> = by_cause.into_values().collect();
    for view in views.iter_mut().filter(|view| view.how.is_empty()) {
        view.how = how(view, "replay");
    }
    Ok(views)
}

/// The command that tries it again, once the cause is mended, or closes it, where there is nothing to try.
fn how(view: &IncidentView, verb: &str) -> String {
    // As a shell takes it, whatever the cause holds.
    format!("waybill incident {verb} '{}'", view.cause.replace('\'', "'\\''"))
}
