//! Waits of lots for somebody's move: whose, since when, until when.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

use super::Subject;
use crate::arrivals::Orders;

/// A lot that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wait {
    /// The lot.
    #[serde(flatten)]
    pub subject: Subject,
    /// For what: `review`, `consent`, `acceptance`, `approval`, `response`, `delivery`, `payment`.
    pub awaits: String,
    /// Whose move it is.
    pub whose: Vec<String>,
    /// Since which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// The last day on which it should be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Whether it should have been made by now.
    pub is_overdue: bool,
    /// The money that is set aside for it, by envelope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub money: Vec<(String, Money)>,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Waits for these, the overdue first, then by their date and priority.
pub(super) async fn waits(engine: &Engine, wanted: &[&str]) -> Result<Vec<Wait>, StoreError> {
    let coalition = engine.coalition().await?;
    let (now, day) = (engine.clock.now(), engine.today(&coalition));
    let zone = coalition.settings.as_ref().map_or(chrono_tz::UTC, |settings| settings.zone);
    let on = |at: Timestamp| at.with_timezone(&zone).date_naive();
    let mut orders = Orders::default();
    let mut found = Vec::new();
    for awaits in wanted {
        let lots = engine.store.lots_awaiting(awaits).await?;
        for chunk in lots.chunks(super::READ as usize) {
            let lines = engine.lines_of(chunk).await?;
            for lot in chunk {
                let Some(line) = lines.get(&lot.line()) else { continue };
                let LotState::Waiting { awaits, until, .. } = &lot.state else { continue };
                let due = lot.due.filter(|_| matches!(awaits, Awaited::Delivery { .. }));
                // A review that was not given in time is asked for again.
                let is_asked_again = matches!(awaits, Awaited::Review { .. }) && lot.chased > 0;
                found.push(Wait {
                    subject: Subject::of(lot, line),
                    awaits: awaits.name().to_owned(),
                    whose: whose(engine, lot, awaits, &line.requester, &mut orders).await?,
                    since: lot.since.map(on),
                    until: due.or(until.map(|end| on(end - TimeDelta::milliseconds(1)))),
                    is_overdue: is_asked_again
                        || due.is_some_and(|due| due < day)
                        || until.is_some_and(|until| until < now),
                    money: lot.funding.iter().map(|s| (s.envelope.clone(), s.amount)).collect(),
                    reason: lot.reason.clone(),
                });
            }
        }
    }
    found.sort_by_key(|wait| {
        let until = wait.until.unwrap_or(NaiveDate::MAX);
        (!wait.is_overdue, until, wait.subject.priority, wait.subject.lot)
    });
    Ok(found)
}

/// Whose move it is.
async fn whose(
    engine: &Engine,
    lot: &Lot,
    awaits: &Awaited,
    requester: &str,
    orders: &mut Orders,
) -> Result<Vec<String>, StoreError> {
    Ok(match awaits {
        Awaited::Review { .. } if lot.chased > 0 => vec!["lead".to_owned()],
        Awaited::Review { group } => vec![group.clone()],
        Awaited::Consent { donors } => donors.clone(),
        Awaited::Acceptance { .. } => vec![requester.to_owned()],
        Awaited::Response { order } | Awaited::Delivery { order } => {
            orders.supplier(engine, order).await?.map(str::to_owned).into_iter().collect()
        }
        Awaited::Payment { order } => {
            let order = orders.get(engine, order).await?;
            order.map(|order| order.channel.clone()).into_iter().collect()
        }
        Awaited::Approval { .. } => vec!["approver".to_owned()],
        Awaited::Funding => Vec::new(),
        Awaited::Gathering | Awaited::Release => vec!["operator".to_owned()],
    })
}
