//! The roadmap: a plan, and if there are changes to try, the difference that they make.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::validation::RULES;
use waybill_shared::engine::Engine;
use waybill_shared::matching::is_movable;
use waybill_shared::matching::plan::Outlook;
use waybill_shared::matching::roadmap::Plan;
use waybill_shared::matching::what_if::{Difference, WhatIf, difference};
use waybill_shared::rounds;
use waybill_shared::store::{LotFilter, StoreError};

use crate::queries::error::QueryError;

/// The number of lots read at once.
const READ: i64 = 10_000;

/// What to plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The first day. Default: today.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The number of quarters, including that of the first day. Default: to the end of the year after next.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 40)]
    pub quarters: Option<u32>,
    /// Changes to try.
    #[serde(default)]
    pub what_if: Vec<WhatIf>,
}

/// A plan, and the difference that the changes make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Planned {
    /// The coalition's name.
    pub coalition: String,
    /// The plan with the changes.
    #[schema(value_type = Object)]
    pub plan: Plan,
    /// The difference from the plan without the changes. Left out if there are no changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub difference: Option<Difference>,
}

/// The largest number of quarters.
const QUARTERS: u32 = 40;

/// Makes the plan.
///
/// # Errors
/// A [`QueryError`] if the changes name something that does not exist, or the store cannot be read.
pub(crate) async fn plan(engine: &Engine, request: PlanRequest) -> Result<Planned, QueryError> {
    let invalid = QueryError::Invalid;
    let coalition = engine.coalition().await?;
    let from = request.from.unwrap_or_else(|| engine.today(&coalition));
    let quarters = request.quarters.unwrap_or_else(|| to_the_year_after_next(from));
    if !(1..=QUARTERS).contains(&quarters) {
        return Err(invalid(format!("{quarters} quarters: a plan has between 1 and {QUARTERS}")));
    }
    let lots = wanting(engine, from).await?;
    let all: Vec<Lot> = lots.iter().map(|(lot, _)| lot.clone()).collect();
    let funds = rounds::funds(engine, &all).await?;
    let rows = engine.store.envelopes().await?;
    let opened: BTreeMap<String, i64> = rows.into_iter().map(|row| (row.id, row.opened)).collect();
    let policy = engine.pipeline().match_donor.clone();
    let name = coalition.settings.as_ref().map_or_else(String::new, |s| s.name.clone());
    let base =
        Outlook { coalition: (*coalition).clone(), opened, funds, lots, policy, from, quarters }
            .renewed();
    let mut changed = base.clone();
    for change in &request.what_if {
        change.apply(&mut changed).map_err(|error| invalid(error.to_string()))?;
    }
    let is_changed = !request.what_if.is_empty();
    // This is a long computation. The caller runs it on a thread of its own.
    let refused = |error: waybill_shared::domain::money::MoneyError| invalid(error.to_string());
    let plan = changed.plan().map_err(refused)?;
    let before = if is_changed { Some(base.plan().map_err(refused)?) } else { None };
    let difference = before.map(|before| difference(&before, &plan));
    Ok(Planned { coalition: name, plan, difference })
}

/// The number of quarters to the end of the year after next.
fn to_the_year_after_next(from: NaiveDate) -> u32 {
    12 - chrono::Datelike::month0(&from) / 3
}

/// Lots that need money on `day`, or will need it once they are validated, with their lines.
async fn wanting(engine: &Engine, day: NaiveDate) -> Result<Vec<(Lot, Line)>, StoreError> {
    let coalition = engine.coalition().await?;
    let mut wanting = rounds::lots(&*engine.store, &coalition, day).await?;
    wanting.retain(|lot| lot.funding.is_empty() || is_movable(&coalition, lot, day));
    let mut after = None;
    loop {
        let step = Some("validate_priority".to_owned());
        let filter = LotFilter { after, step, limit: READ, ..LotFilter::default() };
        let lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        // A lot that a rule sent back is not planned as it is. A reviewer may still pass the others.
        let is_open = |lot: &Lot| match lot.state() {
            LotState::Waiting { awaits: Awaited::Amendment { .. }, .. } => {
                !lot.reason_code().is_some_and(|code| RULES.contains(&code))
            }
            LotState::Ready { .. } | LotState::Waiting { .. } | LotState::RetryAt { .. } => true,
            LotState::Parked { .. } | LotState::Closed(_) => false,
        };
        wanting.extend(lots.into_iter().filter(is_open));
        if is_last {
            break;
        }
    }
    let lines = engine.lines_of(&wanting).await?;
    let line = |lot: Lot| Some((lot.clone(), (**lines.get(&lot.line())?).clone()));
    Ok(wanting.into_iter().filter_map(line).collect())
}
