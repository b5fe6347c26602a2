//! Overviews of the coalition: its money, coming arrivals, and lead times.

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

/// The default number of days to look ahead.
const AHEAD: u32 = 30;

/// The largest number of days to look ahead: ten years.
const FAR: u32 = 3_660;

/// Which money to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MoneyQuery {
    /// Only what this donor gives, alone or jointly.
    donor: Option<String>,
    /// Show the end of this day instead of now. An earlier day is rebuilt from the log.
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

/// Which arrivals to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArrivalsQuery {
    /// Arrivals due within this many days, late ones included. Default: 30.
    #[param(minimum = 0, maximum = 3660)]
    days: Option<u32>,
    /// Only arrivals for this requester.
    requester: Option<String>,
    /// Only arrivals from this supplier.
    supplier: Option<String>,
    /// Show the end of this day instead of now. An earlier day is rebuilt from the log.
    on: Option<NaiveDate>,
    /// The `next` cursor of the previous page.
    cursor: Option<String>,
    /// The largest number of arrivals to return.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// Coming arrivals: lots under orders by the day they are due, late ones first.
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
        let detail = format!("{days} is not between 0 and {FAR}");
        return Err(Problem::field("days", detail, "ask for a smaller number"));
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

/// Which lead times to compute.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LeadTimesQuery {
    /// How to group the lead times. Default: by step.
    #[param(inline)]
    by: Option<By>,
    /// Also show each month, counted by the month in which they ended.
    #[serde(default)]
    monthly: bool,
}

/// How long things take, computed from the log.
///
/// The times are measured at each step, in each category from the day of the request to receipt, and from each supplier
/// from order to receipt. Each is given as the median and the 90th percentile.
#[utoipa::path(
    get, path = "/v1/lead-times", tag = "service", params(LeadTimesQuery),
    responses((status = 200, body = Vec<LeadTime>))
)]
pub(crate) async fn lead_times(
    State(api): State<Api>,
    Params(query): Params<LeadTimesQuery>,
) -> Result<Json<Vec<LeadTime>>, Problem> {
    // The counts are kept between requests, so only new events of the log are read.
    let mut known = api.lead_times.lock().await;
    // The counts are taken out while they are updated. If an error or a caller who leaves interrupts the update, the
    // partial counts are dropped.
    let mut times: LeadTimes = std::mem::take(&mut *known);
    times.read_on(&api.engine, None).await?;
    let told = times.told(query.by.unwrap_or(By::Step), query.monthly);
    *known = times;
    Ok(Json(told))
}
