//! Contributions that state less than is set aside of them: lots that no order binds yet give their money
//! back, those of least priority first; what is bound already stays an incident until there is enough again.

use waybill_shared::act::ActError;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::lot::{Lot, StepName};
use waybill_shared::domain::transition::{StepResult, TransitionError};
use waybill_shared::engine::Engine;
use waybill_shared::incidents::{OVERDRAWN, mended};
use waybill_shared::store::{EnvelopeRow, LotChange, Unit};

use super::round;
use crate::steps::match_donor;
use crate::terms;

/// Has `lots`, those of least priority first, give back `missing` minor units of the envelope `id` that no order
/// binds; gives what it cannot have.
pub(crate) fn given_back(
    engine: &Engine,
    lots: &[Lot],
    id: &str,
    mut missing: i64,
    (code, why): (&str, &str),
) -> Result<(Vec<LotChange>, i64), TransitionError> {
    let free = |lot: &Lot| -> i64 {
        let is_free = |state| matches!(state, ShareState::Proposed | ShareState::Agreed);
        let own = lot.funding.iter().filter(|share| share.envelope == id && is_free(share.state));
        own.map(|share| share.amount.minor).sum()
    };
    let mut counting: Vec<&Lot> = lots.iter().filter(|lot| free(lot) > 0).collect();
    counting.sort_by_key(|lot| (lot.priority, lot.id));
    let mut changes = Vec::new();
    while missing > 0
        && let Some(lot) = counting.pop()
    {
        missing -= free(lot);
        // An order stands: only what was to be added to it goes back.
        if lot.order.is_some() {
            changes.push(terms::asked_anew(engine, lot.clone(), code, why)?);
            continue;
        }
        let mut after = lot.clone();
        after.release();
        after.because(code, why);
        let result = StepResult::Back { to: StepName::new(match_donor::NAME) };
        changes.push(engine.advance(lot.clone(), after, result, "lot.returned_to_matching")?);
    }
    Ok((changes, missing.max(0)))
}

/// Envelopes of which more is used than is open.
pub(super) async fn envelopes(engine: &Engine) -> Result<Vec<EnvelopeRow>, ActError> {
    let rows = engine.store.envelopes().await?;
    Ok(rows.into_iter().filter(|row| row.used() > row.opened).collect())
}

/// What has `lots` give back what is set aside of the envelopes `over` and not there.
pub(super) fn returned(
    engine: &Engine,
    over: &[EnvelopeRow],
    lots: &[Lot],
) -> Result<Vec<Unit>, ActError> {
    let mut units: Vec<Unit> = Vec::new();
    for row in over {
        let is_taken = |lot: &Lot| {
            units.iter().flat_map(|unit| &unit.lots).any(|change| change.after.id == lot.id)
        };
        let lots: Vec<Lot> = lots.iter().filter(|lot| !is_taken(lot)).cloned().collect();
        let why = format!("{} states less than is set aside of it, so it is matched again", row.id);
        let missing = row.used() - row.opened;
        let (changes, _) = given_back(engine, &lots, &row.id, missing, ("money_exhausted", &why))
            .map_err(|error| ActError::Invalid(error.to_string()))?;
        if !changes.is_empty() {
            let mut unit = Unit::new(round::KIND, engine.clock.now());
            unit.lots = changes;
            unit.jobs.push(round::wanted(engine));
            units.push(unit);
        }
    }
    Ok(units)
}

/// What closes the incidents of contributions that state enough again.
pub(super) async fn closed(
    engine: &Engine,
    over: &[EnvelopeRow],
) -> Result<Option<Unit>, ActError> {
    let enough = |id: &str| match over.iter().any(|row| row.id == id) {
        true => None,
        false => Some("it states enough again".to_owned()),
    };
    let mut unit = Unit::new(round::KIND, engine.clock.now());
    unit.records = mended(&*engine.store, OVERDRAWN, enough).await?;
    Ok((!unit.records.is_empty()).then_some(unit))
}
