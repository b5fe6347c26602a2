//! How confidential values are stored: in plain text, or sealed with which keys.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use waybill_shared::sealed::{Inventory, reseal};

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Body;
use crate::http::state::Api;

/// The keys of the answering process, and the values to seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    /// The ids of the process's keys. The first is the one that seals.
    pub keys: Vec<String>,
    /// The number of values by how they are stored.
    pub values: Inventory,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealRequest {
    /// The key that the caller expects to be used. `None` accepts the service's current key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resealed {
    /// The id of the key that sealed.
    pub key: String,
    /// The number of consignees and webhooks that were sealed with it just now.
    pub sealed: usize,
    /// The number of values by how they are stored now.
    pub values: Inventory,
}

pub(crate) async fn list(State(api): State<Api>) -> Result<Json<KeysView>, Problem> {
    let values = Inventory::of(&*api.engine.store).await?;
    Ok(Json(KeysView { keys: api.engine.keys.ids(), values }))
}

/// Seals all values that are in plain text or sealed with another key than the first.
pub(crate) async fn seal(
    State(api): State<Api>,
    caller: Caller,
    Body(asked): Body<SealRequest>,
) -> Result<Json<Resealed>, Problem> {
    let Some(key) = api.engine.keys.current() else {
        let hint =
            "create one with `waybill key new FILE`, and start every process with --key-file FILE";
        return Err(Problem::new(ProblemKind::Refused, "the service has no key", hint));
    };
    if let Some(wanted) = asked.key.filter(|wanted| *wanted != key) {
        let detail = format!("the service uses key {key}, not {wanted}");
        let hint = "make it read its keys again: send SIGHUP, or restart it";
        return Err(Problem::new(ProblemKind::Conflict, detail, hint));
    }
    let sealed = reseal(&api.engine, &caller.actor()).await?;
    let values = Inventory::of(&*api.engine.store).await?;
    Ok(Json(Resealed { key, sealed, values }))
}
