//! Which events a reader of the feed wants.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which events a reader wants. A field that is left out does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Kinds of events, such as `lot.matched`, or the first part of several kinds, such as `lot`. Empty means all
    /// kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["lot.matched", "order"]))]
    pub kinds: Vec<String>,
    /// Only events about money of this donor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donor: Option<String>,
    /// Only events about lines of this requester.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// Only events about this line, by its id or its requester's id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Only events of this subject, such as `LOT-7K2` or `order:PO-1`. An id without a kind matches all subjects
    /// that have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Filter {
    /// Whether the reader wants events of `kind`.
    #[must_use]
    pub fn takes_kind(&self, kind: &str) -> bool {
        let is_asked = |asked: &String| {
            let asked = asked.strip_prefix("waybill.").unwrap_or(asked);
            let first = asked.trim_end_matches('.');
            kind == asked || kind.split_once('.').is_some_and(|(of, _)| of == first)
        };
        self.kinds.is_empty() || self.kinds.iter().any(is_asked)
    }

    /// Whether the reader wants events of `subject`.
    #[must_use]
    pub fn takes_subject(&self, subject: &str) -> bool {
        let id = subject.split_once(':').map_or(subject, |(_, id)| id);
        self.subject.as_ref().is_none_or(|asked| asked == subject || asked == id)
    }
}
