//! Contributions that now state less than is set aside from them. Lots that no order binds yet give
//! their money back, those with the lowest priority first. What is already bound stays an incident
//! until there is enough money again.

use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::kinds::{JobKind, LotEvent, ReasonCode, RecordKind, StepKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::transition::{Direction, StepResult, TransitionError};
use waybill_shared::engine::Engine;
use waybill_shared::incidents::{OVERDRAWN, mended, opened, overrun_envelopes};
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, EnvelopeRow, LotChange};

use crate::terms;
use crate::wanted;

/// Makes `lots` give back `missing` minor units of the envelope `id` that no order binds, beginning
/// with the lowest priority. Returns the changes, and the amount that could not be recovered.
pub(crate) fn given_back(
    engine: &Engine,
    lots: &[Lot],
    id: &str,
    mut missing: i64,
    (code, why): (ReasonCode, &str),
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
        // The lot's order stands. Only the money that was to be added to it goes back.
        if lot.order.is_some() {
            changes.push(terms::asked_anew(engine, lot.clone(), code, why)?);
            continue;
        }
        let mut after = lot.clone();
        after.release();
        after.because(code, why);
        let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
        changes.push(engine.advance(lot.clone(), after, result, LotEvent::ReturnedToMatching)?);
    }
    Ok((changes, missing.max(0)))
}

/// Envelopes of which more is used than is open.
pub(super) async fn envelopes(engine: &Engine) -> Result<Vec<EnvelopeRow>, JobError> {
    let rows = engine.store.envelopes().await?;
    Ok(rows.into_iter().filter(|row| row.used() > row.opened).collect())
}

/// The change sets that make `lots` give back money that is set aside from the envelopes `over` but
/// is not there.
pub(super) fn returned(
    engine: &Engine,
    over: &[EnvelopeRow],
    lots: &[Lot],
) -> Result<Vec<ChangeSet>, JobError> {
    let mut change_sets: Vec<ChangeSet> = Vec::new();
    for row in over {
        let is_taken = |lot: &Lot| {
            change_sets
                .iter()
                .flat_map(|change_set| &change_set.lots)
                .any(|change| change.after.id == lot.id)
        };
        let lots: Vec<Lot> = lots.iter().filter(|lot| !is_taken(lot)).cloned().collect();
        let why = format!(
            "{} states less money than is set aside from it, so this lot is matched again",
            row.id
        );
        let back = |lot: &Lot| -> i64 {
            let own = lot.funding.iter().filter(|share| share.envelope == row.id);
            own.map(|share| share.amount.minor).sum()
        };
        let taken = change_sets
            .iter()
            .flat_map(|change_set| &change_set.lots)
            .filter_map(|change| change.before.as_ref());
        let missing = row.used() - row.opened - taken.map(back).sum::<i64>();
        let (changes, _) =
            given_back(engine, &lots, &row.id, missing, (ReasonCode::MoneyExhausted, &why))
                .map_err(|error| JobError::Invalid(error.to_string()))?;
        if !changes.is_empty() {
            let mut change_set = ChangeSet::new(JobKind::Round.name(), engine.clock.now());
            change_set.lots = changes;
            change_set.jobs.push(wanted::round(engine));
            change_sets.push(change_set);
        }
    }
    Ok(change_sets)
}

/// Opens incidents for contributions of which more is bound than they state, if none is open.
/// Earlier versions did not open them.
pub(super) async fn untold(
    engine: &Engine,
    over: &[EnvelopeRow],
) -> Result<Option<ChangeSet>, JobError> {
    let store = &*engine.store;
    let bound = |row: &EnvelopeRow| row.obligated + row.disbursed + row.expired;
    let mut change_set = ChangeSet::new(JobKind::Round.name(), engine.clock.now());
    if over.is_empty() {
        return Ok(None);
    }
    let paid_beyond = overrun_envelopes(store).await?;
    for row in over.iter().filter(|row| bound(row) > row.committed) {
        let id = format!("{OVERDRAWN}{}", row.id);
        let is_told = store.record(RecordKind::Incident, &id).await?.is_some()
            || paid_beyond.contains(&row.id);
        if is_told {
            continue;
        }
        let cause = format!(
            "{} minor units are stated, but {} are bound, paid or lapsed",
            row.committed,
            bound(row)
        );
        change_set.records.push(opened(store, &id, &cause, vec![row.id.clone()]).await?);
    }
    Ok((!change_set.records.is_empty()).then_some(change_set))
}

/// Closes the incidents of contributions that state enough again.
pub(super) async fn closed(engine: &Engine) -> Result<Option<ChangeSet>, JobError> {
    let mut change_set = ChangeSet::new(JobKind::Round.name(), engine.clock.now());
    change_set.records =
        mended(&*engine.store, OVERDRAWN, "the contribution states enough again").await?;
    if !change_set.records.is_empty() {
        // Read envelopes after the incidents. An incident that is opened meanwhile makes its record
        // stale.
        let over = envelopes(engine).await?;
        let is_over =
            |id: &str| over.iter().any(|row| Some(row.id.as_str()) == id.strip_prefix(OVERDRAWN));
        change_set.records.retain(|record| !is_over(&record.id));
    }
    Ok((!change_set.records.is_empty()).then_some(change_set))
}
