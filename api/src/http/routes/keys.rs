//! How what is confidential is kept: in plain text, or sealed by which keys.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use waybill_shared::sealing::{Inventory, reseal};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Body;
use crate::http::state::Api;

/// The keys of the process that answers, and what there is to seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    /// The ids of its keys, that of the one that seals first.
    pub keys: Vec<String>,
    /// Values, by how they are kept.
    pub values: Inventory,
}

/// By which key to seal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealRequest {
    /// The id of the key that is to seal; none: whichever the service seals by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resealed {
    /// By which key.
    pub key: String,
    /// How many consignees and webhooks were sealed by it just now.
    pub sealed: usize,
    /// Values, by how they are kept now.
    pub values: Inventory,
}

/// Tells the keys, and how values are kept.
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<KeysView>, Problem> {
    let values = Inventory::of(&*api.engine.store).await?;
    Ok(Json(KeysView { keys: api.engine.keys.ids(), values }))
}

/// Seals by the first key whatever is in plain text or sealed by another.
pub(crate) async fn seal(
    State(api): State<Api>,
    caller: Caller,
    Body(asked): Body<SealRequest>,
) -> Result<Json<Resealed>, Problem> {
    let Some(key) = api.engine.keys.current() else {
        let hint =
            "make one with `waybill key new FILE`, and start every process with --key-file FILE";
        return Err(Problem::new(ProblemKind::Refused, "the service has no key to seal by", hint));
    };
    if let Some(wanted) = asked.key.filter(|wanted| *wanted != key) {
        let detail = format!("the service seals by key {key}, not by {wanted}");
        let hint = "let it read its keys again: SIGHUP, or a restart";
        return Err(Problem::new(ProblemKind::Conflict, detail, hint));
    }
    let sealed = reseal(&api.engine, &caller.actor()).await?;
    let values = Inventory::of(&*api.engine.store).await?;
    Ok(Json(Resealed { key, sealed, values }))
}
