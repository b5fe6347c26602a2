//! Ordering: chooses the offer, fits the money to its cost, and puts the lot where lots for one
//! order are gathered. The order itself is drawn up when the ordering window ends (see
//! `jobs/gather.rs`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::Quote;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::store::EnvelopeRow;

use crate::funding;
use crate::step::{Progress, Step, StepError};
use crate::windows;

/// How often a supplier that does not respond is chased before its lots are parked.
const CHASES: u32 = 8;

pub struct IssueOrder;

/// The quote by which `lot` is bought: the one it was matched by while that stands, else the best.
fn quote(coalition: &Coalition, lot: &Lot, line: &Line, day: NaiveDate) -> Option<Quote> {
    let matched = lot.offer.as_deref().and_then(|offer| coalition.quote_of(offer, line, day));
    matched.or_else(|| coalition.quotes(line, lot.quantity, day, &lot.refused).into_iter().next())
}

#[async_trait]
impl Step for IssueOrder {
    fn name(&self) -> &'static str {
        StepKind::IssueOrder.name()
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let coalition = engine.coalition().await?;
        let lines = engine.lines_of(&lots).await?;
        let today = engine.today(&coalition);
        let rows = engine.store.envelopes().await?;
        let mut envelopes: BTreeMap<String, EnvelopeRow> =
            rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut done = Vec::with_capacity(lots.len());
        for lot in lots {
            if let LotState::Waiting { awaits, .. } = lot.state().clone() {
                done.push(chased(engine, lot, awaits)?);
                continue;
            }
            // A lot that was parked under its order goes on waiting for the supplier. It must not
            // be ordered again.
            if let Some(order) = lot.order.clone() {
                done.push(followed(engine, lot, order)?);
                continue;
            }
            let line = lines.get(&lot.line());
            let found =
                line.and_then(|line| Some((&**line, quote(&coalition, &lot, line, today)?)));
            let market = (&*coalition, today);
            done.push(gathered(engine, market, lot, found, &mut envelopes)?);
        }
        Ok(done)
    }
}

fn gathered(
    engine: &Engine,
    (coalition, day): (&Coalition, NaiveDate),
    lot: Lot,
    found: Option<(&Line, Quote)>,
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
) -> Result<Progress, StepError> {
    let policy = &engine.pipeline_of(&lot)?.issue_order;
    let Some((line, quote)) = found else {
        return Ok(back(lot, ReasonCode::NoOffer, "no supplier offers it any more".to_owned()));
    };
    let mut after = lot.clone();
    // The surplus was computed for another offer and may not suit what this offer sells.
    if quote.offer.as_ref().map(|offer| &offer.id) != lot.offer.as_ref() {
        after.surplus = quote.surplus(lot.quantity);
    }
    let cost = match quote.cost_of(after.bought()) {
        Ok(cost) => cost,
        Err(error) => return Ok(back(lot, ReasonCode::NoOffer, error.to_string())),
    };
    let tolerance = policy.tolerance_per_mille;
    if let Err(why) = funding::fit(&mut after, cost, tolerance, envelopes, &|_, _| true) {
        return Ok(back(lot, ReasonCode::CostAboveAllocation, why));
    }
    after.offer = quote.offer.as_ref().map(|offer| offer.id.clone());
    let Some(window) = windows::window(engine, coalition, (&after, line), &quote, day)? else {
        return Ok(back(lot, ReasonCode::NoOffer, "no supplier offers it any more".to_owned()));
    };
    after.without_reason();
    let result = StepResult::Wait { awaits: Awaited::Gathering, until: None };
    let mut progress = Progress::new(lot, result, LotEvent::Gathering);
    progress.after = after;
    progress.jobs.push(window);
    Ok(progress)
}

/// Returns the lot's money and sends it back to matching, at its rank.
fn back(lot: Lot, code: ReasonCode, reason: String) -> Progress {
    let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
    let mut progress = Progress::new(lot, result, LotEvent::ReturnedToMatching);
    progress.after.release();
    progress.after.because(code, reason);
    progress
}

/// An ordered lot waits for its supplier, whose response may still come.
fn followed(engine: &Engine, lot: Lot, order: String) -> Result<Progress, StepError> {
    let days = engine.pipeline_of(&lot)?.issue_order.response_days;
    let until = Some(engine.clock.now() + TimeDelta::days(i64::from(days)));
    let result = StepResult::Wait { awaits: Awaited::Response { order }, until };
    let mut progress = Progress::new(lot, result, LotEvent::ResponseAwaited);
    progress.after.chased = 0;
    Ok(progress)
}

/// Chases a supplier that has not responded. After [`CHASES`] times the lot is parked for an
/// operator.
fn chased(engine: &Engine, lot: Lot, awaits: Awaited) -> Result<Progress, StepError> {
    if lot.chased >= CHASES {
        let cause = "a supplier does not respond".to_owned();
        return Ok(Progress::new(lot, StepResult::Park { cause }, LotEvent::Parked));
    }
    let days = engine.pipeline_of(&lot)?.issue_order.response_days;
    let until = Some(engine.clock.now() + TimeDelta::days(i64::from(days)));
    let result = StepResult::Wait { awaits, until };
    let mut progress = Progress::new(lot, result, LotEvent::ResponseChased);
    progress.after.chased += 1;
    progress.after.because(ReasonCode::ResponseOverdue, "the supplier's response is overdue");
    Ok(progress)
}
