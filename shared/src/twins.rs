//! Lines that ask for the same: which of them carries the need, and what is reopened when that one ends without
//! delivery.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::coalition::Coalition;
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::{LotEvent, ReasonCode};
use crate::domain::lot::{Awaited, Lot, LotState, Outcome};
use crate::domain::requisition::Line;
use crate::domain::transition::{Direction, StepResult};
use crate::domain::validation::{Finding, examine};
use crate::engine::Engine;
use crate::store::{LotChange, LotFilter, StoreError};

/// Lots read at once.
const READ: i64 = 1000;

/// The codes of lots that may wait for a review because of a twin.
const ASKED: [ReasonCode; 2] = [ReasonCode::DuplicateCandidate, ReasonCode::ReviewOverdue];

/// The lot of another line that carries the same need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    pub line: LineId,
    pub lot: LotId,
}

/// A cache of lines that ask for the same as the given lines.
#[derive(Debug)]
pub struct Twins<'a> {
    engine: &'a Engine,
    coalition: &'a Coalition,
    day: NaiveDate,
    alike: HashMap<String, Vec<LineId>>,
    lots: HashMap<LineId, Vec<Lot>>,
}

impl<'a> Twins<'a> {
    /// Reads which lines ask for the same as `lines`.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn of(
        engine: &'a Engine,
        coalition: &'a Coalition,
        lines: impl IntoIterator<Item = &Line>,
    ) -> Result<Self, StoreError> {
        let likenesses = lines.into_iter().map(Line::likeness).collect();
        let mut alike: HashMap<String, Vec<LineId>> = HashMap::new();
        for (id, likeness) in engine.store.lines_alike(likenesses).await? {
            alike.entry(likeness).or_default().push(id);
        }
        let (day, lots) = (engine.today(coalition), HashMap::new());
        Ok(Self { engine, coalition, day, alike, lots })
    }

    /// The lot of another line that carries the need of `line`, whose id is `of`. The lot was delivered, is past
    /// validation, or belongs to an earlier line and will pass validation. Lines in `apart` were declared to be
    /// different and are ignored. `None` if no other line carries the need.
    ///
    /// # Errors
    /// [`StoreError`] if lots cannot be read.
    pub async fn twin(
        &mut self,
        of: LineId,
        line: &Line,
        apart: &[LineId],
    ) -> Result<Option<Twin>, StoreError> {
        let others = self.alike.get(&line.likeness()).cloned().unwrap_or_default();
        for other in others.into_iter().filter(|other| *other != of && !apart.contains(other)) {
            if !self.lots.contains_key(&other) {
                self.lots.insert(other, self.engine.store.lots_of_line(other).await?);
            }
            let lots = &self.lots[&other];
            let carrier = lots.iter().filter(|lot| self.carries(lot, of)).max_by_key(|lot| {
                // Of equal quantities, the first part.
                (lot.quantity, std::cmp::Reverse(lot.id))
            });
            let Some(carrier) = carrier else { continue };
            if self.is_new(carrier) && !self.passes(carrier).await? {
                continue;
            }
            return Ok(Some(Twin { line: other, lot: carrier.id }));
        }
        Ok(None)
    }

    /// Whether `lot` is under way or delivered and so carries the need of `of`. Before its validation it only does if
    /// its line is earlier. It does not if it was declared to be different from `of`.
    fn carries(&self, lot: &Lot, of: LineId) -> bool {
        if lot.apart.contains(&of) {
            return false;
        }
        let is_earlier = lot.line() < of;
        let is_carried = match lot.state() {
            LotState::Closed(Outcome::Delivered) => true,
            LotState::Closed(
                Outcome::Declined(_) | Outcome::Merged { .. } | Outcome::Cancelled | Outcome::Short,
            )
            // Sent back: in its current form nobody asks for it.
            | LotState::Waiting { awaits: Awaited::Amendment { .. }, .. } => false,
            LotState::Ready { .. }
            | LotState::Waiting { .. }
            | LotState::RetryAt { .. }
            | LotState::Parked { .. } => is_earlier || !self.is_first(lot),
        };
        is_carried && !lot.quantity.is_zero()
    }

    fn is_first(&self, lot: &Lot) -> bool {
        let pipeline = self.engine.pipeline_of(lot);
        // A lot of an unknown version was already handled by others, so it is past the first step.
        pipeline.is_ok_and(|known| known.steps.first().map(|step| &step.name) == lot.state().step())
    }

    fn is_new(&self, lot: &Lot) -> bool {
        let is_due = matches!(lot.state(), LotState::Ready { .. } | LotState::RetryAt { .. });
        is_due && self.is_first(lot)
    }

    /// Whether a lot that is about to be validated will pass. This makes the result independent of which of two lots is
    /// validated first.
    async fn passes(&self, lot: &Lot) -> Result<bool, StoreError> {
        let lines = self.engine.lines_of([lot]).await?;
        let Some(line) = lines.get(&lot.line()) else { return Ok(false) };
        let policy = &self.engine.pipeline_of(lot)?.validate_priority;
        Ok(match examine(self.coalition, policy, line, self.day, None) {
            Finding::Fits | Finding::Review { .. } => true,
            Finding::SentBack { .. } | Finding::Declined(_) => false,
        })
    }
}

