//! The size of the log, and its expected size in a year.

use chrono::{Days, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::archive::archives;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Store, StoreError};

/// The period over which growth is measured.
const MONTH: TimeDelta = TimeDelta::days(30);

/// A shorter log is not enough to estimate a month.
const WEEK: TimeDelta = TimeDelta::days(7);

/// The log, and how it grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Growth {
    /// The number of events in the log.
    pub events: i64,
    /// The size of the whole database, in bytes.
    pub bytes: i64,
    /// The events of the last 30 days, extrapolated if the log is younger. Left out if it is younger than a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<i64>,
    /// The expected size in a year, in bytes, at the same rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_a_year: Option<i64>,
    /// Events of lots that had ended before this day are in archives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub archived_before: Option<NaiveDate>,
    /// Since when an archive is due according to the pipeline's `[log] keep_days`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub due_since: Option<NaiveDate>,
    /// The number of an archive that was begun and is not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u32>,
}

impl Growth {
    /// Measures the engine's log now.
    pub(crate) async fn of(engine: &Engine) -> Result<Self, StoreError> {
        let (store, now) = (&*engine.store, engine.clock.now());
        let events = store.last_position().await?;
        let condition = store.condition().await?;
        let archives = archives(store).await?;
        let first = store.events_after(0, 1).await?.pop();
        let age = first.as_ref().map(|first| now - first.at);
        let month = match age {
            Some(age) if age >= MONTH => Some(events - before(store, events, now - MONTH).await?),
            Some(age) if age >= WEEK => Some(events.saturating_mul(30) / age.num_days().max(1)),
            _ => None,
        };
        let each = condition.size / events.max(1);
        let in_a_year = month.map(|month| condition.size + month.saturating_mul(12) * each);
        let archived_before = archives.iter().map(|archive| archive.before).max();
        let today = engine.today(&*engine.coalition().await?);
        let keep = engine.pipeline().log.keep_days.map(|days| Days::new(u64::from(days) + 31));
        let oldest = archived_before.or(first.map(|first| first.at.date_naive()));
        let due_since = oldest.zip(keep).and_then(|(oldest, keep)| oldest.checked_add_days(keep));
        Ok(Self {
            events,
            bytes: condition.size,
            month,
            in_a_year,
            archived_before,
            due_since: due_since.filter(|due| *due <= today),
            begun: archives.iter().find(|archive| !archive.is_done).map(|archive| archive.number),
        })
    }
}

/// The last position before `at`, found by bisection. Time grows along the log, except for differences between clocks.
async fn before(store: &dyn Store, last: i64, at: Timestamp) -> Result<i64, StoreError> {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        match store.events_after(middle, 1).await?.pop() {
            Some(event) if event.at < at => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
