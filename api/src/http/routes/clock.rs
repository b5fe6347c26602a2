//! The clock of the answering process, and how an operator confirms that it is right.

use axum::Json;
use axum::extract::State;
use waybill_shared::clock::Doubt;
use waybill_shared::engine::Engine;
use waybill_shared::store::ChangeSet;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::state::Api;
use crate::queries::service::clock::{ClockView, look};

/// The time of the process that answers, and whether the process trusts its clock.
#[utoipa::path(get, path = "/v1/clock", tag = "service", responses((status = 200, body = ClockView)))]
pub(crate) async fn clock(State(api): State<Api>) -> Result<Json<ClockView>, Problem> {
    Ok(Json(look(&api.engine).await?))
}

/// Confirms that the clock is right, after it was set or the machine was off for a long time.
///
/// A clock that differs from the clock of its database cannot be accepted, because one of the two is wrong.
#[utoipa::path(
    post, path = "/v1/clock/accept", tag = "service", responses((status = 200, body = ClockView))
)]
pub(crate) async fn clock_accept(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<ClockView>, Problem> {
    Ok(Json(accept(&api.engine, &caller.actor()).await?))
}

/// Accepts the clock's time in the name of `by`.
async fn accept(engine: &Engine, by: &str) -> Result<ClockView, Problem> {
    let doubt = engine.look_at_clock().await?;
    if let Some(doubt @ Doubt::Apart(_)) = doubt {
        return Err(Problem::new(ProblemKind::Conflict, doubt.to_string(), doubt.mend()));
    }
    if doubt.is_some() {
        let now = engine.store.time().await?.unwrap_or_else(|| engine.clock.now());
        tracing::warn!(by, %now, "somebody confirmed that the clock is right");
        let mut change_set = ChangeSet::new(by, now);
        change_set.notes = engine.timekeeper.accepted(&*engine.store, now).await?;
        // This bypasses `Engine::commit`, which refuses everything until the clock is trusted.
        engine.store.commit(vec![change_set]).await?;
    }
    Ok(look(engine).await?)
}
