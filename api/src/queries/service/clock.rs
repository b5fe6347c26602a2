//! The clock that this process goes by.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::timekeeper::Doubt;

use crate::queries::error::QueryError;

/// What time it is for the process that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// By its own clock.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub now: Timestamp,
    /// By how many milliseconds that is after the database's clock; none: it has no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// Whether it is believed: if not, nothing is done.
    pub is_believed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// The way out.
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

/// The clock as it is now.
pub(crate) async fn look(engine: &Engine) -> Result<ClockView, QueryError> {
    let doubt = engine.look_at_clock().await?;
    Ok(ClockView::of(engine, doubt.or_else(|| engine.doubt())))
}
