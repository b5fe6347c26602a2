//! Shows any subject by its id.

use axum::Json;
use axum::extract::State;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::ids::LotId;
use waybill_shared::line_name::{NamedLine, lines_named};
use waybill_shared::visibility::Visibility;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::request::Named;
use crate::http::state::Api;
use crate::queries::lots::timeline::of_lot;
use crate::queries::show::{Shown, show as show_known};

/// A lot, line, order, contribution, donor, supplier, incident or other record, with its history.
///
/// Other records are named `kind:id`. Requesters and reviewers see their own lots and lines. Only admins and auditors
/// see accounts and webhooks.
#[utoipa::path(
    get,
    path = "/v1/show/{id}",
    tag = "events",
    params(("id" = String, Path, description = "Its id, percent-encoded")),
    responses((status = 200, body = Shown)),
)]
pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<Shown>, Problem> {
    let mut visibility = caller.visibility(&api.engine).await?;
    if !visibility.is_whole() {
        return own_only(&api, &caller, &mut visibility, &id).await.map(Json);
    }
    let shown = show_known(&api.engine, &id, true).await?;
    let is_account = matches!(shown.kind.as_str(), "token" | "webhook");
    if is_account && !matches!(caller.role(), Role::Admin | Role::Auditor) {
        return Err(Problem::unknown(UNKNOWN, &id));
    }
    Ok(Json(shown))
}

/// How the answer names a subject that does not exist, or that the caller may not see.
const UNKNOWN: &str = "lot, line or record";

/// A lot or a line of the caller's own, limited to what the caller may know of it.
async fn own_only(
    api: &Api,
    caller: &Caller,
    visibility: &mut Visibility,
    id: &str,
) -> Result<Shown, Problem> {
    let unknown = || Problem::unknown(UNKNOWN, id);
    if id.parse::<LotId>().is_ok() {
        let (lot, line) = caller.lot(&api.engine, visibility, id).await?;
        let mut shown = show_known(&api.engine, &lot.id.to_string(), false).await?;
        for (_, value) in shown.facts.iter_mut().filter(|(_, value)| *value == lot.reason) {
            *value = visibility.reason(&lot);
        }
        shown.timeline = of_lot(&api.engine, &lot, &line, visibility).await?;
        return Ok(shown.seen(visibility));
    }
    let mut found = lines_named(&*api.engine.store, id).await?;
    found.retain(|(_, stored)| visibility.line(&stored.line));
    match NamedLine::among(id, found) {
        NamedLine::One(line, _) => {
            Ok(show_known(&api.engine, &line.to_string(), false).await?.seen(visibility))
        }
        NamedLine::Unknown => Err(unknown()),
        NamedLine::Several(name) => Err(Problem::ambiguous(&name)),
    }
}
