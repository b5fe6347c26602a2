//! Any subject by its id.

use super::own;
use axum::Json;
use axum::extract::State;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::ids::LotId;
use waybill_shared::line_name::{NamedLine, named};

use crate::access::Caller;
use crate::request::Named;
use crate::show::{Shown, show as show_known};
use crate::{Api, Problem};

/// A lot, line, order, contribution, donor, supplier, incident or other record, with all that happened to it.
///
/// Records that are none of these are named `kind:id`. Requesters and reviewers see their lots and lines;
/// accounts and webhooks are shown to admins and auditors.
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
    may_show(&api, &caller, &id).await?;
    let is_whole = caller.sight(&api.engine).await?.is_whole();
    let shown = show_known(&api.engine, &id, is_whole).await?;
    let is_account = matches!(shown.kind.as_str(), "token" | "webhook");
    if is_account && !matches!(caller.role(), Role::Admin | Role::Auditor) {
        return Err(Problem::unknown(UNKNOWN, &id));
    }
    Ok(Json(shown))
}

/// What was asked for and is not there, or not for the caller.
const UNKNOWN: &str = "lot, line or record";

/// Refuses what the caller does not see. A requester and a reviewer see their lots and lines; whoever
/// sees the whole sees everything but accounts.
async fn may_show(api: &Api, caller: &Caller, id: &str) -> Result<(), Problem> {
    let unknown = || Problem::unknown(UNKNOWN, id);
    let mut sight = caller.sight(&api.engine).await?;
    if sight.is_whole() {
        return Ok(());
    }
    if id.parse::<LotId>().is_ok() {
        return caller.lot(&api.engine, &mut sight, id).await.map(drop);
    }
    match named(&*api.engine.store, id, own(caller)).await? {
        NamedLine::One(_, stored) if sight.line(&stored.line) => Ok(()),
        NamedLine::One(..) | NamedLine::Unknown => Err(unknown()),
        NamedLine::Several(name) => Err(Problem::ambiguous(&name)),
    }
}
