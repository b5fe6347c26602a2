//! Amendments that need others: what they wait for is kept with the line until it is done, and the
//! line follows as soon as its lots can.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::amendment::{Amending, amend};
use crate::domain::amendment::{Needed, Plan, Unfollowable, come, plan};
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::domain::lot::{Awaited, Lot, LotState};
use crate::domain::quantity::Quantity;
use crate::domain::requisition::Line;
use crate::engine::Engine;
use crate::store::body::write;
use crate::store::{ChangeSet, LineChange, LotChange, NewJob, RecordChange, StoreError};
use crate::twins::forsaken;

/// How far an amendment is that needs others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PendingState {
    /// Somebody has to do something for it.
    Open,
    /// The line is as it was wanted, or something else is wanted.
    Done,
}

/// An amendment that needs others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The line.
    pub line: LineId,
    /// The id its requester gave it.
    pub external_id: String,
    /// Whose it is.
    pub requester: String,
    /// The quantity that is wanted.
    #[serde(with = "crate::domain::quantity::text")]
    pub quantity: Quantity,
    /// What others had to do when it was handed in.
    pub needs: Vec<Needed>,
    /// Where it came from.
    pub file: String,
    /// How far it is.
    pub state: PendingState,
}

impl Pending {
    /// The open amendment of `line`, with the version of its record; that is 0 if there was none, and no
    /// amendment if it is done.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn of(engine: &Engine, line: LineId) -> Result<(i64, Option<Self>), StoreError> {
        let Some(record) = engine.store.record(RecordKind::Amendment, &line.to_string()).await?
        else {
            return Ok((0, None));
        };
        let open = Self::read(&record.body).filter(|pending| pending.state == PendingState::Open);
        Ok((record.version, open))
    }

    /// What a record holds; none: an earlier version of Waybill wrote it.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Every open one, by line.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn all(engine: &Engine) -> Result<Vec<Self>, StoreError> {
        let records = engine.store.records(RecordKind::Amendment).await?;
        let open = records.iter().filter_map(|record| Self::read(&record.body));
        Ok(open.filter(|pending| pending.state == PendingState::Open).collect())
    }

    /// What others have to do for it as things are: its lots may have moved meanwhile.
    ///
    /// # Errors
    /// [`Unfollowable`] if what has come meanwhile contradicts it.
    pub fn plan(&self, engine: &Engine, lots: &[Lot], line: &Line) -> Result<Plan, Unfollowable> {
        let mut wanted = line.clone();
        wanted.quantity = self.quantity;
        let mut plan = plan(lots, line, &wanted, &engine.pipeline().names())?;
        plan.needs.extend(self.redirects(lots, line));
        Ok(plan)
    }

    /// The lots whose supplier has not been told of the line's other consignee yet.
    pub(super) fn redirects(&self, lots: &[Lot], line: &Line) -> Vec<Needed> {
        let is_open = |needed: &&Needed| {
            needed.consignee.as_ref() == Some(&line.consignee) && {
                let lot = lots.iter().find(|lot| lot.id == needed.lot);
                lot.is_some_and(|lot| is_to_come(lot) && *lot.consignee(line) != line.consignee)
            }
        };
        self.needs.iter().filter(is_open).cloned().collect()
    }

    /// It as it is filed at `version`.
    pub(super) fn file(
        &self,
        version: i64,
        event: RecordEvent,
    ) -> Result<RecordChange, StoreError> {
        let id = self.line.to_string();
        let body = write(RecordKind::Amendment, &id, self)?;
        Ok(RecordChange { kind: RecordKind::Amendment, id, expected: version, body, event })
    }

    /// Nothing is wanted of it any more.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written down.
    pub fn ends(mut self, version: i64, event: RecordEvent) -> Result<RecordChange, StoreError> {
        self.state = PendingState::Done;
        self.file(version, event)
    }
}

/// Whether `lot` is on order and some of it is to come.
fn is_to_come(lot: &Lot) -> bool {
    let is_open = match lot.state() {
        LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
        LotState::Closed(_) => false,
    };
    is_open && lot.order.is_some() && lot.shipped < lot.quantity
}

