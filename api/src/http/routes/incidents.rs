//! Incidents: parked lots by cause, and their replay once the cause is fixed.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::store::{ChangeSet, Fate};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Body;
use crate::http::state::Api;
use crate::queries::lots::incidents::{IncidentView, incidents, parked};

/// The number of lots replayed in one commit.
const TOGETHER: usize = 200;

/// Parked lots and failed jobs, by cause.
#[utoipa::path(
    get, path = "/v1/incidents", tag = "incidents", responses((status = 200, body = Vec<IncidentView>))
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Vec<IncidentView>>, Problem> {
    Ok(Json(incidents(&api.engine, usize::MAX).await?))
}

/// What to replay: all lots parked for a cause, or single lots.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ReplayLots)]
pub(crate) struct Replay {
    /// Replay all lots that are parked for this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// Replay these lots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lots: Vec<LotId>,
    /// Why the cause should be fixed now. It is stored with each lot.
    reason: String,
}

/// What was replayed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReplayedLots)]
pub(crate) struct Replayed {
    /// The number of lots that run their step again.
    replayed: usize,
    /// Lots in the request that are not parked, or that changed in the meantime.
    not_parked: Vec<LotId>,
}

/// Makes parked lots run their step again, with a full number of attempts.
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
        return Err(Problem::field("cause", "give either it or `lots`", "name what to replay"));
    }
    let mut found = parked(&api.engine, usize::MAX).await?;
    found.retain(|(cause, _, lot)| {
        asked.cause.as_ref() == Some(cause) || asked.lots.contains(&lot.id)
    });
    let is_found = |id: &&LotId| found.iter().any(|(_, _, lot)| lot.id == **id);
    let not_parked = asked.lots.iter().filter(|id| !is_found(id)).copied().collect();
    let mut done = Replayed { replayed: 0, not_parked };
    let engine = &api.engine;
    for lots in found.chunks(TOGETHER) {
        let mut change_sets = Vec::with_capacity(lots.len());
        for (cause, _, lot) in lots {
            let mut after = lot.clone();
            let reason = match asked.reason.trim() {
                "" => format!("was parked: {cause}"),
                reason => format!("{reason} (was parked: {cause})"),
            };
            after.because(ReasonCode::Replayed, reason);
            let change = engine.advance(lot.clone(), after, StepResult::Replay, LotEvent::Replayed);
            let change = change
                .map_err(|error| Problem::new(ProblemKind::Conflict, error.to_string(), ""))?;
            change_sets.push(ChangeSet::new(&caller.actor(), engine.clock.now()).lot(change));
        }
        for (fate, (_, _, lot)) in engine.commit(change_sets, None).await?.iter().zip(lots) {
            match fate {
                Fate::Committed => done.replayed += 1,
                Fate::Stale { .. } | Fate::Refused { .. } => done.not_parked.push(lot.id),
            }
        }
    }
    Ok(Json(done))
}
