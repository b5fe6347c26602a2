//! Before each round, and when an order is drawn up, lots whose money may not be bound any more go
//! back to matching. They keep their rank, and their event says why.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::order::OrderStatus;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::matching::binding::{Unbindable, may_bind};
use waybill_shared::store::{ChangeSet, LotChange};

use crate::orders::StoredOrder;
use crate::wanted;

/// The actor of the events that send lots back.
const ACTOR: &str = "binding";

/// The change sets that send back those of `lots` whose money may not be bound on `day`.
pub(super) async fn returned(
    engine: &Engine,
    coalition: &Coalition,
    day: NaiveDate,
    lots: &[Lot],
) -> Result<Vec<ChangeSet>, JobError> {
    let lines = engine.lines_of(lots).await?;
    let mut change_sets = Vec::new();
    for lot in lots {
        let Some(line) = lines.get(&lot.line()) else { continue };
        change_sets.extend(unbound(engine, coalition, (lot, line), day)?);
    }
    Ok(change_sets)
}

/// The change sets that take back orders which wait for an approval and whose money may not be
/// bound any more on `day`. Nothing of these orders was sent yet. All their lots are matched again.
pub(super) async fn taken_back(
    engine: &Engine,
    coalition: &Coalition,
    day: NaiveDate,
) -> Result<Vec<ChangeSet>, JobError> {
    let lots = engine.store.lots_awaiting("approval").await?;
    let lines = engine.lines_of(&lots).await?;
    let mut orders: BTreeMap<String, Vec<(Lot, Option<Unbindable>)>> = BTreeMap::new();
    for lot in lots {
        let line = lines.get(&lot.line());
        let why = line.and_then(|line| may_bind(coalition, &lot, line, day).err());
        orders.entry(lot.order.clone().unwrap_or_default()).or_default().push((lot, why));
    }
    orders.retain(|_, lots| lots.iter().any(|(_, why)| why.is_some()));
    let mut change_sets = Vec::new();
    for (number, lots) in orders {
        let Some(mut filed) = StoredOrder::read(engine, &number).await? else { continue };
        let mut change_set = ChangeSet::new(ACTOR, engine.clock.now());
        for (lot, why) in lots {
            let (code, reason) = match why {
                Some(why) => (why.why.code(), format!("on {day}: {why}, so {number} is withdrawn")),
                None => (
                    ReasonCode::OrderTakenBack,
                    format!(
                        "{number} is withdrawn: other lots of this order cannot be paid for any \
                         more"
                    ),
                ),
            };
            let mut after = lot.clone();
            after.release();
            after.because(code, reason);
            let back = StepResult::Go(Direction::Back(StepKind::MatchDonor));
            change_set.lots.push(advance(engine, lot, after, back)?);
        }
        change_set
            .records
            .push(filed.becomes(OrderStatus::Cancelled, RecordEvent::OrderCancelled)?);
        change_set.jobs.push(wanted::round(engine));
        change_sets.push(change_set);
    }
    Ok(change_sets)
}

fn advance(
    engine: &Engine,
    lot: Lot,
    after: Lot,
    result: StepResult,
) -> Result<LotChange, JobError> {
    let change = engine.advance(lot, after, result, LotEvent::ReturnedToMatching);
    change.map_err(|error| JobError::Invalid(error.to_string()))
}

/// The change set that sends `lot` back, or `None` if its money may be bound on `day`.
pub(super) fn unbound(
    engine: &Engine,
    coalition: &Coalition,
    (lot, line): (&Lot, &Line),
    day: NaiveDate,
) -> Result<Option<ChangeSet>, JobError> {
    let Err(found) = may_bind(coalition, lot, line, day) else { return Ok(None) };
    let mut after = lot.clone();
    after.release();
    after.because(found.why.code(), format!("on {day}: {found}, so it is matched again"));
    let result = match lot.state() {
        LotState::Waiting { awaits: Awaited::Gathering, .. } => {
            StepResult::Go(Direction::Back(StepKind::MatchDonor))
        }
        _ => StepResult::Wait { awaits: Awaited::Funding, until: None },
    };
    let change = advance(engine, lot.clone(), after, result)?;
    let mut change_set = ChangeSet::new(ACTOR, engine.clock.now()).lot(change);
    change_set.jobs.push(wanted::round(engine));
    Ok(Some(change_set))
}