/// Adds what follows from `change set`: lines whose amendment waited for lots that it frees, and lots of other
/// lines that come back because it ends what carried them.
///
/// # Errors
/// [`StoreError`] if lines or lots cannot be read.
pub async fn follow(engine: &Engine, change_set: &mut ChangeSet) -> Result<(), StoreError> {
    let freed: BTreeSet<LineId> = change_set
        .lots
        .iter()
        .filter(|change| frees(change))
        .map(|change| change.after.line())
        .collect();
    for line in freed {
        if change_set.lines.iter().all(|change| change.id() != line) {
            follow_line(engine, change_set, line).await?;
        }
    }
    let back = forsaken(engine, &change_set.lots).await?;
    change_set.lots.extend(back);
    Ok(())
}

/// Whether a change leaves a lot in nobody's hands that was in others'.
fn frees(change: &LotChange) -> bool {
    let is_free = |lot: &Lot| {
        let is_offered = matches!(lot.state().awaits(), Some(Awaited::Acceptance { .. }));
        lot.order.is_none() && lot.in_kind.is_none() && !is_offered
    };
    let is_open = !matches!(change.after.state(), LotState::Closed(_));
    is_open && is_free(&change.after) && change.before.as_ref().is_none_or(|lot| !is_free(lot))
}

async fn follow_line(
    engine: &Engine,
    change_set: &mut ChangeSet,
    id: LineId,
) -> Result<(), StoreError> {
    let (version, Some(pending)) = Pending::of(engine, id).await? else { return Ok(()) };
    let Some((_, stored)) = engine.store.lines(&[id]).await?.pop() else { return Ok(()) };
    let mut lots: Vec<Lot> = engine.store.lots_of_line(id).await?;
    for change in change_set.lots.iter().filter(|change| change.after.line() == id) {
        match lots.iter_mut().find(|lot| lot.id == change.after.id) {
            Some(lot) => *lot = change.after.clone(),
            None => lots.push(change.after.clone()),
        }
    }
    let mut wanted = stored.line.clone();
    // It goes down as far as it can; that more has come than was wanted stays somebody's task.
    let (delivered, on_way) = come(&lots);
    wanted.quantity = pending.quantity.max(Quantity(delivered.0 + on_way.0));
    let Ok(amending) = amend(engine, id, &lots, &stored.line, &wanted) else { return Ok(()) };
    if amending.line.quantity == stored.line.quantity {
        return Ok(());
    }
    let Amending { line, lots: changes, gives_back, needs } = amending;
    merge(&mut change_set.lots, changes);
    change_set.lines.push(LineChange::commanded(id, &stored, line));
    if gives_back {
        change_set.jobs.push(round(engine));
    }
    let has_redirects = pending.needs.iter().any(|needed| needed.consignee.is_some());
    if needs.is_empty() && !has_redirects && wanted.quantity == pending.quantity {
        change_set.records.push(pending.ends(version, RecordEvent::LineAmendmentDone)?);
    }
    Ok(())
}

/// Puts `later` changes of the same lots in the place of those that they were decided on.
fn merge(changes: &mut Vec<LotChange>, later: Vec<LotChange>) {
    let places: HashMap<LotId, usize> =
        changes.iter().enumerate().map(|(place, change)| (change.after.id, place)).collect();
    for change in later {
        match places.get(&change.after.id) {
            Some(place) => {
                let earlier = &mut changes[*place];
                let version = earlier.after.version;
                earlier.after = change.after;
                earlier.after.version = version;
                earlier.kind = change.kind;
            }
            None => changes.push(change),
        }
    }
    // What was to become a lot of its own, and is not wanted, never was one.
    changes.retain(|change| change.before.is_some() || !change.after.quantity.is_zero());
}

/// A round is wanted: money is free.
pub(super) fn round(engine: &Engine) -> NewJob {
    NewJob::round(engine.clock.now())
}