fn ends_undelivered(change: &LotChange) -> bool {
    let is_end = |state: &LotState| match state {
        LotState::Closed(Outcome::Declined(_) | Outcome::Cancelled) => true,
        LotState::Closed(Outcome::Delivered | Outcome::Merged { .. } | Outcome::Short)
        | LotState::Ready { .. }
        | LotState::Waiting { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. } => false,
    };
    is_end(change.after.state()) && !change.before.as_ref().is_some_and(|lot| is_end(lot.state()))
}

/// Whether a change sends a lot back to its requester. In its current form nobody asks for it then.
fn is_sent_back(change: &LotChange) -> bool {
    let is_there = |lot: &Lot| matches!(lot.state().awaits(), Some(Awaited::Amendment { .. }));
    is_there(&change.after) && !change.before.as_ref().is_some_and(is_there)
}

/// The lots that return when `changes` end lots without delivery. Lots that were merged into these are reopened. Lots
/// that wait for a review as their twins are validated again. So a need that another line carried is not lost.
///
/// # Errors
/// [`StoreError`] if lots cannot be read.
pub async fn forsaken(
    engine: &Engine,
    changes: &[LotChange],
) -> Result<Vec<LotChange>, StoreError> {
    let ended: HashMap<LotId, &Lot> = changes
        .iter()
        .filter(|change| ends_undelivered(change))
        .map(|change| (change.after.id, &change.after))
        .collect();
    let stopped: HashMap<LotId, &Lot> = changes
        .iter()
        .filter(|change| ends_undelivered(change) || is_sent_back(change))
        .map(|change| (change.after.id, &change.after))
        .collect();
    if stopped.is_empty() {
        return Ok(Vec::new());
    }
    let changed: HashSet<LotId> = changes.iter().map(|change| change.after.id).collect();
    let mut back: Vec<LotChange> = Vec::new();
    let merged = merged_into(engine, &ended).await?;
    let lines = engine.lines_of(merged.iter().map(|(lot, _)| lot)).await?;
    for (lot, carrier) in merged {
        let Some(line) = lines.get(&lot.line()).filter(|_| !changed.contains(&lot.id)) else {
            continue;
        };
        let state = carrier.state().name();
        let reason = format!("{}, which carried it, has ended: {state}", carrier.id);
        back.extend(reopen(engine, &lot, line, ReasonCode::CarrierEnded, reason));
    }
    for lot in asked_as_twins(engine, changes, &stopped).await? {
        if changed.contains(&lot.id) || back.iter().any(|change| change.after.id == lot.id) {
            continue;
        }
        let mut after = lot.clone();
        after.chased = 0;
        after.because(
            ReasonCode::TwinEnded,
            "the line with the same request is not under way any more",
        );
        let result = StepResult::Go(Direction::First);
        back.extend(engine.advance(lot, after, result, LotEvent::Revalidated).ok());
    }
    Ok(back)
}

/// Restarts `lot` under the current rules and with its line's priority; `None` if it was neither declined nor merged.
#[must_use]
pub fn reopen(
    engine: &Engine,
    lot: &Lot,
    line: &Line,
    code: ReasonCode,
    reason: String,
) -> Option<LotChange> {
    let mut after = lot.clone();
    after.priority = line.priority;
    after.chased = 0;
    after.because(code, reason);
    engine.advance(lot.clone(), after, StepResult::Reopen, LotEvent::Reopened).ok()
}

