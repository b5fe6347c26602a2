//! Schedules the days on which parts of envelopes become usable.

use crate::domain::coalition::Settings;
use crate::domain::contribution::Contribution;
use crate::domain::kinds::JobKind;
use crate::domain::lot::Timestamp;
use crate::store::NewJob;

/// When parts of envelopes become usable.
pub struct Openings;

impl Openings {
    /// The jobs that open the later parts of `contribution`, one for each day after today.
    #[must_use]
    pub fn jobs(coalition: &Settings, contribution: &Contribution, now: Timestamp) -> Vec<NewJob> {
        let today = now.with_timezone(&coalition.zone).date_naive();
        let mut days: Vec<chrono::NaiveDate> =
            contribution.tranches.iter().map(|tranche| tranche.opens).collect();
        days.push(contribution.stated);
        days.retain(|day| *day > today);
        days.sort_unstable();
        days.dedup();
        let job = |day: chrono::NaiveDate| NewJob {
            kind: JobKind::Opening,
            key: format!("{}@{day}", contribution.id),
            due: start_of(day, coalition.zone),
            body: contribution.id.clone(),
        };
        days.into_iter().map(job).collect()
    }
}

#[must_use]
pub fn start_of(day: chrono::NaiveDate, zone: chrono_tz::Tz) -> Timestamp {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    // If midnight falls into a gap of the clock change, the day starts an hour later.
    let local = midnight
        .and_local_timezone(zone)
        .earliest()
        .or_else(|| (midnight + chrono::TimeDelta::hours(1)).and_local_timezone(zone).earliest());
    local.map_or_else(|| midnight.and_utc(), |local| local.to_utc())
}
