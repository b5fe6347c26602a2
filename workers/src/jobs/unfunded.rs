//! What happens to lots that a round does not fund, and the reasons they are given.

use std::collections::BTreeSet;

use waybill_shared::domain::kinds::{JobKind, LotEvent, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::job::JobError;
use waybill_shared::matching::keeps_away::KeepsAway;
use waybill_shared::matching::near::{Market, NearOffer, nearest};
use waybill_shared::matching::{Ask, Envelope, Problem, Solution, Unfunded, WhyNot};
use waybill_shared::store::ChangeSet;

use super::round::Snapshot;
use crate::wanted;

fn funding() -> StepResult {
    StepResult::Wait { awaits: Awaited::Funding, until: None }
}

fn offer() -> StepResult {
    StepResult::Wait { awaits: Awaited::Offer, until: None }
}

/// Takes a lot's money away because lots ahead of it need it. The lot then waits for other money.
pub(super) fn displaced(at: &Snapshot<'_>, lot: Lot, why: &str) -> Result<ChangeSet, JobError> {
    let mut after = lot.clone();
    after.release();
    after.because("displaced", format!("on {}: {why}", at.day));
    let result = match lot.state() {
        LotState::Waiting { awaits: Awaited::Gathering, .. } => {
            StepResult::Go(Direction::Back(StepKind::MatchDonor))
        }
        _ => funding(),
    };
    let change = at.change(lot, after, result, LotEvent::Displaced)?;
    let mut change_set = ChangeSet::new(JobKind::Round.name(), at.now).lot(change);
    change_set.jobs.push(wanted::round(at.engine));
    Ok(change_set)
}

/// The reason why a lot loses its money, as a text for people.
pub(super) fn shortfall(why: &Unfunded) -> String {
    match why {
        Unfunded::Money { missing, .. } | Unfunded::Donors { missing, .. } => {
            format!("lots ahead need its money and can use no other; {missing} missing")
        }
        Unfunded::RequesterCap { left } => format!("its requester may receive only {left} more"),
    }
}

/// Every offer that fits was asked and refused.
const REFUSED: &str = "offers_refused";

/// No offer is left by which the lot could be bought. The secretariat has to find one, or to remove
/// what rules out the nearest offers. Any new offer makes the lot continue.
pub(super) fn unoffered(
    at: &Snapshot<'_>,
    market: &mut Market<'_>,
    lot: Lot,
    line: &Line,
) -> Result<Option<ChangeSet>, JobError> {
    let near = market.near(&lot, line);
    let is_refused = |near: &NearOffer| {
        let mut barriers = near.keeps_away.iter().filter(|why| why.is_barrier());
        barriers.all(|why| matches!(why, KeepsAway::Refused { .. }))
    };
    let code = if near.iter().any(is_refused) { REFUSED } else { "no_offer" };
    let nearest = nearest(&near);
    let is_there = matches!(lot.state().awaits(), Some(Awaited::Offer));
    if is_there && lot.code == code && lot.reason.ends_with(&nearest) {
        return Ok(None);
    }
    // Then the last refusal is in the supplier's own words.
    let is_answer = ["refused_by_supplier", "framework_exhausted"].contains(&lot.code.as_str());
    let text = match (code, is_answer) {
        (REFUSED, true) => {
            format!("every offer for it was refused, the last: {}; {nearest}", lot.reason)
        }
        (REFUSED, false) => format!("every offer for it was refused; {nearest}"),
        _ => format!("no supplier offers it as requested; {nearest}"),
    };
    let mut after = lot.clone();
    after.because(code, format!("on {}: {text}", at.day));
    let change = at.change(lot, after, offer(), LotEvent::Unoffered)?;
    Ok(Some(ChangeSet::new(JobKind::Round.name(), at.now).lot(change)))
}

/// Makes the lot wait for money. It gets an event only if its reason has changed.
pub(super) fn unfunded(
    at: &Snapshot<'_>,
    lot: Lot,
    code: &str,
    text: impl FnOnce() -> String,
) -> Result<Option<ChangeSet>, JobError> {
    if lot.code == code && matches!(lot.state().awaits(), Some(Awaited::Funding)) {
        return Ok(None);
    }
    let mut after = lot.clone();
    after.because(code, text());
    let change = at.change(lot, after, funding(), LotEvent::Unfunded)?;
    Ok(Some(ChangeSet::new(JobKind::Round.name(), at.now).lot(change)))
}

/// Whether money could pay for the lot if the offer came through another channel.
pub(super) fn is_kept_by_channel(code: &str, ask: &Ask) -> bool {
    code == NO_ENVELOPE && ask.reasons.iter().any(|(_, why)| *why == WhyNot::Channel)
}

/// No money at all may be used for the lot.
const NO_ENVELOPE: &str = "no_eligible_envelope";

/// The stable code of the reason why a lot is not funded.
pub(super) fn code(solution: &Solution, why: &Unfunded) -> &'static str {
    match why {
        Unfunded::Money { cut, .. } if solution.cuts[*cut].is_empty() => NO_ENVELOPE,
        Unfunded::Donors { from, .. } if from.is_empty() => NO_ENVELOPE,
        Unfunded::Money { .. } => "money_exhausted",
        Unfunded::Donors { .. } => "too_many_donors",
        Unfunded::RequesterCap { .. } => "requester_cap",
    }
}

/// The reason why a lot is not funded, as a text for people.
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
            let how = if *is_proven { "" } else { " (the search was not complete)" };
            format!("{missing} missing with at most {most} donors{how}: {reasons}")
        }
        Unfunded::RequesterCap { left } => format!("its requester may receive only {left} more"),
    }
}
