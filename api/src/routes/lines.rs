//! Lines as their requesters stated them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::sight::Sight;
use waybill_shared::store::{StoreError, StoredLine};
use waybill_shared::views::{LinePage, LineView, LotView};

use super::versioned;
use crate::access::Caller;
use crate::page::{after, cursor, limit};
use crate::request::{Asked, Named};
use crate::{Api, Problem};

/// Lines looked at for one page at most, of which few may be the caller's.
const LOOKED_AT: i64 = 20_000;

/// Lines read from the store at once.
const READ: i64 = 1000;

/// Which lines to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesQuery {
    /// Only of this requester.
    requester: Option<String>,
    /// The cursor that a page before gave as `next`.
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// Lines, in order of their ids.
#[utoipa::path(
    get, path = "/v1/lines", tag = "lines", params(LinesQuery),
    responses((status = 200, body = LinePage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<LinesQuery>,
) -> Result<Json<LinePage>, Problem> {
    let limit = limit(query.limit)?;
    let bad =
        |_| Problem::field("cursor", "it names no line", "give what a page before has as `next`");
    let first = after("lines", query.cursor.as_deref())?;
    let first: LineId = first.map(|id| id.parse()).transpose().map_err(bad)?.unwrap_or(LineId(0));
    let end = api.engine.store.last_line().await?;
    let mut sight = caller.sight(&api.engine).await?;
    let (mut items, mut at): (Vec<LineView>, i64) = (Vec::new(), first.0);
    while at < end && at - first.0 < LOOKED_AT {
        let ids: Vec<LineId> = (at + 1..=end.min(at + READ)).map(LineId).collect();
        at = ids.last().map_or(end, |id| id.0);
        for (id, StoredLine { version, line }) in api.engine.store.lines(&ids).await? {
            let is_asked = query.requester.as_ref().is_none_or(|r| line.requester == *r);
            if !is_asked || !sees(&api.engine, &mut sight, id, &line).await? {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|line| cursor("lines", &line.id));
                return Ok(Json(LinePage { items, next }));
            }
            items.push(LineView::of(id, version, &line, Vec::new()).seen(&sight));
        }
    }
    let next = Some(cursor("lines", &LineId(at).to_string())).filter(|_| at < end);
    Ok(Json(LinePage { items, next }))
}

/// Whether a line is the caller's own, or a lot of it is.
async fn sees(
    engine: &Engine,
    sight: &mut Sight,
    id: LineId,
    line: &Line,
) -> Result<bool, StoreError> {
    if sight.line(line) || !sight.looks_at_lots() {
        return Ok(sight.line(line));
    }
    Ok(!sight.lots(engine.store.lots_of_line(id).await?).await?.is_empty())
}

/// One line, by its id or its requester's, with its lots.
#[utoipa::path(
    get, path = "/v1/lines/{id}", tag = "lines",
    params(("id" = String, Path, description = "The line's id, or its requester's, percent-encoded")),
    responses((status = 200, body = LineView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let store = &api.engine.store;
    let found = match id.parse::<LineId>() {
        Ok(id) => store.lines(&[id]).await?.pop(),
        Err(_) => store.lines_by_external(&[&id]).await?.pop(),
    };
    let unknown = || Problem::unknown("line", &id);
    let (line_id, StoredLine { version, line }) = found.ok_or_else(unknown)?;
    let mut sight = caller.sight(&api.engine).await?;
    if !sees(&api.engine, &mut sight, line_id, &line).await? {
        return Err(unknown());
    }
    let lots = sight.lots(store.lots_of_line(line_id).await?).await?;
    let lots = lots
        .iter()
        .map(|(lot, line)| LotView::of(lot, line, &sight.coalition).seen(&sight))
        .collect();
    Ok(versioned(version, LineView::of(line_id, version, &line, lots).seen(&sight)))
}
