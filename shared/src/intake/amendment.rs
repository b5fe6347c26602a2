//! Plans amendments. Lots that are not on order follow a changed line at once and are validated
//! again at its rank. Lots on order need their supplier, and that part of the amendment waits.

use chrono::SubsecRound as _;

use std::collections::BTreeMap;

use super::outcome::Change;
use crate::domain::amendment::{Followed, Following, Needed, Unfollowable, plan};
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::{LotEvent, ReasonCode};
use crate::domain::lot::{Awaited, Lot, LotState, Outcome};
use crate::domain::requisition::Line;
use crate::domain::transition::{Direction, StepResult, TransitionError};
use crate::engine::Engine;
use crate::store::LotChange;

/// The fields in which `new` differs from `old`.
#[must_use]
pub fn difference(old: &Line, new: &Line) -> Vec<Change> {
    let (old, new) = (fields(old), fields(new));
    let mut changes = Vec::new();
    for (field, from) in &old {
        let to = new.get(field).map(text).unwrap_or_default();
        if text(from) != to {
            changes.push(Change { field: field.clone(), from: text(from), to });
        }
    }
    for (field, to) in new.iter().filter(|(field, _)| !old.contains_key(*field)) {
        changes.push(Change { field: field.clone(), from: String::new(), to: text(to) });
    }
    changes
}

/// The line's fields as shown to people.
fn fields(line: &Line) -> serde_json::Map<String, serde_json::Value> {
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(line) else {
        return serde_json::Map::new();
    };
    fields.insert("quantity".to_owned(), line.quantity.to_string().into());
    fields.insert("unit_estimate".to_owned(), line.unit_estimate.to_string().into());
    let priority = format!("class {}, rank {}", line.priority.class, line.priority.rank);
    fields.insert("priority".to_owned(), priority.into());
    if let Some(smallest) = line.smallest_lot {
        fields.insert("smallest_lot".to_owned(), smallest.to_string().into());
    }
    fields
}

pub(super) fn people(line: &Line) -> BTreeMap<String, String> {
    fields(line).iter().map(|(field, value)| (field.clone(), text(value))).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What an amendment changes now, and what others have to do for it.
#[derive(Debug)]
pub(super) struct Amending {
    /// The line for now. Its quantity still includes what others have to agree to give up.
    pub(super) line: Line,
    pub(super) lots: Vec<LotChange>,
    /// Whether lots give money back, so that a round is needed.
    pub(super) gives_back: bool,
    pub(super) needs: Vec<Needed>,
}

/// Why an amendment was not planned.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotAmend {
    /// The amendment contradicts what has been delivered, or what is on order.
    #[error(transparent)]
    Unfollowable(#[from] Unfollowable),
    /// A lot cannot make the transition that the amendment needs.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The line has no part number left for a new lot.
    #[error("{0} cannot be split any further")]
    Full(LineId),
}

/// Plans how `lots`, which are all lots of the line `id`, follow `new`.
pub(super) fn amend(
    engine: &Engine,
    id: LineId,
    lots: &[Lot],
    old: &Line,
    new: &Line,
) -> Result<Amending, CannotAmend> {
    let steps = engine.pipeline().names();
    let plan = plan(lots, old, new, &steps)?;
    let mut line = new.clone();
    line.quantity = plan.quantity;
    let (mut changes, mut gives_back) = (Vec::new(), false);
    for lot in lots {
        let followed = plan.lots.iter().find(|followed| followed.lot == lot.id);
        let is_open = !matches!(lot.state(), LotState::Closed(_));
        let is_ranked = is_open && lot.priority != line.priority;
        match followed {
            Some(followed) => {
                gives_back |= followed.following != Following::Stays && !lot.funding.is_empty();
                changes.push(follow(engine, lot, followed, old, &line)?);
            }
            None if is_ranked => {
                let mut after = lot.clone();
                after.priority = line.priority;
                changes.push(LotChange::new(lot.clone(), after, LotEvent::Ranked));
            }
            None => {}
        }
    }
    if let (Some(quantity), Some(first)) = (plan.new, steps.into_iter().next()) {
        let part = lots.iter().map(|lot| lot.id.part()).max().map_or(0, |last| last + 1);
        let part = LotId::of(id, part).ok_or(CannotAmend::Full(id))?;
        let mut lot = Lot::new(part, quantity, line.priority, first);
        lot.since = Some(engine.clock.now().trunc_subsecs(0));
        lot.pipeline = engine.pipeline_version();
        changes.push(LotChange::created(lot, LotEvent::Submitted));
    }
    Ok(Amending { line, lots: changes, gives_back, needs: plan.needs })
}

/// Plans how one lot follows.
fn follow(
    engine: &Engine,
    lot: &Lot,
    followed: &Followed,
    old: &Line,
    line: &Line,
) -> Result<LotChange, TransitionError> {
    let mut after = lot.clone();
    after.quantity = followed.quantity;
    if !matches!(lot.state(), LotState::Closed(_)) || followed.following == Following::Reopened {
        after.priority = line.priority;
    }
    match followed.following {
        Following::Stays => {
            if followed.keeps_consignee {
                after.consignee = Some(old.consignee.clone());
            }
            let is_lowered = followed.quantity < lot.quantity;
            let kind = if is_lowered { LotEvent::Lowered } else { LotEvent::ConsigneeKept };
            Ok(LotChange::new(lot.clone(), after, kind))
        }
        Following::Anew => {
            anew(&mut after);
            engine.advance(lot.clone(), after, StepResult::Go(Direction::First), LotEvent::Amended)
        }
        Following::Cancelled => {
            anew(&mut after);
            after.because(ReasonCode::Amended, "the quantity of its line was reduced");
            let result = StepResult::Close(Outcome::Cancelled);
            engine.advance(lot.clone(), after, result, LotEvent::Cancelled)
        }
        Following::Reopened => {
            anew(&mut after);
            after.because(ReasonCode::Amended, "its line was amended");
            engine.advance(lot.clone(), after, StepResult::Reopen, LotEvent::Reopened)
        }
        Following::Held => {
            let since = lot.since;
            let (code, reason) = (after.code.clone(), after.reason.clone());
            anew(&mut after);
            let returned = engine
                .advance(lot.clone(), after, StepResult::Go(Direction::First), LotEvent::Amended)?
                .after;
            let wait = StepResult::Wait { awaits: Awaited::Release, until: None };
            let mut held =
                engine.advance(returned.clone(), returned, wait, LotEvent::Amended)?.after;
            (held.since, held.code, held.reason) = (since, code, reason);
            Ok(LotChange::new(lot.clone(), held, LotEvent::Amended))
        }
    }
}

/// Clears money, offer and reason, so that the lot can be validated again.
fn anew(lot: &mut Lot) {
    lot.release();
    lot.chased = 0;
    lot.without_reason();
}
