//! Reports about now, or about the end of an earlier day.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::account::Role;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::{Named, Params};
use crate::http::state::Api;
use crate::queries::log::lead_times::{By, LeadTimes};
use crate::queries::past::AsOf;
use crate::queries::reports::{self, DonorReport, RequesterReport, SteeringReport, WeeklyReport};

/// The day of a report.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// Report the end of this day instead of now. An earlier day is rebuilt from the log.
    on: Option<NaiveDate>,
}

/// What happened in the seven days up to the given day, what is overdue, and the current state.
#[utoipa::path(
    get, path = "/v1/reports/weekly", tag = "reports", params(ReportQuery),
    responses((status = 200, body = WeeklyReport))
)]
pub(crate) async fn weekly(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ReportQuery>,
) -> Result<Json<WeeklyReport>, Problem> {
    let then = AsOf::of(&api.engine, query.on).await?;
    let visibility = caller.visibility(&then.engine).await?;
    let mut times = LeadTimes::default();
    times.read_on(&api.engine, then.end).await?;
    let times = times.told(By::Step, false);
    Ok(Json(reports::weekly(&api.engine, &then, &visibility, times).await?))
}

/// The decisions that a steering group has to take, and the current state.
///
/// The decisions are reviews and consents, what the most urgent lots lack, money that lapses, and late suppliers.
#[utoipa::path(
    get, path = "/v1/reports/steering", tag = "reports", params(ReportQuery),
    responses((status = 200, body = SteeringReport))
)]
pub(crate) async fn steering(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ReportQuery>,
) -> Result<Json<SteeringReport>, Problem> {
    let then = AsOf::of(&api.engine, query.on).await?;
    let visibility = caller.visibility(&then.engine).await?;
    Ok(Json(reports::steering(&then, &visibility).await?))
}

/// What a donor's money did: by envelope, what it pays for, where that is, and the documents about it.
#[utoipa::path(
    get, path = "/v1/reports/donor/{id}", tag = "reports",
    params(("id" = String, Path, description = "The donor"), ReportQuery),
    responses((status = 200, body = DonorReport))
)]
pub(crate) async fn donor(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Params(query): Params<ReportQuery>,
) -> Result<Json<DonorReport>, Problem> {
    is_own(&caller, Role::Donor, &id)?;
    let then = AsOf::of(&api.engine, query.on).await?;
    let visibility = caller.visibility(&then.engine).await?;
    Ok(Json(reports::donor(&api.engine, &then, &visibility, &id).await?))
}

/// A requester's lines by rank: where each lot is, why, and when it is expected.
#[utoipa::path(
    get, path = "/v1/reports/requester/{id}", tag = "reports",
    params(("id" = String, Path, description = "The requester"), ReportQuery),
    responses((status = 200, body = RequesterReport))
)]
pub(crate) async fn requester(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    Params(query): Params<ReportQuery>,
) -> Result<Json<RequesterReport>, Problem> {
    is_own(&caller, Role::Requester, &id)?;
    let then = AsOf::of(&api.engine, query.on).await?;
    let visibility = caller.visibility(&then.engine).await?;
    Ok(Json(reports::requester(&then, &visibility, &id).await?))
}

/// A caller in `role` may only see the report about its own party.
fn is_own(caller: &Caller, role: Role, id: &str) -> Result<(), Problem> {
    if caller.role() == role && caller.party() != Some(id) {
        return Err(Problem::unknown(role.name(), id));
    }
    Ok(())
}
