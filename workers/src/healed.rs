//! Lots that a rule declined or sent back and that would pass it now, because the rule or the data
//! that it reads has changed. They are proposed to the operator, and continue once somebody reopens
//! their line.

use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::ReasonCode;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::validation::{Finding, RULES, examine};
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotFilter, StoreError};

/// How many lots are read at once.
const READ: i64 = 1000;

/// A lot that would pass now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heal {
    /// The line that has to be reopened.
    pub line: LineId,
    pub external_id: String,
    pub requester: String,
    pub lot: LotId,
    /// Why it was declined or sent back.
    pub was: String,
}

/// The lots that a rule declined or sent back and that would pass it now, ordered by id.
///
/// # Errors
/// [`StoreError`] if lots or lines cannot be read.
pub async fn healed(engine: &Engine) -> Result<Vec<Heal>, StoreError> {
    let counts = engine.store.lot_counts().await?;
    let is_any = |state: &str, awaits: Option<&str>| {
        counts.iter().any(|count| {
            count.state == state && count.awaits.as_deref() == awaits && count.lots > 0
        })
    };
    let (declined, sent_back) = ("declined".to_owned(), "amendment".to_owned());
    let mut filters = Vec::new();
    if is_any("declined", None) {
        filters.push(LotFilter { state: Some(declined), limit: READ, ..LotFilter::default() });
    }
    if is_any("waiting", Some("amendment")) {
        filters.push(LotFilter { awaits: Some(sent_back), limit: READ, ..LotFilter::default() });
    }
    let mut healed = Vec::new();
    for mut filter in filters {
        loop {
            let lots = engine.store.lots(&filter).await?;
            filter.after = lots.last().map(|lot| lot.id);
            passing(engine, &lots, &mut healed).await?;
            if (lots.len() as i64) < READ {
                break;
            }
        }
    }
    healed.sort_by_key(|heal| heal.lot);
    Ok(healed)
}

/// Adds those of `lots` that would pass now to `healed`.
async fn passing(engine: &Engine, lots: &[Lot], healed: &mut Vec<Heal>) -> Result<(), StoreError> {
    let by_rule: Vec<&Lot> = lots.iter().filter(|lot| is_by_rule(lot)).collect();
    if by_rule.is_empty() {
        return Ok(());
    }
    let coalition = engine.coalition().await?;
    let today = engine.today(&coalition);
    // Reopened lots start again under the current rules.
    let policy = &engine.pipeline().validate_priority;
    let lines = engine.lines_of(by_rule.iter().copied()).await?;
    for lot in by_rule {
        let Some(line) = lines.get(&lot.line()) else { continue };
        match examine(&coalition, policy, line, today, None) {
            Finding::Fits | Finding::Review { .. } => healed.push(Heal {
                line: lot.line(),
                external_id: line.external_id.clone(),
                requester: line.requester.clone(),
                lot: lot.id,
                was: lot.reason.clone(),
            }),
            Finding::SentBack { .. } | Finding::Declined(_) => {}
        }
    }
    Ok(())
}

/// Whether a rule, and not a person, stopped `lot`.
fn is_by_rule(lot: &Lot) -> bool {
    let code = match lot.state() {
        LotState::Closed(Outcome::Declined(decline)) => ReasonCode::named(&decline.code),
        LotState::Waiting { awaits: Awaited::Amendment { .. }, .. } => lot.reason_code(),
        LotState::Closed(
            Outcome::Delivered | Outcome::Merged { .. } | Outcome::Cancelled | Outcome::Short,
        )
        | LotState::Ready { .. }
        | LotState::Waiting { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. } => return false,
    };
    code.is_some_and(|code| RULES.contains(&code))
}
