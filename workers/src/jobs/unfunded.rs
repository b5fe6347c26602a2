//! What happens to lots that a round does not fund, and the reasons they are given.

use std::collections::BTreeSet;

use waybill_shared::domain::kinds::{JobKind, LotEvent, ReasonCode, StepKind};
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
    after.because(ReasonCode::Displaced, format!("on {}: {why}", at.day));
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
    let code =
        if near.iter().any(is_refused) { ReasonCode::OffersRefused } else { ReasonCode::NoOffer };
    let nearest = nearest(&near);
    let is_there = matches!(lot.state().awaits(), Some(Awaited::Offer));
    if is_there && lot.reason_code() == Some(code) && lot.reason.ends_with(&nearest) {
        return Ok(None);
    }
    // Then the last refusal is in the supplier's own words.
    let is_answer = matches!(
        lot.reason_code(),
        Some(ReasonCode::RefusedBySupplier | ReasonCode::FrameworkExhausted)
    );
    let text = match (code, is_answer) {
        (ReasonCode::OffersRefused, true) => {
            format!("every offer for it was refused, the last: {}; {nearest}", lot.reason)
        }
        (ReasonCode::OffersRefused, false) => format!("every offer for it was refused; {nearest}"),
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
    code: ReasonCode,
    text: impl FnOnce() -> String,
) -> Result<Option<ChangeSet>, JobError> {
    if lot.reason_code() == Some(code) && matches!(lot.state().awaits(), Some(Awaited::Funding)) {
        return Ok(None);
    }
    let mut after = lot.clone();
    after.because(code, text());
    let change = at.change(lot, after, funding(), LotEvent::Unfunded)?;
    Ok(Some(ChangeSet::new(JobKind::Round.name(), at.now).lot(change)))
}

/// Whether money could pay for the lot if the offer came through another channel.
pub(super) fn is_kept_by_channel(code: ReasonCode, ask: &Ask) -> bool {
    code == ReasonCode::NoEligibleEnvelope
        && ask.reasons.iter().any(|(_, why)| *why == WhyNot::Channel)
}

/// The stable code of the reason why a lot is not funded.
pub(super) fn code(solution: &Solution, why: &Unfunded) -> ReasonCode {
    match why {
        Unfunded::Money { cut, .. } if solution.cuts[*cut].is_empty() => {
            ReasonCode::NoEligibleEnvelope
        }
        Unfunded::Donors { from, .. } if from.is_empty() => ReasonCode::NoEligibleEnvelope,
        Unfunded::Money { .. } => ReasonCode::MoneyExhausted,
        Unfunded::Donors { .. } => ReasonCode::TooManyDonors,
        Unfunded::RequesterCap { .. } => ReasonCode::RequesterCap,
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
