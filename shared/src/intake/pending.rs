//! Stores amendments that need others until they are done. The line follows as soon as its lots can.

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

/// The state of an amendment that needs others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PendingState {
    /// Somebody has to do something for it.
    Open,
    /// The line is as requested, or the request has changed.
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub line: LineId,
    /// The id that the requester gave the line.
    pub external_id: String,
    pub requester: String,
    /// The quantity that the requester wants.
    #[serde(with = "crate::domain::quantity::text")]
    pub quantity: Quantity,
    /// What others had to do when the amendment was submitted.
    pub needs: Vec<Needed>,
    /// The name of the file with the amendment.
    pub file: String,
    pub state: PendingState,
}

impl Pending {
    /// Reads the open amendment of `line`, if there is one, and the version of its record (0 if there is no record).
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

    /// Reads a record's body. `None` means that an earlier version of Waybill wrote it.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Reads all open amendments, by line.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn all(engine: &Engine) -> Result<Vec<Self>, StoreError> {
        let records = engine.store.records(RecordKind::Amendment).await?;
        let open = records.iter().filter_map(|record| Self::read(&record.body));
        Ok(open.filter(|pending| pending.state == PendingState::Open).collect())
    }

    /// Plans again what others have to do, because lots may have moved since.
    ///
    /// # Errors
    /// [`Unfollowable`] if what has been delivered since contradicts the amendment.
    pub fn plan(&self, engine: &Engine, lots: &[Lot], line: &Line) -> Result<Plan, Unfollowable> {
        let mut wanted = line.clone();
        wanted.quantity = self.quantity;
        let mut plan = plan(lots, line, &wanted, &engine.pipeline().names())?;
        plan.needs.extend(self.redirects(lots, line));
        Ok(plan)
    }

    /// The lots whose supplier does not know the line's new consignee yet.
    pub(super) fn redirects(&self, lots: &[Lot], line: &Line) -> Vec<Needed> {
        let is_open = |needed: &&Needed| {
            needed.consignee.as_ref() == Some(&line.consignee) && {
                let lot = lots.iter().find(|lot| lot.id == needed.lot);
                lot.is_some_and(|lot| is_to_come(lot) && *lot.consignee(line) != line.consignee)
            }
        };
        self.needs.iter().filter(is_open).cloned().collect()
    }

    /// The change that stores the amendment, if its record still has `version`.
    pub(super) fn file(
        &self,
        version: i64,
        event: RecordEvent,
    ) -> Result<RecordChange, StoreError> {
        let id = self.line.to_string();
        let body = write(RecordKind::Amendment, &id, self)?;
        Ok(RecordChange { kind: RecordKind::Amendment, id, expected: version, body, event })
    }

    /// Ends the amendment.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be serialized.
    pub fn ends(mut self, version: i64, event: RecordEvent) -> Result<RecordChange, StoreError> {
        self.state = PendingState::Done;
        self.file(version, event)
    }
}

/// Whether `lot` is on order and not completely shipped.
fn is_to_come(lot: &Lot) -> bool {
    let is_open = match lot.state() {
        LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Payment { .. }),
        LotState::Ready { .. } | LotState::RetryAt { .. } | LotState::Parked { .. } => true,
        LotState::Closed(_) => false,
    };
    is_open && lot.order.is_some() && lot.shipped < lot.quantity
}

/// Adds what follows from `change_set`: changes of lines whose amendment waited for lots that it frees, and lots of
/// other lines that come back because it ends the lots that carried them.
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

/// Whether a change frees an open lot from its order, its goods in kind or an offer of these.
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
    // The quantity goes down as far as it can. If more was delivered than is wanted, somebody still has to deal with
    // it.
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

/// Replaces changes by `later` changes of the same lots that were decided on top of them.
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
    // A new lot whose quantity became zero is not created at all.
    changes.retain(|change| change.before.is_some() || !change.after.quantity.is_zero());
}

/// The job of a round, because money has become free.
pub(super) fn round(engine: &Engine) -> NewJob {
    NewJob::round(engine.clock.now())
}
