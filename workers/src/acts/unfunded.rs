//! What becomes of lots that a round does not fund, and what they are told.

use std::collections::BTreeSet;

use waybill_shared::act::ActError;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, StepName};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::matching::{Ask, Envelope, Problem, Solution, Unfunded, WhyNot};
use waybill_shared::store::Unit;

use super::round::{KIND, Snapshot, wanted};
use crate::steps::match_donor;

fn funding() -> StepResult {
    StepResult::Wait { awaits: Awaited::Funding, until: None }
}

/// A lot loses its money to lots ahead of it, and waits for other money.
pub(super) fn displaced(at: &Snapshot<'_>, lot: Lot, why: &str) -> Result<Unit, ActError> {
    let mut after = lot.clone();
    after.release();
    after.because("displaced", format!("on {}: {why}", at.day));
    let result = match &lot.state {
        LotState::Waiting { awaits: Awaited::Gathering, .. } => {
            StepResult::Back { to: StepName::new(match_donor::NAME) }
        }
        _ => funding(),
    };
    let change = at.change(lot, after, result, "lot.displaced")?;
    let mut unit = Unit::new(KIND, at.now).lot(change);
    unit.jobs.push(wanted(at.engine));
    Ok(unit)
}

/// What a lot that loses its money is told.
pub(super) fn shortfall(why: &Unfunded) -> String {
    match why {
        Unfunded::Money { missing, .. } | Unfunded::Donors { missing, .. } => {
            format!("its money is needed by lots ahead that can use no other; {missing} missing")
        }
        Unfunded::RequesterCap { left } => format!("its requester may have {left} more"),
    }
}

/// Nothing is left by which the lot could be bought. A new offer, of whomever, brings it on.
pub(super) fn unoffered(
    at: &Snapshot<'_>,
    lot: Lot,
    line: &Line,
) -> Result<Option<Unit>, ActError> {
    if at.coalition.quotes(line, lot.quantity, at.day, &[]).is_empty() {
        return unfunded(at, lot, "no_offer", || "no supplier offers it".to_owned());
    }
    let text = format!("every offer of it was refused, the last: {}", lot.reason);
    unfunded(at, lot, "offers_refused", || text)
}

/// The lot waits on; it gets an event only when its reason has changed.
pub(super) fn unfunded(
    at: &Snapshot<'_>,
    lot: Lot,
    code: &str,
    text: impl FnOnce() -> String,
) -> Result<Option<Unit>, ActError> {
    if lot.code == code {
        return Ok(None);
    }
    let mut after = lot.clone();
    after.because(code, text());
    let change = at.change(lot, after, funding(), "lot.unfunded")?;
    Ok(Some(Unit::new(KIND, at.now).lot(change)))
}

/// The stable code of why a lot is not funded.
pub(super) fn code(solution: &Solution, why: &Unfunded) -> &'static str {
    match why {
        Unfunded::Money { cut, .. } if solution.cuts[*cut].is_empty() => "no_eligible_envelope",
        Unfunded::Donors { from, .. } if from.is_empty() => "no_eligible_envelope",
        Unfunded::Money { .. } => "money_exhausted",
        Unfunded::Donors { .. } => "too_many_donors",
        Unfunded::RequesterCap { .. } => "requester_cap",
    }
}

/// Why a lot is not funded, for people.
pub(super) fn explain(problem: &Problem, solution: &Solution, ask: &Ask, why: &Unfunded) -> String {
    let named: BTreeSet<&str> = ask.reasons.iter().map(|(id, _)| id.as_str()).collect();
    let left = |(envelope, spent): (&Envelope, &i64)| {
        let left = Money::new(envelope.available - spent, envelope.currency);
        (envelope.id.clone(), WhyNot::Exhausted { left })
    };
    let usable = problem.envelopes.iter().zip(&solution.spent);
    let usable = usable.filter(|(envelope, _)| !named.contains(envelope.id.as_str())).map(left);
    let mut reasons: Vec<(String, WhyNot)> = ask.reasons.iter().cloned().chain(usable).collect();
    reasons.sort_by(|(one, _), (other, _)| one.cmp(other));
    let reasons: Vec<String> = reasons.iter().map(|(id, why)| format!("{id} {why}")).collect();
    let reasons = reasons.join("; ");
    match why {
        Unfunded::Money { missing, .. } => format!("{missing} missing: {reasons}"),
        Unfunded::Donors { missing, is_proven, .. } => {
            let most = problem.policy.max_donors.unwrap_or_default();
            let how = if *is_proven { "" } else { ", as far as was looked" };
            format!("{missing} missing of {most} donors together{how}: {reasons}")
        }
        Unfunded::RequesterCap { left } => format!("its requester may have {left} more"),
    }
}