/// The lots of other lines that were merged into one of `ended`, each with the one that ended. Merges within a line are
/// followed.
async fn merged_into<'a>(
    engine: &Engine,
    ended: &HashMap<LotId, &'a Lot>,
) -> Result<Vec<(Lot, &'a Lot)>, StoreError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let counts = engine.store.lot_counts().await?;
    if !counts.iter().any(|count| count.state == "merged" && count.lots > 0) {
        return Ok(Vec::new());
    }
    let mut filter =
        LotFilter { state: Some("merged".to_owned()), limit: READ, ..LotFilter::default() };
    let (mut merged, mut within): (Vec<Lot>, HashMap<LotId, LotId>) = Default::default();
    loop {
        let lots = engine.store.lots(&filter).await?;
        filter.after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        for lot in lots {
            let LotState::Closed(Outcome::Merged { into }) = lot.state() else { continue };
            if into.line() == lot.line() {
                within.insert(lot.id, *into);
            } else {
                merged.push(lot);
            }
        }
        if is_last {
            break;
        }
    }
    let carrier = |lot: &Lot| {
        let LotState::Closed(Outcome::Merged { into }) = lot.state() else { return None };
        let mut into = *into;
        // A lot that was merged within its line is carried by another part.
        let mut seen = HashSet::new();
        while let Some(next) = within.get(&into).filter(|_| seen.insert(into)) {
            if ended.contains_key(&into) {
                break;
            }
            into = *next;
        }
        ended.get(&into).copied()
    };
    let found = merged.into_iter().filter_map(|lot| carrier(&lot).map(|carrier| (lot, carrier)));
    Ok(found.collect())
}

/// Lots that wait for a review because of a line of which nothing is under way any more.
async fn asked_as_twins(
    engine: &Engine,
    changes: &[LotChange],
    ended: &HashMap<LotId, &Lot>,
) -> Result<Vec<Lot>, StoreError> {
    let counts = engine.store.lot_counts().await?;
    if !counts.iter().any(|count| count.awaits.as_deref() == Some("review") && count.lots > 0) {
        return Ok(Vec::new());
    }
    let lines: HashMap<LineId, Arc<Line>> = engine.lines_of(ended.values().copied()).await?;
    let likenesses = lines.values().map(|line| line.likeness()).collect();
    let of: HashMap<String, LineId> =
        lines.iter().map(|(id, line)| (line.likeness(), *id)).collect();
    let mut found = Vec::new();
    for (other, likeness) in engine.store.lines_alike(likenesses).await? {
        let Some(line) = of.get(&likeness).filter(|line| **line != other) else { continue };
        let lots = engine.store.lots_of_line(other).await?;
        let waits = |lot: &Lot| {
            matches!(lot.state().awaits(), Some(Awaited::Review { .. }))
                && lot.reason_code().is_some_and(|code| ASKED.contains(&code))
        };
        let waiting: Vec<Lot> = lots.into_iter().filter(waits).collect();
        if !waiting.is_empty() && !is_under_way(engine, *line, changes).await? {
            found.extend(waiting);
        }
    }
    Ok(found)
}

/// Whether anything of `line` is under way or delivered, given `changes`.
async fn is_under_way(
    engine: &Engine,
    line: LineId,
    changes: &[LotChange],
) -> Result<bool, StoreError> {
    let mut lots: HashMap<LotId, Lot> =
        engine.store.lots_of_line(line).await?.into_iter().map(|lot| (lot.id, lot)).collect();
    for change in changes.iter().filter(|change| change.after.line() == line) {
        lots.insert(change.after.id, change.after.clone());
    }
    let lives = |lot: &Lot| match lot.state() {
        LotState::Closed(Outcome::Delivered) => true,
        LotState::Closed(
            Outcome::Declined(_) | Outcome::Cancelled | Outcome::Merged { .. } | Outcome::Short,
        )
        | LotState::Waiting { awaits: Awaited::Amendment { .. }, .. } => false,
        LotState::Ready { .. }
        | LotState::Waiting { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. } => true,
    };
    Ok(lots.values().any(|lot| !lot.quantity.is_zero() && lives(lot)))
}
