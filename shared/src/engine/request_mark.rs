//! From where a change was asked for: the access log tells it, and a salted hash of that stands in the log of events
//! beside the change, so that the access log cannot be changed afterwards either.

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

/// What stands in the log of events for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// SHA-256 of salt, the request's name, address and token's id, each on a line of its own; in hexadecimal.
    pub sha256: String,
}

impl Mark {
    /// The mark of a request.
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

/// Runs `work`; the first change that it commits is told with `mark`.
pub async fn with_mark<T>(mark: Mark, work: impl Future<Output = T>) -> T {
    ASKED.scope(Asked { mark, is_told: AtomicBool::new(false) }, work).await
}

/// Puts the mark of the request beside what `change set` changes in the log, if no change was told with it yet; whether it did.
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

/// The change that was to be told with the mark was not stored.
pub(crate) fn not_told() {
    ASKED.try_with(|asked| asked.is_told.store(false, Ordering::Relaxed)).ok();
}
