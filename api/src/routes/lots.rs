//! Lots: where each is, why, and everything that happened to it.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::ids::LotId;
use waybill_shared::store::LotFilter;
use waybill_shared::views::{LotPage, LotView};

use super::versioned;
use crate::access::Caller;
use crate::page::{after, cursor, limit};
use crate::request::{Asked, Named};
use crate::timeline::Entry;
use crate::why::Why;
use crate::{Api, Problem};

/// Lots read from the store at once.
const READ: i64 = 1000;

/// Lots looked at for one page at most, of which few may be the caller's.
const LOOKED_AT: usize = 20_000;

/// Which lots to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LotsQuery {
    /// Only in this state, such as `waiting`.
    state: Option<String>,
    /// Only at this step, such as `match_donor`.
    step: Option<String>,
    /// Only waiting for this, such as `funding`.
    awaits: Option<String>,
    /// Only of this requester.
    requester: Option<String>,
    /// Only paid for by this donor.
    donor: Option<String>,
    /// Only of this priority class.
    class: Option<u8>,
    /// Only after this lot, by its id; instead of a cursor.
    after: Option<String>,
    /// The cursor that a page before gave as `next`.
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

impl LotsQuery {
    fn takes(&self, view: &LotView) -> bool {
        let donors = || view.funding.iter().flat_map(|share| &share.donors);
        self.requester.as_ref().is_none_or(|requester| view.requester == *requester)
            && self.donor.as_ref().is_none_or(|donor| donors().any(|found| found == donor))
            && self.class.is_none_or(|class| view.priority.class == class)
    }
}

/// Lots, in order of their ids.
#[utoipa::path(
    get, path = "/v1/lots", tag = "lots", params(LotsQuery),
    responses((status = 200, body = LotPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<LotsQuery>,
) -> Result<Json<LotPage>, Problem> {
    let limit = limit(query.limit)?;
    let mut last = after("lots", query.cursor.as_deref())?.or(query.after.clone());
    let mut sight = caller.sight(&api.engine).await?;
    let (mut items, mut looked_at) = (Vec::new(), 0);
    loop {
        let position = last.as_deref().map(str::parse::<LotId>).transpose();
        let position = position.map_err(|error| {
            Problem::field("after", error.to_string(), "give what a page before has as `next`")
        })?;
        let filter = LotFilter {
            state: query.state.clone(),
            step: query.step.clone(),
            awaits: query.awaits.clone(),
            after: position,
            limit: READ.min((limit + 1).try_into().unwrap_or(READ)).max(100),
        };
        let lots = api.engine.store.lots(&filter).await?;
        let is_last = (lots.len() as i64) < filter.limit;
        looked_at += lots.len();
        let end = lots.last().map(|lot| lot.id.to_string());
        for (lot, line) in sight.lots(lots).await? {
            let view = LotView::of(&lot, &line, &sight.coalition).seen(&sight);
            if !query.takes(&view) {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|view: &LotView| cursor("lots", &view.id.to_string()));
                return Ok(Json(LotPage { items, next }));
            }
            items.push(view);
        }
        last = end.or(last);
        if is_last || looked_at >= LOOKED_AT {
            let next = last.filter(|_| !is_last).map(|last| cursor("lots", &last));
            return Ok(Json(LotPage { items, next }));
        }
    }
}

/// One lot.
#[utoipa::path(
    get, path = "/v1/lots/{id}", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = LotView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let mut sight = caller.sight(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut sight, &id).await?;
    Ok(versioned(lot.version, LotView::of(&lot, &line, &sight.coalition).seen(&sight)))
}

/// Everything that happened to a lot, oldest first.
#[utoipa::path(
    get, path = "/v1/lots/{id}/timeline", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = Vec<Entry>))
)]
pub(crate) async fn timeline(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Vec<Entry>>, Problem> {
    let mut sight = caller.sight(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut sight, &id).await?;
    Ok(Json(crate::timeline::of_lot(&api.engine, &lot, &line, &mut sight).await?))
}

/// Why a lot has the money that it has, or what is missing, of whom, to the cent.
#[utoipa::path(
    get, path = "/v1/lots/{id}/why", tag = "lots", params(("id" = String, Path, description = "The lot's id")),
    responses((status = 200, body = Why))
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Why>, Problem> {
    let mut sight = caller.sight(&api.engine).await?;
    let (lot, line) = caller.lot(&api.engine, &mut sight, &id).await?;
    let why = crate::why::why(&api.engine, &lot, &line).await?;
    Ok(Json(why.seen(&api.engine, &mut sight).await?))
}
