//! Amendments: lots that are not ordered yet take them and are validated again at their rank; what
//! is ordered needs an order change.

use std::collections::BTreeMap;

use super::outcome::Change;
use crate::domain::lot::{Awaited, Lot, LotState, Outcome};
use crate::domain::quantity::Quantity;
use crate::domain::requisition::Line;
use crate::domain::transition::StepResult;
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

/// The line's fields as people read them.
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

/// The same, by field, as people read them.
pub(super) fn people(line: &Line) -> BTreeMap<String, String> {
    fields(line).iter().map(|(field, value)| (field.clone(), text(value))).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a lot can still take an amendment.
fn is_open(lot: &Lot) -> bool {
    let is_free = lot.order.is_none() && lot.in_kind.is_none();
    is_free
        && match &lot.state {
            LotState::Ready { .. } | LotState::RetryAt { .. } => true,
            LotState::Waiting { awaits, .. } => !matches!(awaits, Awaited::Release),
            LotState::Parked { .. } | LotState::Closed(_) => false,
        }
}

/// The changes by which the lots of a line follow `line`, and whether money is given back by them;
/// none if what is ordered or closed already exceeds it.
pub(super) fn amend(engine: &Engine, lots: &[Lot], line: &Line) -> Option<(Vec<LotChange>, bool)> {
    let (open, fixed): (Vec<&Lot>, Vec<&Lot>) = lots.iter().partition(|lot| is_open(lot));
    let fixed: Quantity = fixed.iter().map(|lot| lot.quantity).sum();
    if open.is_empty() || line.quantity.0 <= fixed.0 {
        return None;
    }
    let mut left = line.quantity.0 - fixed.0;
    let mut changes = Vec::new();
    let mut gives_back = false;
    for (i, lot) in open.iter().enumerate() {
        let is_last = i + 1 == open.len();
        let quantity = if is_last { left } else { left.min(lot.quantity.0) };
        left -= quantity;
        let mut after = (*lot).clone();
        gives_back |= !after.funding.is_empty();
        after.release();
        after.quantity = Quantity(quantity);
        after.priority = line.priority;
        after.chased = 0;
        after.because("", "");
        let first = engine.pipeline_of(lot).names().into_iter().next()?;
        let (result, kind) = if quantity == 0 {
            (StepResult::Close(Outcome::Cancelled), "lot.cancelled")
        } else {
            (StepResult::Back { to: first }, "lot.amended")
        };
        changes.push(engine.advance((*lot).clone(), after, result, kind).ok()?);
    }
    Some((changes, gives_back))
}
