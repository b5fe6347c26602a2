//! Open decisions: reviews, consents and approvals, with their dates.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::lot::{Awaited, LotState, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

use crate::queries::lots::subject::Subject;

/// A lot that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AwaitedDecision)]
pub struct Wait {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// Who has to decide: an expert group, or donors. For an approval, the order that it is about.
    pub whose: Vec<String>,
    /// The day since which the lot waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// The last day on which the decision should be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Whether that day has passed, or a reminder was sent.
    pub is_overdue: bool,
    /// The money that is set aside for the lot, by envelope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub money: Vec<(String, Money)>,
}

/// Lots that wait for a `review`, a `consent` or an `approval`: overdue ones first, then by date and priority.
pub(super) async fn waits(engine: &Engine, awaits: &str) -> Result<Vec<Wait>, StoreError> {
    let coalition = engine.coalition().await?;
    let now = engine.clock.now();
    let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
    let on = |at: Timestamp| at.with_timezone(&zone).date_naive();
    let mut found = Vec::new();
    for lots in engine.store.lots_awaiting(awaits).await?.chunks(super::words::READ as usize) {
        let lines = engine.lines_of(lots).await?;
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            let LotState::Waiting { awaits, until, .. } = lot.state() else { continue };
            let (whose, is_asked_again) = match awaits {
                Awaited::Review { group, .. } => (vec![group.clone()], lot.chased > 0),
                Awaited::Consent { donors } => (donors.clone(), false),
                Awaited::Approval { order } => (vec![order.clone()], false),
                _ => continue,
            };
            found.push(Wait {
                subject: Subject::of(lot, line),
                whose,
                since: lot.since.map(on),
                until: until.map(|end| on(end - TimeDelta::milliseconds(1))),
                is_overdue: is_asked_again || until.is_some_and(|until| until < now),
                money: lot.funding.iter().map(|s| (s.envelope.clone(), s.amount)).collect(),
            });
        }
    }
    found.sort_by_key(|wait| {
        let until = wait.until.unwrap_or(NaiveDate::MAX);
        (!wait.is_overdue, until, wait.subject.priority, wait.subject.lot)
    });
    Ok(found)
}
