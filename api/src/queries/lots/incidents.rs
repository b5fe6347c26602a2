//! Incidents: parked lots and other failures, by cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Lot, LotState, Timestamp};
use waybill_shared::engine::Engine;
use waybill_shared::job::Incident;
use waybill_shared::store::{LotFilter, StoreError};

/// The number of parked lots read at once.
const READ: i64 = 10_000;

/// Everything with one cause: lots parked at one step, or other failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentView {
    /// The common cause.
    pub cause: String,
    /// The step at which the lots are parked. Left out if the incident is not only about lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The number of lots.
    pub lots: usize,
    /// When the first of them occurred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The first of the lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<LotId>,
    /// The ids of the first incident records, about jobs that were given up or payments above the bound amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// The subjects of those records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// The command that tries again once the cause is fixed.
    pub how: String,
}

/// The largest number of incident records of one cause that are named.
const RECORDS: usize = 1000;

/// The largest number of lots and subjects that are named.
const NAMED: usize = 20;

impl IncidentView {
    fn new(cause: &str, step: Option<&str>) -> Self {
        let (first, records, subjects, how) = Default::default();
        let (cause, step) = (cause.to_owned(), step.map(str::to_owned));
        Self { cause, step, lots: 0, since: None, first, records, subjects, how }
    }
}

/// Up to `at_most` parked lots, each with its cause and step.
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

/// Parked lots (up to `at_most`) and other failures, by cause.
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
        // What differs between incidents of one cause is in their ids, such as `overrun:PO-1`. It is removed from the
        // text.
        let cause = match record.id.split_once(':') {
            // A mere number is not replaced, because the text may contain other numbers.
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

/// The command that tries again once the cause is fixed, or that closes the incident if there is nothing to try.
fn how(view: &IncidentView, verb: &str) -> String {
    // The cause is quoted for a shell, whatever characters it contains.
    format!("waybill incident {verb} '{}'", view.cause.replace('\'', "'\\''"))
}
