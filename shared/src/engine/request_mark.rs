//! Marks of requests. The access log has the origin of each change. A salted hash of that is stored in the event log
//! next to the change, so that the access log cannot be altered unnoticed either.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::store::chain::hex;
use crate::store::{ChangeSet, RecordChange};

tokio::task_local! {
    /// The request for which this task works.
    static ASKED: Asked;
}

/// The record of a request in the event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// SHA-256 in hexadecimal over four lines: salt, the request's id, its address, and the id of its token.
    pub sha256: String,
}

impl Mark {
    #[must_use]
    pub fn of(salt: &str, request: &str, from: &str, token: &str) -> Self {
        let text = format!("{salt}\n{request}\n{from}\n{token}");
        Self { sha256: hex(Sha256::new_with_prefix(text)) }
    }
}

/// A request that may change something.
struct Asked {
    mark: Mark,
    is_told: AtomicBool,
}

/// Runs `work`. The first change that it commits also stores `mark`.
pub async fn with_mark<T>(mark: Mark, work: impl Future<Output = T>) -> T {
    ASKED.scope(Asked { mark, is_told: AtomicBool::new(false) }, work).await
}

/// Adds the mark of the request to `change_set`, if that has an event and no earlier change set has the mark. Returns
/// whether it did.
pub(crate) fn mark(change_set: &mut ChangeSet) -> bool {
    let is_change = !(change_set.lots.is_empty()
        && change_set.lines.is_empty()
        && change_set.records.is_empty()
        && change_set.envelopes.is_empty());
    let marked = ASKED.try_with(|asked| {
        if !is_change || asked.is_told.swap(true, Ordering::Relaxed) {
            return None;
        }
        serde_json::to_string(&asked.mark).ok().map(|body| (asked.mark.sha256.clone(), body))
    });
    let Ok(Some((id, body))) = marked else { return false };
    change_set.records.push(RecordChange {
        kind: RecordKind::Request,
        id,
        expected: 0,
        body,
        event: RecordEvent::RequestCame,
    });
    true
}

/// Call it if the change set with the mark was not stored, so that the next one gets the mark.
pub(crate) fn not_told() {
    ASKED.try_with(|asked| asked.is_told.store(false, Ordering::Relaxed)).ok();
}
