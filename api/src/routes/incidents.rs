//! Incidents: what is parked, by cause, and its replay once the cause is mended.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Lot, LotState};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Fate, LotFilter, StoreError, Unit};

use crate::access::Caller;
use crate::request::Body;
use crate::{Api, Problem};

/// Parked lots read at once.
const READ: i64 = 10_000;

/// Lots replayed in one commit.
const TOGETHER: usize = 200;

/// Lots with one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct IncidentView {
    /// The cause they share.
    cause: String,
    /// The step they are at.
    step: String,
    /// How many.
    lots: usize,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    first: Vec<LotId>,
}

/// Lots of an incident that are named.
const NAMED: usize = 20;

/// Parked lots with their cause and step.
pub(crate) async fn parked(engine: &Engine) -> Result<Vec<(String, String, Lot)>, StoreError> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let state = Some("parked".to_owned());
        let filter = LotFilter { state, after, limit: READ, ..LotFilter::default() };
        let lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        for lot in lots {
            if let LotState::Parked { step, incident } = &lot.state {
                found.push((incident.clone(), step.to_string(), lot));
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// What is parked, by cause.
#[utoipa::path(
    get, path = "/v1/incidents", tag = "incidents", responses((status = 200, body = Vec<IncidentView>))
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Vec<IncidentView>>, Problem> {
    let mut by_cause: BTreeMap<(String, String), IncidentView> = BTreeMap::new();
    for (cause, step, lot) in parked(&api.engine).await? {
        let view = by_cause.entry((cause.clone(), step.clone())).or_insert_with(|| IncidentView {
            cause,
            step,
            lots: 0,
            first: Vec::new(),
        });
        view.lots += 1;
        if view.first.len() < NAMED {
            view.first.push(lot.id);
        }
    }
    Ok(Json(by_cause.into_values().collect()))
}

/// What to replay: parked lots of a cause, or these.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ReplayLots)]
pub(crate) struct Replay {
    /// All lots parked with this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// These lots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lots: Vec<LotId>,
    /// Why the cause is thought to be mended; kept with each lot.
    reason: String,
}

/// What was replayed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReplayedLots)]
pub(crate) struct Replayed {
    /// Lots that run their step again.
    replayed: usize,
    /// Lots that were asked for and are not parked.
    not_parked: Vec<LotId>,
}

/// Lets parked lots run their step again, with all its attempts.
#[utoipa::path(
    post, path = "/v1/incidents/replay", tag = "incidents", request_body = Replay,
    responses((status = 200, body = Replayed))
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Body(asked): Body<Replay>,
) -> Result<Json<Replayed>, Problem> {
    if asked.cause.is_none() && asked.lots.is_empty() {
        return Err(Problem::field(
            "cause",
            "neither it nor `lots` is given",
            "say what to replay",
        ));
    }
    let mut found = parked(&api.engine).await?;
    found.retain(|(cause, _, lot)| {
        asked.cause.as_ref() == Some(cause) || asked.lots.contains(&lot.id)
    });
    let is_found = |id: &&LotId| found.iter().any(|(_, _, lot)| lot.id == **id);
    let not_parked = asked.lots.iter().filter(|id| !is_found(id)).copied().collect();
    let mut done = Replayed { replayed: 0, not_parked };
    let engine = &api.engine;
    for lots in found.chunks(TOGETHER) {
        let mut units = Vec::with_capacity(lots.len());
        for (cause, _, lot) in lots {
            let mut after = lot.clone();
            let reason = match asked.reason.trim() {
                "" => format!("was parked: {cause}"),
                reason => format!("{reason} (was parked: {cause})"),
            };
            after.because("replayed", reason);
            let change = engine.advance(lot.clone(), after, StepResult::Replay, "lot.replayed");
            let change = change.map_err(|error| Problem::new("conflict", error.to_string(), ""))?;
            units.push(Unit::new(&caller.actor(), engine.clock.now()).lot(change));
        }
        for (fate, (_, _, lot)) in engine.commit(units, None).await?.iter().zip(lots) {
            match fate {
                Fate::Committed => done.replayed += 1,
                Fate::Stale { .. } | Fate::Refused { .. } => done.not_parked.push(lot.id),
            }
        }
    }
    Ok(Json(done))
}
