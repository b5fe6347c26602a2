//! When ordering windows end: before the first day on which anything in them could no longer be
//! ordered, or not in time.

use chrono::{NaiveDate, TimeDelta};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::Quote;
use waybill_shared::domain::transition::UnknownVersion;
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::matching::binding::last_day;
use waybill_shared::openings::start_of;
use waybill_shared::store::NewJob;

use crate::wanted::gathering_key;

/// The moment by which `lot` has to be ordered, less the pipeline's margin. `None` if there is no
/// last day.
fn deadline(
    engine: &Engine,
    coalition: &Coalition,
    (lot, line): (&Lot, &Line),
    quote: &Quote,
    day: NaiveDate,
) -> Result<Option<Timestamp>, UnknownVersion> {
    let margin = TimeDelta::seconds(i64::from(engine.pipeline_of(lot)?.issue_order.margin_s));
    let offer = quote.offer.as_ref();
    let last = offer.and_then(|offer| last_day(coalition, lot, line, offer, day));
    let end = last.and_then(|last| last.succ_opt());
    Ok(end.and_then(|end| start_of(end, coalition.zone()).checked_sub_signed(margin)))
}

/// The job that ends the window of a lot that is gathered from now on.
pub(crate) fn window(
    engine: &Engine,
    coalition: &Coalition,
    (lot, line): (&Lot, &Line),
    quote: &Quote,
    day: NaiveDate,
) -> Result<Option<NewJob>, UnknownVersion> {
    let now = engine.clock.now();
    let longest = TimeDelta::seconds(i64::from(engine.pipeline_of(lot)?.issue_order.gather_s));
    let deadline = deadline(engine, coalition, (lot, line), quote, day)?;
    let due = deadline.map_or(now + longest, |deadline| deadline.clamp(now, now + longest));
    let job = |key| NewJob { kind: JobKind::Gather, key, due, body: String::new() };
    Ok(gathering_key(quote).map(job))
}

/// Jobs for windows that have to end sooner than expected when their lots entered them, because a
/// role, an offer or money has ended since.
pub(super) async fn brought_forward(
    engine: &Engine,
    coalition: &Coalition,
    day: NaiveDate,
    held: &[Lot],
) -> Result<Vec<NewJob>, JobError> {
    let is_gathered =
        |lot: &&Lot| matches!(lot.state(), LotState::Waiting { awaits: Awaited::Gathering, .. });
    let lots: Vec<&Lot> = held.iter().filter(is_gathered).collect();
    let lines = engine.lines_of(lots.iter().copied()).await?;
    let mut jobs: Vec<NewJob> = Vec::new();
    for lot in lots {
        let Some(line) = lines.get(&lot.line()) else { continue };
        let offer = lot.offer.as_deref();
        let Some(quote) = offer.and_then(|offer| coalition.quote_of(offer, line, day)) else {
            continue;
        };
        let Some(due) = deadline(engine, coalition, (lot, line), &quote, day)? else { continue };
        let longest = TimeDelta::seconds(i64::from(engine.pipeline_of(lot)?.issue_order.gather_s));
        let end = lot.since.map(|since| since + longest);
        let Some(key) = gathering_key(&quote).filter(|_| end.is_none_or(|end| due < end)) else {
            continue;
        };
        let due = due.max(engine.clock.now());
        match jobs.iter_mut().find(|job| job.key == key) {
            Some(job) => job.due = job.due.min(due),
            None => jobs.push(NewJob { kind: JobKind::Gather, key, due, body: String::new() }),
        }
    }
    Ok(jobs)
}
