//! The coalition at a glance: its money, what is to come, and how long things take.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::Params;
use crate::http::state::Api;
use crate::queries::log::lead_times::{By, LeadTime, LeadTimes};
use crate::queries::money::envelopes::{MoneyView, money as of_donors};
use crate::queries::orders::arrivals::{self, ArrivalPage, arrivals as to_come};
use crate::queries::past::AsOf;

/// Days ahead, unless asked otherwise.
const AHEAD: u32 = 30;

/// Days ahead at most: ten years.
const FAR: u32 = 3_660;

/// Which money.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MoneyQuery {
    /// Only what this donor gives, alone or jointly.
    donor: Option<String>,
    /// At the end of this day instead of now; an earlier day is rebuilt from the log.
    on: Option<NaiveDate>,
}

/// The money by donor and envelope: what was promised, what became of it, and what lapses when.
#[utoipa::path(
    get, path = "/v1/money", tag = "money", params(MoneyQuery),
    responses((status = 200, body = MoneyView))
)]
pub(crate) async fn money(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<MoneyQuery>,
) -> Result<Json<MoneyView>, Problem> {
    let then = AsOf::of(&api.engine, query.on).await?;
    let visibility = caller.visibility(&then.engine).await?;
    Ok(Json(of_donors(&then.engine, &visibility, query.donor.as_deref()).await?))
}

/// Which arrivals.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArrivalsQuery {
    /// Due within so many days, 30 unless said otherwise; what is late is due.
    #[param(minimum = 0, maximum = 3660)]
    days: Option<u32>,
    /// Only of this requester.
    requester: Option<String>,
    /// Only from this supplier.
    supplier: Option<String>,
    /// At the end of this day instead of now; an earlier day is rebuilt from the log.
    on: Option<NaiveDate>,
    /// The cursor that a page before gave as `next`.
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// What is to come: lots under orders by the day they are due, late ones first.
#[utoipa::path(
    get, path = "/v1/arrivals", tag = "orders", params(ArrivalsQuery),
    responses((status = 200, body = ArrivalPage))
)]
pub(crate) async fn arrivals(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ArrivalsQuery>,
) -> Result<Json<ArrivalPage>, Problem> {
    let days = query.days.unwrap_or(AHEAD);
    if days > FAR {
        let detail = format!("{days} is not within 0 and {FAR}");
        return Err(Problem::field("days", detail, "ask for less"));
    }
    let then = AsOf::of(&api.engine, query.on).await?;
    let mut visibility = caller.visibility(&then.engine).await?;
    let asked = arrivals::ArrivalsFilter {
        days,
        requester: query.requester.as_deref(),
        supplier: query.supplier.as_deref(),
        page: (query.cursor.as_deref(), query.limit),
    };
    Ok(Json(to_come(&then.engine, &mut visibility, &asked).await?))
}

/// Which lead times.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LeadTimesQuery {
    /// By what they are told apart; by step, unless said otherwise.
    #[param(inline)]
    by: Option<By>,
    /// Each month, too: that in which they were complete.
    #[serde(default)]
    monthly: bool,
}

/// How long things take, from the log: at each step; in each category from the day a line was asked
/// for to receipt; from each supplier from order to receipt. Half and nine in ten took at most so long.
#[utoipa::path(
    get, path = "/v1/lead-times", tag = "service", params(LeadTimesQuery),
    responses((status = 200, body = Vec<LeadTime>))
)]
pub(crate) async fn lead_times(
    State(api): State<Api>,
    Params(query): Params<LeadTimesQuery>,
) -> Result<Json<Vec<LeadTime>>, Problem> {
    // Kept from one question to the next: only what is new in the log is read.
    let mut known = api.lead_times.lock().await;
    // Taken out meanwhile: what is counted in part, because of an error or because whoever asked has gone
    // away, is forgotten.
    let mut times: LeadTimes = std::mem::take(&mut *known);
    times.read_on(&api.engine, None).await?;
    let told = times.told(query.by.unwrap_or(By::Step), query.monthly);
    *known = times;
    Ok(Json(told))
}
