//! Lines as their requesters stated them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use waybill_shared::line_name::{NamedLine, lines_named};
use waybill_shared::store::StoredLine;
use waybill_shared::views::{LinePage, LineView, LotView};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::{Named, Params};
use crate::http::state::Api;
use crate::http::versions::versioned;
use crate::queries::lots::lines::{LinesQuery, page, seen};

/// Lines with what became of them, in order of their ids unless another order is requested.
#[utoipa::path(
    get, path = "/v1/lines", tag = "lines", params(LinesQuery),
    responses((status = 200, body = LinePage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<LinesQuery>,
) -> Result<Json<LinePage>, Problem> {
    let visibility = caller.visibility(&api.engine).await?;
    Ok(Json(page(&api.engine, visibility, &query).await?))
}

/// One line with its lots, found by its own id or by its requester's id.
#[utoipa::path(
    get, path = "/v1/lines/{id}", tag = "lines",
    params(("id" = String, Path, description = "The line's id, its requester's, or both as in `MIN/1`, percent-encoded")),
    responses((status = 200, body = LineView, headers(("ETag" = String))))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let unknown = || Problem::unknown("line", &id);
    let mut visibility = caller.visibility(&api.engine).await?;
    // If several lines have this name, the caller gets to know only those that it may see.
    let (mut found, mut lots) = (Vec::new(), Vec::new());
    for (line_id, stored) in lines_named(&*api.engine.store, &id).await? {
        if let Some(its) = seen(&api.engine, &mut visibility, line_id, &stored.line).await? {
            found.push((line_id, stored));
            lots = its;
        }
    }
    let (line_id, stored) = match NamedLine::among(&id, found) {
        NamedLine::One(line_id, stored) => (line_id, stored),
        NamedLine::Unknown => return Err(unknown()),
        NamedLine::Several(name) => return Err(Problem::ambiguous(&name)),
    };
    let StoredLine { version, line, .. } = *stored;
    let views = lots.iter().map(|lot| LotView::seen(lot, &line, &visibility));
    let view = LineView::of(line_id, version, &line, views.collect()).with(&lots);
    Ok(versioned(version, view.seen(&visibility)))
}
