//! The clock of this process.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::clock::Doubt;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;

use crate::queries::error::QueryError;

/// The time of the process that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// The time of the process's own clock.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub now: Timestamp,
    /// By how many milliseconds that clock is ahead of the database's clock. Left out if there is no other clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// Whether the process trusts its clock. If not, it does nothing.
    pub is_believed: bool,
    /// Why the process does not trust its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// How to fix the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl ClockView {
    fn of(engine: &Engine, doubt: Option<Doubt>) -> Self {
        Self {
            now: engine.clock.now(),
            offset_ms: engine.timekeeper.offset().map(|offset| offset.num_milliseconds()),
            is_believed: doubt.is_none(),
            doubt: doubt.map(|doubt| doubt.to_string()),
            mend: doubt.map(|doubt| doubt.mend().to_owned()),
        }
    }
}

pub(crate) async fn look(engine: &Engine) -> Result<ClockView, QueryError> {
    let doubt = engine.look_at_clock().await?;
    Ok(ClockView::of(engine, doubt.or_else(|| engine.doubt())))
}
